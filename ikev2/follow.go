package ikev2

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// natPort is where IKE goes on when there is a NAT (RFC 7296 section 2.23).
const natPort = 4500

// encapsulates says whether the IKE SA has moved to port 4500 because of a NAT:
// ESP goes there too, in UDP.
func (s *Session) encapsulates() bool {
	return (s.path.self || s.path.peer) && s.local.Port() == natPort
}

// Floated says that the peer is behind a NAT and has shown its port there.
func (s *Session) Floated() bool { return s.up != nil && s.path.peer && s.encapsulates() }

// encap is the UDP encapsulation of an SA, nil for none.
func (s *Session) encap() *ipsec.Encap {
	if !s.encapsulates() {
		return nil
	}
	return &ipsec.Encap{LocalPort: s.local.Port(), RemotePort: s.remote.Port()}
}

// float is the initiator's move to port 4500 on both sides, when a NAT was found
// (RFC 7296 section 2.23).
func (s *Session) float(x *ikeSA) {
	if (s.path.self || s.path.peer) && s.local.Port() != natPort {
		before := s.remote
		s.local = netip.AddrPortFrom(s.local.Addr(), natPort)
		s.remote = netip.AddrPortFrom(s.remote.Addr(), natPort)
		s.report(PortFloated{SA: s.sa(x), Before: before})
	}
}

// comes says whether a datagram comes from where the peer may be, before anything
// proves that it sent it. The handshake changes its ports once there are keys.
// Later only a peer behind a NAT moves: without one a change is somebody else's, who
// would lead us away.
func (s *Session) comes(x *ikeSA, d ike.Datagram) error {
	switch {
	case d.Local == s.local && d.Remote == s.remote:
		return nil
	case d.Local.Addr() != s.local.Addr():
	case s.up == nil && x.role == Responder && d.Remote.Addr() == s.remote.Addr():
		return nil
	case s.follows() && d.Local.Port() == natPort:
		return nil
	}
	return reject(0, "message from %s to %s, the SA is with %s", d.Remote, d.Local, s.remote)
}

// follows says whether the peer may come to have another port or another address.
// RFC 7296 section 2.23: "A host behind a NAT SHOULD NOT do this type of dynamic
// address update", for then one packet of anybody's could break the connection.
func (s *Session) follows() bool { return s.up != nil && s.path.peer && !s.path.self }

// latest says that no message of the peer on the IKE SA in use has come which is
// newer than this one. What was held up on its way tells where the peer was. f is
// the request that this is the response to, nil for a request of the peer: one that
// went elsewhere may have been answered from there.
func (s *Session) latest(x *ikeSA, m *message, f *flight) bool {
	switch {
	case s.up == nil:
		return true
	case x != s.ike:
		return false
	case f != nil:
		return f.to == s.remote
	}
	return !slices.ContainsFunc(x.answers, func(a *answer) bool { return a.id > m.MessageID })
}

// follow goes to where a message came from that the peer has proved to be its own.
// It has to be a new one. RFC 7296 section 2.23: "dynamic address update should only
// be done in response to a new packet; otherwise, an attacker can revert the addresses
// with old replayed packets."
func (s *Session) follow(x *ikeSA, local, remote netip.AddrPort) {
	if local == s.local && remote == s.remote {
		return
	}
	before := s.remote
	if remote.Addr() != before.Addr() {
		for _, o := range s.all { // what is missing of a message comes from where the peer is
			o.reassembly.clear(before.Addr(), s.env.Hold)
		}
	}
	s.local, s.remote = local, remote
	s.report(PortFloated{SA: s.sa(x), Before: before})
	for _, c := range s.children {
		s.remap(c, c.standing())
		s.pursue(c)
	}
	for _, p := range s.pending {
		s.remap(p.child, p.ordered)
	}
}

// standing are the SAs of a pair that the data plane has.
func (c *child) standing() []ipsec.SAID {
	if c.mute {
		return []ipsec.SAID{c.in.SAID}
	}
	return []ipsec.SAID{c.in.SAID, c.out.SAID}
}

// home is the address with which the session began: that of its tunnels' destination,
// wherever the peer is now.
func (s *Session) home() netip.Addr {
	if s.up == nil {
		return s.remote.Addr()
	}
	return s.up.home
}

// pursue has a pair replaced whose peer is at another address by now: a data plane
// knows an SA by its addresses, and the keys of one that stands are there and nowhere
// else. The exchange also shows that the peer gets what is sent there, before any
// traffic is. A NAT that changes its mind all the time has one a second.
func (s *Session) pursue(c *child) {
	if c.strayed(s.remote.Addr()) && !c.replaced {
		c.soft = c.installed.Add(rekeyPause)
		if c.soft.Before(s.now) {
			c.soft = s.now
		}
	}
}

// strayed says that a pair goes elsewhere than to the peer's address.
func (c *child) strayed(peer netip.Addr) bool { return c.out.Dst != peer }

// remap tells the data plane the ports of those SAs of a pair that it has.
func (s *Session) remap(c *child, standing []ipsec.SAID) {
	for _, sa := range []*ipsec.SA{&c.in, &c.out} {
		if s.aim(sa) && slices.Contains(standing, sa.SAID) {
			s.out = append(s.out, ike.UpdateSA{SA: *sa})
		}
	}
}

// aim gives an SA the ports of now, and says whether they are others. Whether it
// is encapsulated was settled with it.
func (s *Session) aim(sa *ipsec.SA) bool {
	now := s.encap()
	far := sa.Dst
	if sa.Direction == ipsec.In {
		far = sa.Src
	}
	if sa.Encap == nil || now == nil || *sa.Encap == *now || far != s.remote.Addr() {
		return false
	}
	sa.Encap = now
	return true
}

// childMapped follows a packet of ESP as if it were a message of the peer: the
// data plane has authenticated it, and IKE has the same mapping. Where anti-replay
// is disabled it may be an old one that somebody sends from elsewhere: then only
// IKE's own messages are followed.
func (s *Session) childMapped(e ipsec.Mapped) {
	for _, c := range s.children {
		if c.in.SAID == e.SAID && c.in.Replay == 0 {
			return
		}
	}
	if s.ike != nil && s.follows() && s.encapsulates() {
		s.follow(s.ike, s.local, e.Remote)
	}
}
