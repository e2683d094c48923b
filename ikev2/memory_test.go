package ikev2

import (
	"runtime"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// heap is how much of the heap n sessions hold, in octets each.
func heap(n int, make func(i int) *Session) int {
	keep := []*Session{}
	var before, after runtime.MemStats
	keep = append(keep, make(0)) // what is made once
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		keep = append(keep, make(i+1))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return int(after.HeapAlloc-before.HeapAlloc) / n
}

func drain(s *Session) {
	for _, ok := s.Poll(); ok; _, ok = s.Poll() {
	}
}

// A stranger costs at most 2 KB until it proves who it is.
func TestHalfOpenMemory(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	d := p.r1.next()
	d.Local, d.Remote = d.Remote, d.Local
	got := heap(200, func(i int) *Session {
		d.Data[6], d.Data[7] = byte(i>>8), byte(i)
		s, err := Respond(p.now, p.r2.env, 1, d)
		if err != nil {
			t.Fatal(err)
		}
		drain(s)
		return s
	})
	t.Logf("%d octets", got)
	if got > 2048 {
		t.Errorf("a half-open SA holds %d octets", got)
	}
}

// An established IKE SA with a child holds at most 6 KB with a pre-shared key, and
// 8 KB with certificates.
func TestEstablishedMemory(t *testing.T) {
	for what, c := range map[string]struct {
		pair  *pairOf
		limit int
	}{
		"pre-shared":   {pskPair(t), 6 << 10},
		"certificates": {fragmentPair(t, "", ""), 8 << 10},
	} {
		for _, end := range []string{"initiator", "responder"} {
			p := c.pair
			got := heap(50, func(int) *Session {
				p.r1.session, p.r2.session = nil, nil
				p.up1(t)
				kept, other := p.r1, p.r2
				if end == "responder" {
					kept, other = other, kept
				}
				s := kept.session
				for _, r := range []*party{kept, other} {
					r.session, r.events, r.orders = nil, nil, nil
					clear(r.sas)
				}
				return s
			})
			t.Logf("%s, %s: %d octets", what, end, got)
			if got > c.limit {
				t.Errorf("%s, %s: %d octets", what, end, got)
			}
		}
	}
}

// up1 is up without a look at what stands.
func (p *pairOf) up1(t *testing.T) {
	p.initiate(p.r1)
	p.settle()
	if _, ok := last[ike.ChildUp](p.r2); !ok {
		t.Fatal("not up")
	}
}
