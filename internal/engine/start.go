package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/tunnel"
)

// start negotiates for a tunnel: over the IKE SA with its peer when there is
// one, or will be, else with a main mode first.
func (e *Engine) start(now time.Time, t *tunnel.Tunnel) {
	t.Begin(now)
	x := e.usable(t)
	if x != nil {
		x.wanted = append(x.wanted, t.Name())
		x.StartChild(now, t.Interface())
	} else {
		connID := e.sessions.nextConnID()
		x = e.sessions.add(connID, ikev1.Initiate(now, e.env, connID, t.Interface()), true)
		x.wanted = append(x.wanted, t.Name())
		e.counters.Sessions++
	}
	e.settle(now, x)
}

// askAgain reports that the IPsec engine asks anew for what it did not get.
func (e *Engine) askAgain(now time.Time, t *tunnel.Tunnel) {
	if n := t.Failures(); n > 0 {
		tu := t.Interface().Tunnel
		e.report(now, RequestTimer{Tunnel: t.Name(), Count: n, Local: tu.Source, Remote: tu.Destination, Selector: tu.Selector()})
	}
}

// usable is the latest IKE SA between a tunnel's ends with its ISAKMP profile.
// One that the peer began and has not authenticated does not count: anybody
// could hold us up with it.
func (e *Engine) usable(t *tunnel.Tunnel) *entry {
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
		if local.Addr() == tu.Source && remote.Addr() == tu.Destination && x.Brief().Profile == profile {
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
