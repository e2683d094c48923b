package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/tunnel"
)

// The latest IKE SA of version 1 with a peer has all of the peer's child SAs:
// rekeys and deletes go through it, from either side, and dead peer detection
// covers them. In version 2 child SAs belong to the IKE SA that made them.

// samePeer says whether two IKE SAs of version 1 are with one peer.
func samePeer(a, b *entry) bool { return a.v1 != nil && b.v1 != nil && a.v1.SamePeer(b.v1) }

// gather gives a new IKE SA the child SAs of the older ones with its peer. Where a
// quick mode is under way they follow when it is over: it may replace some.
func (e *Engine) gather(now time.Time, x *entry) {
	for _, old := range slices.Clone(e.sessions.peers(x)) {
		switch {
		case old == x || !samePeer(old, x):
		case old.Busy():
			old.superseded = true
		default:
			e.bequeath(now, old, x)
		}
	}
}

// renew begins the successor of an IKE SA, unless there is one or will be.
func (e *Engine) renew(now time.Time, x *entry, name string) {
	t := e.tunnels.Lookup(name)
	if t == nil || t.Refusal() != "" || e.env.Config.ISAKMP.Disabled {
		return
	}
	if latest := e.usable(t); latest != nil && latest != x {
		return
	}
	e.settle(now, e.successor(now, t))
}

// successor begins a session for the child SAs that stand already.
func (e *Engine) successor(now time.Time, t *tunnel.Tunnel) *entry {
	connID := e.sessions.nextConnID()
	e.counters.Sessions++
	return e.sessions.addV1(connID, ikev1.Renew(now, e.env, connID, t.Interface()), true)
}

// pass gives the child SAs of an IKE SA that has ended, or has a successor, to the
// latest one with its peer that stands: the last to be authenticated, as for gather,
// whichever was begun first.
func (e *Engine) pass(now time.Time, x *entry) {
	if x.Done() {
		return
	}
	var heir *entry
	for _, o := range e.sessions.peers(x) {
		if o.Established() && samePeer(o, x) && (heir == nil || !heir.v1.Later(o.v1)) {
			heir = o
		}
	}
	if heir != nil && heir != x {
		e.bequeath(now, x, heir)
		e.settle(now, heir)
	}
}

func (e *Engine) bequeath(now time.Time, from, to *entry) {
	for _, id := range to.v1.Inherit(now, from.v1) {
		e.enter(to, id)
	}
	if !from.Alive() && from.Done() {
		e.bury(from)
		return
	}
	if to.wishes != nil && to.wishes.replaces {
		from.v1.Succeeded(now)
	}
	when, _ := from.NextTimeout()
	e.deadlines.set(from, when)
}

// deletedElsewhere looks for the child SA that a peer deletes through an IKE SA
// which does not have it.
func (e *Engine) deletedElsewhere(now time.Time, x *entry, d ikev1.DeleteReceived) {
	for _, other := range slices.Clone(e.sessions.peers(x)) {
		if other != x && samePeer(other, x) && other.v1.DeletedElsewhere(now, d.Protocol, d.SPI) {
			e.settle(now, other)
			return
		}
	}
}

// dead ends what IKE SAs have left behind with a peer that does not answer.
func (e *Engine) dead(now time.Time, x *entry) {
	for _, old := range slices.Clone(e.sessions.peers(x)) {
		if old == x || old.v1 == nil || old.Alive() {
			continue
		}
		old.v1.Bereft(now)
		e.settle(now, old)
	}
}
