package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// floated is ike.Env's: where the newest IKE SA with a peer behind a NAT goes.
func (e *Engine) floated(between ike.Ends) uint16 {
	for _, x := range slices.Backward(e.sessions.at(between)) {
		if x.Floated() {
			_, r := x.Addresses()
			return r.Port()
		}
	}
	return 0
}

// portFloated takes the other IKE SAs with the same peer along: an older one may
// still have child SAs, and all have the one mapping of the NAT.
func (e *Engine) portFloated(now time.Time, with *entry, event ikev1.PortFloated) {
	peer := with.Brief().PeerID
	for _, x := range slices.Clone(e.sessions.at(ike.Ends{VRF: with.VRF(), Local: event.Local.Addr(), Remote: event.Before.Addr()})) {
		l, r := x.Addresses()
		if x != with && l == event.Local && r == event.Before && x.Brief().PeerID == peer {
			x.HandleKernel(now, ipsec.Mapped{Remote: event.Remote})
			e.settle(now, x)
		}
	}
}
