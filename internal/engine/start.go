package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/wire"
)

// start negotiates for a tunnel: over the IKE SA with its peer when there is
// one, or will be, else with an IKE SA first.
func (e *Engine) start(now time.Time, t *tunnel.Tunnel) {
	t.Begin(now)
	x := e.usable(t)
	if busy := e.negotiates(t); busy != nil {
		busy.want(t.Name()) // a rekey, whose pair has expired meanwhile
		return
	}
	switch {
	case x != nil:
		x.want(t.Name())
		x.StartChild(now, t.Interface())
	case ofV2(t) && e.outgoing() >= e.env.Config.IKEv2.MaxOutgoing:
		t.Failed(now, "as many IKEv2 SAs are in negotiation as crypto ikev2 limit allows")
		return
	default:
		x = e.begin(now, t)
		x.want(t.Name())
		e.counters.Sessions++
	}
	e.settle(now, x)
}

// negotiates is the IKE SA of version 1 under which a quick mode of ours for a tunnel is
// under way. One beside it would make two pairs that both ends keep.
func (e *Engine) negotiates(t *tunnel.Tunnel) *entry {
	tu := t.Interface().Tunnel
	for _, x := range e.sessions.of(endsOfTunnel(tu)) {
		if x.v1 != nil && x.v1.Negotiates(t.Name()) {
			return x
		}
	}
	return nil
}

// endsOfTunnel are those as configured.
func endsOfTunnel(t *policy.Tunnel) ike.Ends {
	return ike.Ends{VRF: t.VRF, Local: t.Source, Remote: t.Destination}
}

// ofV2 says whether a protected tunnel's ipsec profile asks for IKEv2.
func ofV2(t *tunnel.Tunnel) bool { return t.Interface().Tunnel.Protection.IKEv2Profile != nil }

// outgoing counts the IKE SAs of version 2 that we began and that do not stand yet.
func (e *Engine) outgoing() (n int) {
	for _, x := range e.sessions.all {
		if x.v2 != nil && x.initiator && x.Alive() && !x.Established() {
			n++
		}
	}
	return n
}

// begin makes a session that begins an IKE SA, of the version of the tunnel's
// ipsec profile.
func (e *Engine) begin(now time.Time, t *tunnel.Tunnel) *entry {
	if ofV2(t) {
		tunnelID := e.sessions.nextTunnelID()
		return e.sessions.addV2(tunnelID, ikev2.Initiate(now, e.env, tunnelID, t.Interface()), true, wire.SPI{})
	}
	connID := e.sessions.nextConnID()
	return e.sessions.addV1(connID, ikev1.Initiate(now, e.env, connID, t.Interface()), true)
}

// askAgain reports that the IPsec engine asks anew for what it did not get.
func (e *Engine) askAgain(now time.Time, t *tunnel.Tunnel) {
	if n := t.Failures(); n > 0 {
		tu := t.Interface().Tunnel
		e.report(now, RequestTimer{Tunnel: t.Name(), Count: n, Local: tu.Source, Remote: tu.Destination, Selector: tu.Selector()})
	}
}

// usable is the latest IKE SA with a tunnel's profile that began between its ends.
// One that the peer began and has not authenticated does not count: anybody
// could hold us up with it.
func (e *Engine) usable(t *tunnel.Tunnel) *entry {
	tu := t.Interface().Tunnel
	profile := ""
	switch p := tu.Protection; {
	case p.IKEv2Profile != nil:
		profile = p.IKEv2Profile.Name
	case p.ISAKMPProfile != nil:
		profile = p.ISAKMPProfile.Name
	}
	for _, x := range slices.Backward(e.sessions.of(endsOfTunnel(tu))) {
		if ofV2(t) != (x.v2 != nil) || !x.Established() && !(x.initiator && x.Alive()) {
			continue
		}
		if x.Brief().Profile == profile {
			return x
		}
	}
	return nil
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
