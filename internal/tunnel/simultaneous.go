package tunnel

import "time"

// crossing is how long the first message of the peer's quick mode may have been
// on its way when ours ended. No pair is rekeyed so soon.
const crossing = 2 * time.Second

// simultaneous finds the pair to give up when both sides began a quick mode at
// the same time: neither knew of the other's pair when it began. IKEv1 has no rule for
// it; both sides must come to the same answer, so the pair that has the lowest
// SPI of all four goes, as with the nonces of RFC 7296 section 2.8.1: "the SA
// created with the lowest of the four nonces SHOULD be closed by the endpoint
// that created it".
//
// A quick mode that began later is a successor, and deleting the
// predecessor is for the side that began it.
func (t *Tunnel) simultaneous(c child) (loser, winner child, found bool) {
	for _, o := range t.children {
		if o.initiator == c.initiator || c.begun.After(o.since.Add(crossing)) {
			continue
		}
		if min(o.in.SPI, o.out.SPI) < min(c.in.SPI, c.out.SPI) {
			return o, c, true
		}
		return c, o, true
	}
	return child{}, child{}, false
}

// settle says what becomes of a pair that came up at the same time as another, and of
// which. The first pairs of a tunnel are two where one will do. Those of two rekeyings
// that crossed both stay until a third replaces them: charon removes the outbound SA of
// the pair before as each comes up, and cannot send when the one that came last is deleted.
// Whoever began the pair that would stay begins the third.
func (t *Tunnel) settle(c child) (inSPI uint32, why string) {
	loser, winner, found := t.simultaneous(c)
	switch {
	case !found:
		return 0, ""
	case len(t.children) == 1:
		return loser.in.SPI, Simultaneous
	case winner.initiator:
		return winner.in.SPI, Crossed
	}
	return 0, ""
}
