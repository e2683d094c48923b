package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/tunnel"
)

// giveUp deletes a pair that cannot stay, or replaces it. The IKE SA under it stays, as on
// IOS; one of version 2 goes with its last pair, since it was made for it.
func (e *Engine) giveUp(now time.Time, name string, inSPI uint32, why string) {
	x := e.owner(inSPI)
	if x == nil {
		return
	}
	if why == tunnel.Simultaneous {
		e.counters.Simultaneous++
		e.report(now, Simultaneous{Tunnel: name, InSPI: inSPI})
	}
	switch {
	case why == tunnel.Crossed:
		x.RekeyChild(now, inSPI)
	case x.v2 != nil && len(x.Brief().Children) == 1:
		x.Delete(now, why)
	case why == tunnel.Simultaneous:
		x.SupersedeChild(now, inSPI)
	default:
		x.DeleteChild(now, inSPI, why)
	}
	e.settle(now, x)
}

// owner is the session of a child SA.
func (e *Engine) owner(inSPI uint32) *entry {
	for _, x := range e.sessions.all {
		if x.Keeps(inSPI) {
			return x
		}
	}
	return nil
}

// initialContact obeys RFC 2407 section 4.6.3.3: the peer has no other SAs with
// us, so those that stand here are remains. Like IOS ("bring down existing phase
// 1 and 2 SA's with local X remote Y remote port P") it goes by the addresses.
// The name would not do: a peer sends this for each pair of addresses, and no
// certificate vouches for an identity, so that anybody with a certificate could
// take down anybody's SAs. What is being negotiated is not remains: two sides
// that begin at the same time both send INITIAL_CONTACT, and must not destroy
// each other's exchange.
func (e *Engine) initialContact(now time.Time, with *entry) {
	local, remote := with.Addresses()
	begun := with.Brief().Begun
	for _, x := range slices.Clone(e.sessions.peers(with)) {
		l, r := x.Addresses()
		if x == with || (x.v2 == nil) != (with.v2 == nil) || l != local || r != remote {
			continue
		}
		// A peer that began anew has lost what stood before; what came up since is
		// of its new life: both ends began at the same time.
		b := x.Brief()
		if b.Established.After(begun) {
			continue
		}
		if x.Established() || len(b.Children) > 0 {
			e.clear(now, x, reasonInitialContact)
		}
	}
}

// How many IKE SAs stand with a peer, and with all behind one address, those counted that
// only keep their child SAs. Renewal needs two; who is authenticated may not fill our
// memory all the same. Peers behind one NAT have a port each.
const (
	maxSAs          = 32
	maxSAsOfAddress = 1024
)

// thinOut deletes the oldest IKE SA with a peer, or with an address, that has too many.
func (e *Engine) thinOut(now time.Time, latest *entry) {
	var oldest, oldestOfAll *entry
	n, all := 0, 0
	_, peer := latest.Addresses()
	for _, x := range e.sessions.peers(latest) {
		if !x.Established() && x.Alive() {
			continue
		}
		oldestOfAll = cmp.Or(oldestOfAll, x)
		all++
		if _, other := x.Addresses(); other == peer {
			oldest = cmp.Or(oldest, x)
			n++
		}
	}
	switch {
	case n > maxSAs:
		e.clear(now, oldest, reasonTooMany)
	case all > maxSAsOfAddress:
		e.clear(now, oldestOfAll, reasonTooMany)
	}
}

// clear deletes the children of a session and then the IKE SA itself, which in
// version 2 takes them along.
func (e *Engine) clear(now time.Time, x *entry, reason string) {
	if x.v1 != nil {
		for _, c := range x.Brief().Children {
			x.DeleteChild(now, c.InSPI, reason)
		}
	}
	x.Delete(now, reason)
	e.settle(now, x)
}
