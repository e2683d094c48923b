package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/tunnel"
)

// giveUp deletes a pair that cannot stay. The IKE SA under it does, as on IOS.
func (e *Engine) giveUp(now time.Time, name string, inSPI uint32, why string) {
	x := e.owner(now, inSPI)
	if x == nil {
		return
	}
	if why == tunnel.Simultaneous {
		e.counters.Simultaneous++
		e.report(now, Simultaneous{Tunnel: name, InSPI: inSPI})
	}
	x.DeleteChild(now, inSPI, why)
	e.settle(now, x)
}

// owner is the session of a child SA.
func (e *Engine) owner(now time.Time, inSPI uint32) *entry {
	for _, x := range e.sessions.all {
		for _, c := range x.View(now).Children {
			if c.In.SPI == inSPI {
				return x
			}
		}
	}
	return nil
}

// initialContact obeys RFC 2407 section 4.6.3.3: the peer has no other SAs with
// us, so those that stand here are remains. What is being negotiated is not: two
// sides that begin at the same time both send INITIAL_CONTACT, and must not
// destroy each other's exchange.
func (e *Engine) initialContact(now time.Time, with *entry, peerID string) {
	begun := with.View(now).Begun
	for _, x := range slices.Clone(e.sessions.all) {
		v := x.View(now)
		if x == with || x.remote != with.remote && v.PeerID != peerID {
			continue
		}
		// A peer that began anew has lost what stood before; what came up since is
		// of its new life: both ends began at the same time.
		if v.Established.After(begun) {
			continue
		}
		if x.Established() || len(v.Children) > 0 {
			e.clear(now, x, v.Children, reasonInitialContact)
		}
	}
}

// clear deletes children of a session and then the IKE SA itself.
func (e *Engine) clear(now time.Time, x *entry, children []ikev1.ChildView, reason string) {
	for _, c := range children {
		x.DeleteChild(now, c.In.SPI, reason)
	}
	x.Delete(now, reason)
	e.settle(now, x)
}
