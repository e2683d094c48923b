package engine

import (
	"errors"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// settle follows a session after a call into it: its outputs, its cookies, its
// deadline, its end.
func (e *Engine) settle(now time.Time, x *entry) {
	if !x.gone {
		e.sessions.follow(x)
	}
	for {
		o, ok := x.Poll()
		if !ok {
			break
		}
		switch {
		case !e.owns(now, x, o) || e.cached(now, x, o) || e.inquires(now, x, o):
			continue
		case e.audible(now, x, o):
			e.out = append(e.out, o)
		default:
			e.counters.Muted++
		}
		if r, ok := o.(ike.Report); ok {
			e.observe(now, x, r.Event)
			e.stats.count(r.Event)
			if x.v2 != nil {
				e.errors.note(r.Event)
			}
			e.pki.count(x, r.Event)
		}
	}
	if x.gone {
		return
	}
	e.sessions.index(x)
	e.halfOpen.count(x, x.HalfOpen(), x.strange())
	if x.superseded && !x.Busy() {
		x.superseded = false
		e.pass(now, x)
		if x.gone {
			return
		}
	}
	if !x.Alive() {
		e.disappoint(now, x)
		delete(e.certificates.fresh, x)
		if x.v1 != nil && x.Silent() {
			e.dead(now, x)
		}
		e.pass(now, x)
		if x.gone {
			return
		}
	}
	if x.Done() {
		e.bury(x)
		return
	}
	when, _ := x.NextTimeout()
	e.deadlines.set(x, when)
}

var errOthers = errors.New("an SA of another session has this SPI")

// owns keeps the book of who installed which SA. A peer chooses the SPI that we
// send with, and may choose one that stands: what a session orders for an SA of
// another's does not reach the data plane.
func (e *Engine) owns(now time.Time, x *entry, o ike.Output) bool {
	switch o := o.(type) {
	case ike.InstallSA:
		if e.others(x, o.SA.SAID) {
			x.HandleKernel(now, ipsec.Installed{SAID: o.SA.SAID, Err: errOthers})
			return false
		}
		e.enter(x, o.SA.SAID)
	case ike.RemoveSA:
		if e.others(x, o.SAID) {
			return false
		}
		own, around := o.SAID.Names()
		e.children.strike(own)
		e.children.strike(around)
	}
	return true
}

// enter writes an SA, and the AH around it, into the book.
func (e *Engine) enter(x *entry, id ipsec.SAID) {
	own, around := id.Names()
	e.children.enter(own, x)
	if around.SPI != 0 {
		e.children.enter(around, x)
	}
}

// others says whether an SA, or the AH around it, is another session's.
func (e *Engine) others(x *entry, id ipsec.SAID) bool {
	own, around := id.Names()
	for _, owner := range []*entry{e.children.of[own], e.children.of[around]} {
		if owner != nil && owner != x {
			return true
		}
	}
	return false
}

// bury takes a session out that has nothing left.
func (e *Engine) bury(x *entry) {
	e.sessions.remove(x)
	e.deadlines.set(x, time.Time{})
	e.children.forget(x)
}

// disappoint ends the attempts of tunnels that waited for an IKE SA which is no
// more. They fail for the reason for which it did.
func (e *Engine) disappoint(now time.Time, x *entry) {
	w := x.wishes
	if w == nil {
		return
	}
	e.notRenewed(now, x, "the IKE SA is gone")
	x.wishes = nil
	for _, name := range w.tunnels {
		if t := e.tunnels.Lookup(name); t != nil && t.Negotiating() {
			failed := ike.NegotiationFailed{Peer: x.remote, Stage: "QM1", Reason: "the IKE SA is gone"}
			if x.v2 != nil {
				failed.Stage = "CHILD"
			}
			if w.failure != nil {
				failed = *w.failure
			}
			failed.Tunnel = name
			e.counters.Failed++
			e.report(now, failed)
			t.Failed(now, failed.Reason)
		}
	}
}

// observe reacts to what a session reports.
func (e *Engine) observe(now time.Time, x *entry, event ike.Event) {
	switch event := event.(type) {
	case ike.SessionUp:
		e.counters.Established++
		e.renewed(now, x)
		e.certificates.keep(x, e.env.Config.IKEv2.CertificateCache)
		e.gather(now, x)
		e.thinOut(now, x)
		e.tellInvalidSPI(now, x)
	case ike.ChildUp:
		e.counters.Children++
		if event.Initiator {
			x.settled(event.Tunnel)
		}
		e.open(now, event.Tunnel)
		var inSPI uint32
		var why string
		e.watch(now, x, e.tunnels.Lookup(event.Tunnel), func() {
			inSPI, why = e.tunnels.ChildUp(now, event)
			e.flush()
		})
		if why != "" {
			e.giveUp(now, event.Tunnel, inSPI, why)
		}
	case ike.ChildDown:
		e.watch(now, x, e.tunnels.Lookup(event.Tunnel), func() {
			e.tunnels.ChildDown(now, event)
			e.flush()
		})
		e.shut(now, event.Tunnel)
		e.flush()
	case ike.NegotiationFailed:
		e.counters.Failed++
		if x.wishes != nil {
			x.wishes.failure = &event
			if x.v1 != nil && x.wishes.renewal == event.Tunnel {
				x.wishes.renewal = "" // told by this
			}
		}
		// A quick mode of the peer's may fail while ours is under way.
		if t := e.tunnels.Lookup(event.Tunnel); t != nil && x.settled(event.Tunnel) {
			t.Failed(now, event.Reason)
		}
	case ikev1.RekeyNeeded:
		// Its IKE SA ended before it: a new one makes the successor.
		if t := e.tunnels.Lookup(event.Tunnel); t != nil && !t.Negotiating() && t.Refusal() == "" {
			e.start(now, t)
		}
	case ikev2.SARekeyed:
		e.renewed(now, x)
	case ikev2.RekeyFailed:
		e.notRenewed(now, x, event.Reason)
	case ikev1.RenewalNeeded:
		e.renew(now, x, event.Tunnel)
	case ikev1.DeleteReceived:
		if !event.Known && event.Protocol != wire.ProtocolISAKMP {
			e.deletedElsewhere(now, x, event)
		}
	case ikev1.PortFloated:
		e.portFloated(now, x, event)
	case ikev1.InitialContact, ikev2.InitialContact:
		e.initialContact(now, x)
	}
}
