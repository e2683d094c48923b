package tunnel

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// A tunnel's destination is configured. But a NAT may give the peer behind it another
// address, and its packets pass only where policies and link name that one. So they go
// where the pair of SAs is that came last, and back to the destination when there is
// none any more. Of two GRE links with the same ends a data plane could not tell whose a
// packet is: who comes to where another is waits until that one has left. A VTI whose
// peer is behind a NAT is an XFRM interface, which has no ends.

// far is where the peer is.
func (t *Tunnel) far() netip.Addr {
	if n := len(t.children); n > 0 {
		return t.children[n-1].out.Dst
	}
	return t.itf.Tunnel.Destination
}

// end is the other end of the link while the peer is at an address: that, but for GRE
// in tunnel mode, which is between addresses that no NAT has changed.
func (t *Tunnel) end(peer netip.Addr) netip.Addr {
	if tu := t.itf.Tunnel; !tu.Mode.VTI() && t.mode != ipsec.Transport {
		return tu.Destination
	}
	return peer
}

// update brings policies and link of a tunnel up to date; before are the policies that
// stand. The new ones come before the link goes there, and the old ones go after.
func (s *Set) update(t *Tunnel, before []ipsec.Policy) {
	moved := s.move(t)
	after := t.policies()
	for _, p := range after {
		if !slices.Contains(before, p) {
			s.emit(ike.SetPolicy{Policy: p})
		}
	}
	s.relink(t)
	s.removePolicies(before, after)
	if !moved {
		return
	}
	for _, w := range s.tunnels {
		if w.itf.Tunnel != nil && w.remote != w.far() {
			s.update(w, w.policies())
		}
	}
}

// removePolicies removes those of before that after has not replaced.
func (s *Set) removePolicies(before, after []ipsec.Policy) {
	for _, p := range before {
		if !slices.ContainsFunc(after, func(q ipsec.Policy) bool {
			return q.Direction == p.Direction && q.Selector == p.Selector && q.Mark == p.Mark && q.IfID == p.IfID
		}) {
			s.emit(ike.SetPolicy{Policy: p, Remove: true})
		}
	}
}

// move settles where the link of a tunnel goes, and says whether that is elsewhere
// than before. Another tunnel that is there, but waits for a third place, makes way.
func (s *Set) move(t *Tunnel) bool {
	to := t.far()
	if t.remote == to {
		return false
	}
	if u := s.neighbour(t, to); u != nil && t.end(to) != t.end(t.remote) {
		if u.far() == u.remote {
			return false
		}
		s.park(u)
	}
	t.remote = to
	return true
}

// neighbour is the GRE tunnel whose link has the ends that another one is to have, nil
// for none. The key tells them apart too.
func (s *Set) neighbour(t *Tunnel, peer netip.Addr) *Tunnel {
	if t.itf.Tunnel.Mode.VTI() {
		return nil
	}
	for _, u := range s.tunnels {
		a, b := t.itf.Tunnel, u.itf.Tunnel
		if u != t && b != nil && !u.parked() && u.end(u.remote) == t.end(peer) && a.VRF == b.VRF && a.Source == b.Source && a.Mode == b.Mode &&
			a.HasKey == b.HasKey && a.Key == b.Key {
			return u
		}
	}
	return nil
}

// park takes a tunnel's link out of the way, until the place is free that it waits for.
func (s *Set) park(t *Tunnel) {
	s.withdraw(func(r route) bool { return r.through == t.Name() })
	s.emit(ike.SetLink{Link: t.link, Remove: true})
	if t.link.Up {
		t.changed = s.now
		s.report(LineProtocol{Interface: t.Name(), Reason: "another tunnel has its ends"})
	}
	before := t.policies()
	t.remote, t.link = netip.Addr{}, ipsec.Link{}
	s.removePolicies(before, nil)
}

// parked says that a tunnel has no link for now.
func (t *Tunnel) parked() bool { return !t.remote.IsValid() }
