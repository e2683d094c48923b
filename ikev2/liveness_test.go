package ikev2

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Periodic DPD asks where nothing is heard, and gives a dead peer up.
func TestLiveness(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n dpd 10 2 periodic")
	p.up(p.r1)
	p.advance(35*time.Second, nil)
	if n := len(all[InformationalAnswered](p.r1)) + len(all[InformationalAnswered](p.r2)); n < 3 || n > 7 {
		t.Errorf("%d questions in 35 s", n)
	}
	start := p.now
	p.advance(40*time.Second, func(*party, ike.Datagram) bool { return true })
	for _, r := range []*party{p.r1, p.r2} {
		want[PeerDead](t, r, nil)
		want(t, r, func(e TimedOut) bool { return e.Timer == LivenessTimer })
		want(t, r, func(e ike.SessionDown) bool { return e.Reason == "the peer does not answer" })
	}
	if p.now.Sub(start) > 40*time.Second {
		t.Error("it took long")
	}
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// On-demand DPD asks only when something was sent and nothing came.
func TestLivenessOnDemand(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n dpd 10 2 on-demand")
	p.up(p.r1)
	c := p.r1.session.children[0]
	p.advance(time.Minute, nil)
	if len(all[InformationalAnswered](p.r1)) != 0 {
		t.Error("asked without traffic")
	}
	p.r1.packets = map[ipsec.SAID]uint64{c.out.SAID: 1, c.in.SAID: 1}
	p.advance(10*time.Second, nil)
	if len(all[InformationalAnswered](p.r1)) != 0 {
		t.Error("asked a peer that sends")
	}
	p.r1.packets[c.out.SAID] = 2
	p.advance(21*time.Second, nil)
	if len(all[InformationalAnswered](p.r1)) != 1 {
		t.Errorf("asked %d times", len(all[InformationalAnswered](p.r1)))
	}
}
