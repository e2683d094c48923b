package engine

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
)

var start = time.Date(2013, 6, 20, 13, 0, 0, 0, time.UTC)

// The heap against a plain search, over random changes.
func TestDeadlines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d deadlines
	var all []*entry
	for i := range 50 {
		all = append(all, &entry{serial: uint32(i), place: -1})
	}
	for range 2000 {
		x := all[rng.IntN(len(all))]
		var when time.Time
		if rng.IntN(4) > 0 {
			when = start.Add(time.Duration(rng.IntN(60)) * time.Second)
		}
		d.set(x, when)

		var first time.Time
		now := start.Add(time.Duration(rng.IntN(60)) * time.Second)
		due := 0
		for _, x := range all {
			if x.deadline.IsZero() {
				continue
			}
			if first.IsZero() || x.deadline.Before(first) {
				first = x.deadline
			}
			if !x.deadline.After(now) {
				due++
			}
		}
		if next := d.next(); (next == nil) != first.IsZero() || next != nil && !next.deadline.Equal(first) {
			t.Fatalf("next %v, want %v", next, first)
		}
		list := d.due(now)
		if len(list) != due {
			t.Fatalf("%d due, want %d", len(list), due)
		}
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			if b.deadline.Before(a.deadline) || b.deadline.Equal(a.deadline) && b.serial < a.serial {
				t.Fatal("due out of order")
			}
		}
	}
}

func TestHalfOpen(t *testing.T) {
	c := policy.ISAKMP{HalfOpenTotal: 3, HalfOpenPerPeer: 2}
	a, b, other := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2"), netip.MustParseAddr("203.0.113.3")
	h := newHalfOpen()
	refused := func(peer netip.Addr, want string) {
		t.Helper()
		if what := h.refuses(&c, peer).what; what != want {
			t.Errorf("%v refused %q, want %q", peer, what, want)
		}
	}
	a1, a2, b1 := &entry{remote: a}, &entry{remote: a}, &entry{remote: b}
	h.count(a1, true, true)
	h.count(a1, true, true) // told twice, counted once
	refused(a, "")
	h.count(a2, true, true)
	refused(a, "of one address")
	refused(b, "")
	h.count(b1, true, true)
	refused(other, "in all")
	h.count(a1, false, false)
	refused(a, "")
	h.count(a2, false, false)
	h.count(b1, false, false)
	if h.total != 0 || len(h.peers) != 0 {
		t.Errorf("left: %+v", h)
	}
}

func TestMute(t *testing.T) {
	m := mute{}
	passed := func(at time.Time, kind string, n int) (passed int) {
		for range n {
			if m.pass(at, kind) {
				passed++
			}
		}
		return passed
	}
	if n := passed(start, "a", 100); n != muteAfter {
		t.Errorf("%d of 100 passed", n)
	}
	if n := passed(start, "b", 3); n != 3 {
		t.Errorf("another kind: %d of 3 passed", n)
	}
	if n := passed(start.Add(muteStretch), "a", 100); n != muteAfter {
		t.Errorf("later %d of 100 passed", n)
	}
}

// AG2 comes in the clear: whoever answers in the peer's place may have HASH after
// HASH refused.
func TestRefusedHashesAreMuted(t *testing.T) {
	e, x := &Engine{mute: mute{}}, &entry{initiator: true}
	n := 0
	for range 100 {
		if e.audible(start, x, ike.Report{Event: ikev1.HashRefused{}}) {
			n++
		}
	}
	if n != muteAfter {
		t.Errorf("%d of 100 are told", n)
	}
}
