package ikev2

import (
	"math/rand/v2"
	"testing"
	"time"
)

// lossy delivers what both routers send in any order, once, twice or not at all.
func (p *pairOf) lossy(random *rand.Rand) {
	for len(p.r1.sent)+len(p.r2.sent) > 0 {
		r := p.r1
		if len(r.sent) == 0 || len(p.r2.sent) > 0 && random.IntN(2) == 0 {
			r = p.r2
		}
		i := random.IntN(len(r.sent))
		d := r.sent[i]
		r.sent = append(r.sent[:i:i], r.sent[i+1:]...)
		for range []int{0, 1, 1, 1, 2}[random.IntN(5)] {
			p.deliver(r, d)
		}
	}
}

// Over a link that loses, repeats and reorders, both ends agree in the end: on an
// IKE SA with a child, and on nothing when one of them deletes it.
func TestLossyLink(t *testing.T) {
	up := 0
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		p := fragmentPair(t, "crypto ikev2 fragmentation\n", "crypto ikev2 fragmentation\n")
		p.initiate(p.r1)
		for range 40 {
			p.lossy(random)
			if s := p.r2.session; p.r1.session.Established() && !p.r1.session.Busy() && s != nil && s.Established() {
				break
			}
			p.tick()
		}
		if p.r1.session.Alive() != (p.r2.session != nil && p.r2.session.Alive()) {
			t.Fatalf("seed %d: R1 %s, R2 %s\n%s\n%s", seed, p.r1.session.state, p.r2.session.state, p.r1.story(), p.r2.story())
		}
		if !p.r1.session.Alive() {
			continue // too much was lost
		}
		p.wantUp()
		up++
		for id := range p.r1.sas {
			if _, ok := p.r2.sas[id]; !ok {
				t.Errorf("seed %d: R2 has no %v", seed, id)
			}
		}
		p.r1.session.Delete(p.now, "test")
		p.r1.collect(p.now)
		for range 20 {
			p.lossy(random)
			p.tick()
		}
		if len(p.r1.sas) != 0 || !p.r1.session.Done() {
			t.Errorf("seed %d: R1 is not done", seed)
		}
	}
	t.Logf("%d of 50 came up", up)
	if up < 40 {
		t.Errorf("%d of 50 came up", up)
	}
}

// tick serves the next timer.
func (p *pairOf) tick() {
	var next time.Time
	for _, r := range []*party{p.r1, p.r2} {
		if r.session == nil {
			continue
		}
		if at, _ := r.session.NextTimeout(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.After(p.now) {
		p.now = next
	}
	for _, r := range []*party{p.r1, p.r2} {
		if r.session != nil {
			r.session.HandleTimeout(p.now)
			r.collect(p.now)
		}
	}
}
