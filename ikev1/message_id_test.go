package ikev1

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// Ids of ours do not repeat, and are known again without being remembered.
func TestMessageIDs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var m messageIDs
		var random [8]byte
		for i := range random {
			random[i] = byte(rng.Uint32())
		}
		m.begin(random)
		if m.step*m.inverse != 1 || m.step%2 == 0 {
			t.Fatalf("step %#x has not the inverse %#x", m.step, m.inverse)
		}
		drawn := map[uint32]bool{}
		for range 2000 {
			id := m.next()
			if drawn[id] || !m.own(id) {
				t.Fatalf("%#x: drawn before %v, known %v", id, drawn[id], m.own(id))
			}
			drawn[id] = true
		}
		if next := m.first + m.drawn*m.step; m.own(next) || m.own(m.first-m.step) {
			t.Error("an id that was not drawn is ours")
		}
	}
}

// Twelve hours of periodic DPD in both directions leave no message id behind.
func TestDPDKeepsNoMessageIDs(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic), keepalive("R2", periodic), func(_ string, c *policy.Config) {
		c.Policies[0].Lifetime, c.IPsec[0].Lifetime.Duration = 100*time.Hour, 100*time.Hour
	})
	p.up(p.r1)
	before := [2]int{len(p.r1.session.up.used), len(p.r2.session.up.used)}
	for range 12 * 12 {
		p.advance(5*time.Minute, nil)
		p.r1.events, p.r2.events = nil, nil
	}
	if after := [2]int{len(p.r1.session.up.used), len(p.r2.session.up.used)}; after != before {
		t.Errorf("%v message ids, were %v", after, before)
	}
	if n := p.r1.session.up.ids.drawn; n < 8000 {
		t.Errorf("only %d exchanges", n)
	}
	if !p.r1.session.Established() || !p.r2.session.Established() {
		t.Error("the IKE SA has ended")
	}
}

// Before the ids of the peer's exchanges are used up the IKE SA is renewed.
func TestMessageIDsRunOut(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for i := uint32(1); len(p.r1.session.up.used) < maxExchanges*3/4; i++ {
		p.r1.session.use(&inbound{Message: &wire.Message{Header: wire.Header{MessageID: i}}, local: p.r1.addr, remote: p.r2.addr})
	}
	p.r1.session.HandleTimeout(p.now)
	p.r1.collect(p.now)
	want(t, p.r1, func(e RenewalNeeded) bool { return e.Tunnel == "Tunnel1" })
}
