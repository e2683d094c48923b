package sim

import (
	"net/netip"
	"time"
)

// NAT masquerades for the routers behind it, as most do: a flow gets a port of
// its own at the outer address, and nothing comes in that is no answer. ESP has
// no ports and does not pass.
type NAT struct {
	Outside netip.Addr
	Idle    time.Duration // a mapping that is not used so long is forgotten, 0: none is

	mappings map[flow]*mapping
	port     uint16 // given out last
}

// flow is an address behind the NAT and one that it talks to.
type flow struct{ inside, remote netip.AddrPort }

type mapping struct {
	port uint16
	used time.Time
}

// firstPort of a NAT is none that IKE knows.
const firstPort = 1024

// Masquerade puts routers behind a NAT. Nobody else reaches their own addresses
// from then on.
func (w *World) Masquerade(outside netip.Addr, routers ...*Router) *NAT {
	n := &NAT{Outside: outside, mappings: map[flow]*mapping{}, port: firstPort}
	w.nats[outside] = n
	for _, r := range routers {
		w.behind[r] = n
	}
	return n
}

// Rebind forgets all mappings, as a NAT does that is restarted: the next packet
// of each flow gets another port.
func (n *NAT) Rebind() { clear(n.mappings) }

// Readdress gives a NAT another outer address, which forgets its mappings: nobody has
// the old one any more.
func (w *World) Readdress(n *NAT, outside netip.Addr) {
	if w.nats[n.Outside] == n {
		delete(w.nats, n.Outside)
	}
	n.Outside = outside
	w.nats[outside] = n
	n.Rebind()
}

// out translates the source of a packet that leaves.
func (n *NAT) out(now time.Time, inside, remote netip.AddrPort) netip.AddrPort {
	f := flow{inside, remote}
	m := n.mappings[f]
	if m == nil || n.stale(m, now) {
		n.port++
		m = &mapping{port: n.port}
		n.mappings[f] = m
	}
	m.used = now
	return netip.AddrPortFrom(n.Outside, m.port)
}

// in finds whom a packet to the outer address is for.
func (n *NAT) in(now time.Time, port uint16, remote netip.AddrPort) (netip.AddrPort, bool) {
	for f, m := range n.mappings {
		if m.port == port && f.remote == remote && !n.stale(m, now) {
			m.used = now
			return f.inside, true
		}
	}
	return netip.AddrPort{}, false
}

func (n *NAT) stale(m *mapping, now time.Time) bool {
	return n.Idle > 0 && now.Sub(m.used) >= n.Idle
}

// cross takes a packet of UDP to its receiver, nil when there is none, and says
// what addresses it has there.
func (w *World) cross(from *Router, src, dst netip.AddrPort) (to *Router, seenSrc, seenDst netip.AddrPort) {
	if n := w.behind[from]; n != nil {
		src = n.out(w.Now, src, dst)
	}
	if n := w.nats[dst.Addr()]; n != nil {
		inside, ok := n.in(w.Now, dst.Port(), src)
		if !ok {
			return nil, src, dst
		}
		return w.owners[inside.Addr()], src, inside
	}
	if to = w.owners[dst.Addr()]; w.behind[to] != w.behind[from] && w.behind[to] != nil {
		to = nil
	}
	return to, src, dst
}

// translated says whether packets of a router to an address meet a NAT.
func (w *World) translated(from *Router, dst netip.Addr) bool {
	return w.behind[from] != nil || w.nats[dst] != nil
}
