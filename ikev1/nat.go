package ikev1

import (
	"bytes"
	"crypto/subtle"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// natPort is where IKE goes on when there is a NAT (RFC 3947 section 4).
const natPort = 4500

// natMethod is NAT traversal of RFC 3947, or of a draft of it that was deployed.
type natMethod struct {
	vendor            []byte
	natD, natOA       wire.PayloadType
	tunnel, transport uint16 // encapsulation modes with UDP
}

// natMethods, the best first.
var natMethods = []natMethod{
	{wire.VendorRFC3947, wire.PayloadNATD, wire.PayloadNATOA, wire.EncapsUDPTunnel, wire.EncapsUDPTransport},
	{wire.VendorDraft07, wire.PayloadNATDOld, wire.PayloadNATOAOld, wire.EncapsUDPTunnel, wire.EncapsUDPTransport},
	{wire.VendorDraft03, wire.PayloadNATDDraft, wire.PayloadNATOADraft, wire.EncapsUDPTunnelDraft, wire.EncapsUDPTransportDraft},
	{wire.VendorDraft02, wire.PayloadNATDDraft, wire.PayloadNATOADraft, wire.EncapsUDPTunnelDraft, wire.EncapsUDPTransportDraft},
	{wire.VendorDraft02Plain, wire.PayloadNATDDraft, wire.PayloadNATOADraft, wire.EncapsUDPTunnelDraft, wire.EncapsUDPTransportDraft},
}

// nat is what an IKE SA knows of NATs on its way.
type nat struct {
	method     *natMethod // nil: one end knows none
	self, peer bool       // who sits behind a NAT
}

// learnNAT takes the best method of the first message of the peer.
func (s *Session) learnNAT(payloads []wire.Payload) {
	s.nat.method = nil
	if s.config.NoNATTransparency {
		return
	}
	for i, m := range natMethods {
		for _, p := range payloads {
			if p.Type == wire.PayloadVendorID && bytes.Equal(p.Body, m.vendor) {
				s.nat.method = &natMethods[i]
				return
			}
		}
	}
}

// natHash is a NAT-D payload. RFC 3947 section 3.2: "HASH = HASH(CKY-I | CKY-R
// | IP | Port)", with the hash negotiated for phase 1.
func (s *Session) natHash(h *suite.Hash, a netip.AddrPort) []byte {
	return h.Sum(s.spiI[:], s.spiR[:], a.Addr().AsSlice(), []byte{byte(a.Port() >> 8), byte(a.Port())})
}

// addNATD adds the receiver's address first, then ours.
func (s *Session) addNATD(b *wire.Builder, h *suite.Hash) {
	if m := s.nat.method; m != nil {
		b.Add(m.natD, wire.Raw(s.natHash(h, s.remote)))
		b.Add(m.natD, wire.Raw(s.natHash(h, s.local)))
	}
}

// readNATD compares the peer's NAT-D payloads with the addresses we see: the
// first is about us, the others are the addresses that the peer may have sent
// from. A peer may send none. The addresses are those of the message, whose port
// may be new.
func (s *Session) readNATD(m *inbound, payloads []wire.Payload) {
	s.nat.self, s.nat.peer = false, false
	if s.nat.method == nil {
		return
	}
	var hashes [][]byte
	for _, p := range payloads {
		if p.Type == s.nat.method.natD {
			hashes = append(hashes, p.Body)
		}
	}
	if len(hashes) < 2 {
		return
	}
	h := s.agreed.policy.Hash
	mine, his := s.natHash(h, m.local), s.natHash(h, m.remote)
	s.nat.peer = true
	for i, got := range hashes {
		if i == 0 {
			s.nat.self = subtle.ConstantTimeCompare(got, mine) != 1
		} else if subtle.ConstantTimeCompare(got, his) == 1 {
			s.nat.peer = false
		}
		s.report(NATDRead{SA: s.sa(), Payload: s.nat.method.natD, Self: s.nat.self, Peer: s.nat.peer})
	}
}

// encapsulates says whether the IKE SA has moved to port 4500 because of a NAT:
// ESP goes there too, in UDP.
func (s *Session) encapsulates() bool {
	return (s.nat.self || s.nat.peer) && s.local.Port() == natPort
}

// Floated says that the peer is behind a NAT and has shown its port there.
func (s *Session) Floated() bool { return s.up != nil && s.nat.peer && s.encapsulates() }

// encap is the UDP encapsulation of an SA, nil for none.
func (s *Session) encap() *ipsec.Encap {
	if !s.encapsulates() {
		return nil
	}
	return &ipsec.Encap{LocalPort: s.local.Port(), RemotePort: s.remote.Port()}
}

// float is the initiator's move. RFC 3947 section 4: "the initiator MUST change
// ports when sending the ID payload if there is NAT between the hosts", both to
// 4500. What began there stays where it is.
func (s *Session) float() {
	if (s.nat.self || s.nat.peer) && s.local.Port() != natPort {
		s.local = netip.AddrPortFrom(s.local.Addr(), natPort)
		s.remote = netip.AddrPortFrom(s.remote.Addr(), natPort)
	}
}

// comes says whether a datagram comes from where the peer may be, before anything
// proves that it sent it. Phase 1 changes its ports once there are keys. Later
// only a peer behind a NAT does. RFC 3947 section 7: "The host behind dynamic NAT
// MUST NOT do this", for then anybody could lead us away. Another address is not
// followed in this version: cookies are known by the address, and most of what tells of
// a peer (quick modes, IKE SAs that replace each other) goes by it too.
func (s *Session) comes(h wire.Header, d ike.Datagram) bool {
	same := d.Local.Addr() == s.local.Addr() && d.Remote.Addr() == s.remote.Addr()
	switch {
	case d.Local == s.local && d.Remote == s.remote:
		return true
	case same && s.nat.method != nil && s.crypt != nil && s.up == nil:
		return true
	case same && s.nat.peer && !s.nat.self && s.up != nil && d.Local.Port() == natPort:
		return true
	}
	s.rejected(h, reject(0, "message from %s to %s, the SA is with %s", d.Remote, d.Local, s.remote), 0)
	return false
}

// follow goes to where a message came from that the peer has proved to be its
// own. RFC 3947 section 4: "all subsequent packets (including informational
// notifications) to the peer use the new port".
func (s *Session) follow(local, remote netip.AddrPort) {
	if local == s.local && remote == s.remote {
		return
	}
	before := s.remote
	s.local, s.remote = local, remote
	s.report(PortFloated{SA: s.sa(), Before: before})
	for _, c := range s.pairs() {
		s.remap(c, c.standing())
	}
	for _, q := range s.quickModes() {
		if c := pairUnderWay(q.state); c != nil {
			s.remap(c, q.state.ordered())
		}
	}
}

// remap tells the data plane the ports of those SAs of a pair that it has.
func (s *Session) remap(c *child, standing []ipsec.SAID) {
	for _, sa := range []*ipsec.SA{&c.in, &c.out} {
		if s.aim(sa) && slices.Contains(standing, sa.SAID) {
			s.out = append(s.out, ike.UpdateSA{SA: *sa})
		}
	}
}

// aim gives an SA the ports of now, and says whether they are others. Whether it
// is encapsulated was negotiated with it.
func (s *Session) aim(sa *ipsec.SA) bool {
	now := s.encap()
	if sa.Encap == nil || now == nil || *sa.Encap == *now {
		return false
	}
	sa.Encap = now
	return true
}

// standing are the SAs of a pair that the data plane has.
func (c *child) standing() []ipsec.SAID {
	if c.retired || c.pending() {
		return []ipsec.SAID{c.in.SAID}
	}
	return c.both()
}

// pairUnderWay is the pair that a quick mode is about to make, nil: none yet.
func pairUnderWay(st quickState) *child {
	switch st := st.(type) {
	case *installingI:
		return st.child
	case installingIn:
		return st.child
	case installingFirst:
		return st.child
	case sentQM2:
		return st.child
	case installingOut:
		return st.child
	}
	return nil
}

// childMapped follows a packet of ESP as if it were a message of the peer: the
// data plane has authenticated it, and IKE has the same mapping. Where anti-replay
// is disabled it may be an old one that somebody sends from elsewhere: then only
// IKE's own messages are followed.
func (s *Session) childMapped(e ipsec.Mapped) {
	for _, c := range s.pairs() {
		if c.in.SAID == e.SAID && c.in.Replay == 0 {
			return
		}
	}
	if s.nat.peer && !s.nat.self && s.encapsulates() && e.Remote.Addr() == s.remote.Addr() {
		s.follow(s.local, e.Remote)
	}
}
