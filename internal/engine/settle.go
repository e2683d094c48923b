package engine

import (
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
)

// settle follows a session after a call into it: its outputs, its cookies, its
// deadline, its end.
func (e *Engine) settle(now time.Time, x *entry) {
	for {
		o, ok := x.Poll()
		if !ok {
			break
		}
		e.out = append(e.out, o)
		switch o := o.(type) {
		case ike.InstallSA:
			e.children[o.SA.SAID] = x
		case ike.RemoveSA:
			delete(e.children, o.SAID)
		case ike.Report:
			e.observe(now, x, o.Event)
		}
	}
	if x.gone {
		return
	}
	e.sessions.index(x)
	e.halfOpen.count(x, x.HalfOpen())
	if !x.Alive() {
		e.disappoint(now, x)
	}
	if x.Done() {
		e.bury(x)
		return
	}
	when, why := x.NextTimeout()
	e.deadlines.set(x, when, why)
}

// bury takes a session out that has nothing left.
func (e *Engine) bury(x *entry) {
	e.sessions.remove(x)
	e.deadlines.set(x, time.Time{}, "")
	for id, owner := range e.children {
		if owner == x {
			delete(e.children, id)
		}
	}
}

// disappoint ends the attempts of tunnels that waited for an IKE SA which is no
// more. The tunnel that the SA was for has had its own answer.
func (e *Engine) disappoint(now time.Time, x *entry) {
	for _, name := range x.wanted {
		if t := e.tunnels.Lookup(name); t != nil && t.Negotiating() {
			t.Failed(now, "the IKE SA is gone")
		}
	}
	x.wanted = nil
}

// observe reacts to what a session reports.
func (e *Engine) observe(now time.Time, x *entry, event ike.Event) {
	switch event := event.(type) {
	case ike.SessionUp:
		e.counters.Established++
	case ike.ChildUp:
		e.counters.Children++
		if event.Initiator {
			x.settled(event.Tunnel)
		}
		loser, why := e.tunnels.ChildUp(now, event)
		e.flush()
		if why != "" {
			e.giveUp(now, event.Tunnel, loser, why)
		}
	case ike.ChildDown:
		e.tunnels.ChildDown(now, event)
		e.flush()
	case ike.NegotiationFailed:
		e.counters.Failed++
		// A quick mode of the peer's may fail while ours is under way.
		if t := e.tunnels.Lookup(event.Tunnel); t != nil && x.settled(event.Tunnel) {
			t.Failed(now, event.Reason)
		}
	case ikev1.InitialContact:
		e.initialContact(now, x, event.PeerID)
	}
}

// settled says that a tunnel of ours has its answer.
func (x *entry) settled(tunnel string) bool {
	n := len(x.wanted)
	x.wanted = slices.DeleteFunc(x.wanted, func(name string) bool { return name == tunnel })
	return len(x.wanted) < n
}

// start negotiates for a tunnel: over the IKE SA with its peer when there is
// one, or will be, else with a main mode first.
func (e *Engine) start(now time.Time, t *tunnel.Tunnel) {
	t.Begin(now)
	x := e.usable(now, t)
	if x != nil {
		x.wanted = append(x.wanted, t.Name())
		x.StartQuick(now, t.Interface())
	} else {
		connID := e.sessions.nextConnID()
		x = e.sessions.add(connID, ikev1.Initiate(now, e.env, connID, t.Interface()), true)
		x.wanted = append(x.wanted, t.Name())
		e.counters.Sessions++
	}
	e.settle(now, x)
}

// usable is the latest IKE SA between a tunnel's ends with its ISAKMP profile.
// One that the peer began and has not authenticated does not count: anybody
// could hold us up with it.
func (e *Engine) usable(now time.Time, t *tunnel.Tunnel) *entry {
	tu := t.Interface().Tunnel
	profile := ""
	if p := tu.Protection.ISAKMPProfile; p != nil {
		profile = p.Name
	}
	for _, x := range slices.Backward(e.sessions.all) {
		if !x.Established() && !(x.initiator && x.Alive()) {
			continue
		}
		local, remote := x.Addresses()
		if local.Addr() == tu.Source && remote.Addr() == tu.Destination && x.View(now).Profile == profile {
			return x
		}
	}
	return nil
}

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
	for _, x := range slices.Clone(e.sessions.all) {
		v := x.View(now)
		if x == with || x.remote != with.remote && v.PeerID != peerID {
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

// established is ike.Env's.
func (e *Engine) established(local, remote netip.Addr) bool {
	for _, x := range e.sessions.all {
		if l, r := x.Addresses(); x.Established() && l.Addr() == local && r.Addr() == remote {
			return true
		}
	}
	return false
}

// newSPI is ike.Env's: RFC 2406 section 2.1 reserves the values up to 255. 0
// when the source of randomness fails. An SPI drawn twice before the first was
// installed fails there, and with it that negotiation.
func (e *Engine) newSPI() uint32 {
	for {
		var b [4]byte
		if _, err := io.ReadFull(e.env.Rand, b[:]); err != nil {
			return 0
		}
		spi := binary.BigEndian.Uint32(b[:])
		if spi > 255 && !e.uses(spi) {
			return spi
		}
	}
}

func (e *Engine) uses(spi uint32) bool {
	for id := range e.children {
		if id.SPI == spi {
			return true
		}
	}
	return false
}

// up are the tunnels that have SAs.
func (e *Engine) up() []*tunnel.Tunnel {
	return slices.DeleteFunc(slices.Clone(e.tunnels.All()), func(t *tunnel.Tunnel) bool { return !t.Up() })
}

// restart makes tunnels that lost their SAs by our doing try at once. Where the
// peer deleted them it is his turn first: two sides that begin again at the same
// moment only have to settle it afterwards.
func (e *Engine) restart(now time.Time, were []*tunnel.Tunnel) {
	for _, t := range were {
		if !t.Up() && !t.Negotiating() {
			t.Restart(now)
		}
	}
}
