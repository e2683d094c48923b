package tunnel

import "time"

// simultaneousWindow is longer than a quick mode may take with all its
// retransmissions, and shorter than the life of any SA before its rekeying (the
// shortest lifetime is 120 s, rekeyed 30 s before its end).
const simultaneousWindow = 75 * time.Second

// simultaneous finds the pair to give up when both sides began a quick mode at
// the same time. IKEv1 has no rule for it; both sides must come to the same
// answer, so the pair that has the lowest SPI of all four goes, as with the
// nonces of RFC 7296 section 2.8.1: "the SA created with the lowest of the four
// nonces SHOULD be closed by the endpoint that created it".
//
// Two pairs that the same side began are no accident: the later replaces the
// earlier, which that side deletes.
func (t *Tunnel) simultaneous(c child) (loser uint32, found bool) {
	for _, o := range t.children {
		if o.initiator == c.initiator || c.rekeys != 0 || c.since.Sub(o.since) >= simultaneousWindow {
			continue
		}
		if min(o.in.SPI, o.out.SPI) < min(c.in.SPI, c.out.SPI) {
			return o.in.SPI, true
		}
		return c.in.SPI, true
	}
	return 0, false
}
