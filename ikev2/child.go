package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// child is a pair of SAs that stands in the data plane. Its keys are there and
// nowhere else.
type child struct {
	in, out   ipsec.SA // without keys
	itf       *policy.Interface
	pfs       *suite.Group
	installed time.Time
	lifetime  ipsec.Lifetime
	soft      time.Time // when to rekey; zero: never
	expires   time.Time // zero: never
	initiator bool      // we began its exchange
	begun     time.Time // when that was
	rekeys    uint32    // SPI of the inbound SA that it replaces, 0: none

	replaced bool      // a successor is on its way, or stands
	retired  bool      // given up by both ends, or soon: it only receives
	mute     bool      // the outbound SA is not in the data plane
	handover *handover // of one that does not send yet, nil: none

	packetsIn, packetsOut uint64 // when they were counted last
}

// negotiated is what an exchange agreed on for a child SA.
type negotiated struct {
	itf       *policy.Interface
	set       *policy.TransformSet
	mode      ipsec.Mode
	pfs       *suite.Group // nil: none
	own, peer uint32       // SPIs
	selector  ipsec.Selector
	initiator bool
	begun     time.Time
	keyExchanges
}

// pair makes both SAs with their keys. RFC 7296 section 2.17: "All keys for SAs
// carrying data from the initiator to the responder are taken before SAs going
// from the responder to the initiator", and of one SA "the encryption key (if any)
// MUST be taken from the first bits".
func (s *Session) pair(x *ikeSA, n negotiated) (in, out ipsec.SA) {
	t := n.itf.Tunnel
	life := s.jittered(t.Protection.Lifetime)
	mark, ifID := t.Bind(s.path.peer)
	base := ipsec.SA{
		Mode: n.mode, DF: t.DF, Encr: n.set.Encr, Integ: n.set.Integ, Selector: n.selector, ReqID: t.ReqID, IfID: ifID,
		Replay: t.Protection.Replay, Encap: s.encap(), Soft: life.Soft(n.initiator), Hard: life,
	}
	base.Protocol, base.Mark = ipsec.ESP, mark
	encr, integ := 0, 0
	if n.set.Encr == nil {
		base.Protocol, base.Integ = ipsec.AH, n.set.AH
	} else {
		encr = n.set.Encr.KeyLen(n.set.KeyBits) + n.set.Encr.SaltLen
	}
	if base.Integ != nil {
		integ = base.Integ.KeyLen
	}
	in, out = base, base
	in.Direction, out.Direction = ipsec.In, ipsec.Out
	in.Src, in.Dst, in.SPI = s.remote.Addr(), s.local.Addr(), n.own
	out.Src, out.Dst, out.SPI = s.local.Addr(), s.remote.Addr(), n.peer
	order := []*ipsec.SA{&out, &in}
	if !n.initiator {
		slices.Reverse(order)
	}
	keymat := Keymat(x.agreed.prf, x.d, n.gir, n.ni, n.nr, 2*(encr+integ), n.more...)
	for _, sa := range order {
		sa.EncrKey, sa.IntegKey = keymat[:encr:encr], keymat[encr:encr+integ:encr+integ]
		keymat = keymat[encr+integ:]
	}
	return in, out
}

// wipeKeys forgets the keys of an SA that the data plane does not need any more.
func wipeKeys(sa ipsec.SA) {
	sa.EncrKey.Wipe()
	sa.IntegKey.Wipe()
}

// newChild is the pair that both SAs will be.
func newChild(n negotiated, in, out ipsec.SA) *child {
	return &child{
		in: in.Public(), out: out.Public(), itf: n.itf, pfs: n.pfs, lifetime: in.Hard,
		initiator: n.initiator, begun: n.begun,
	}
}

// childUp adds a pair that both ends have.
func (s *Session) childUp(c *child) {
	c.installed = s.now
	c.schedule()
	s.pursue(c) // the peer may have moved while the data plane worked
	s.children = append(s.children, c)
	s.report(ike.ChildUp{
		Tunnel: c.itf.Name, Local: s.local, Remote: s.remote, In: c.in, Out: c.out,
		Initiator: c.initiator, Begun: c.begun, Rekeys: c.rekeys, Settled: c.rekeys != 0,
	})
	s.beginHandover(c)
}

// Carries says whether a pair of the session carries a tunnel's traffic.
func (s *Session) Carries(tunnel string, in ipsec.Selector) bool {
	return !s.rests() && slices.ContainsFunc(s.children, func(c *child) bool { return !c.retired && c.itf.Name == tunnel && c.in.Selector == in })
}

// Keeps says whether an inbound SA is one of the session's.
func (s *Session) Keeps(inSPI uint32) bool {
	return !s.rests() && slices.ContainsFunc(s.children, func(c *child) bool { return c.in.SPI == inSPI })
}

// childBySPI finds a pair by the peer's inbound SPI, which is our outbound one.
func (s *Session) childBySPI(p wire.ProtocolID, spi uint32) *child {
	for _, c := range s.children {
		if c.out.SPI == spi && wireProtocol(c.out.Protocol) == p {
			return c
		}
	}
	return nil
}

func wireProtocol(p ipsec.Protocol) wire.ProtocolID {
	if p == ipsec.AH {
		return wire.ProtocolAH
	}
	return wire.ProtocolESP
}

// saProtocol is the reverse.
func saProtocol(p wire.ProtocolID) ipsec.Protocol {
	if p == wire.ProtocolAH {
		return ipsec.AH
	}
	return ipsec.ESP
}

// RekeyChild replaces a pair before its time, unless a successor is under way.
func (s *Session) RekeyChild(now time.Time, inSPI uint32) {
	s.wake()
	s.now = now
	for _, c := range s.children {
		if c.in.SPI == inSPI && !c.replaced {
			s.rekeyChild(c)
			return
		}
	}
}

// DeleteChild tells the peer, if the IKE SA stands, and removes the pair.
func (s *Session) DeleteChild(now time.Time, inSPI uint32, reason string) {
	s.wake()
	s.now = now
	for _, c := range s.children {
		if c.in.SPI == inSPI {
			s.deleteChild(c, reason)
			return
		}
	}
}

// SupersedeChild gives a pair up for another one that carries its traffic.
func (s *Session) SupersedeChild(now time.Time, inSPI uint32) {
	s.wake()
	s.now = now
	for _, c := range s.children {
		if c.in.SPI == inSPI && !c.retired {
			s.retire(c)
			return
		}
	}
}

func (s *Session) deleteChild(c *child, reason string) {
	if !c.retired {
		s.deleteSPI(wireProtocol(c.in.Protocol), c.in.SPI, c.out.SPI)
	}
	s.dropChild(c, reason)
}

// dropChild removes a pair without a word to the peer.
func (s *Session) dropChild(c *child, reason string) {
	i := slices.Index(s.children, c)
	if i < 0 {
		return
	}
	s.children = slices.Delete(s.children, i, i+1)
	s.hasten(c)
	s.silence(c)
	s.out = append(s.out, ike.RemoveSA{SAID: c.in.SAID})
	s.report(ike.ChildDown{Tunnel: c.itf.Name, InSPI: c.in.SPI, Reason: reason})
	if i := slices.IndexFunc(s.children, func(o *child) bool { return o.in.SPI == c.rekeys }); i >= 0 {
		s.notReplaced(s.children[i])
	}
}

const reasonLifetime = "IPsec SA lifetime expired"

func (s *Session) childTimeout() {
	s.handoverTimeout()
	for _, c := range slices.Clone(s.children) {
		switch {
		case c.retired && due(c.expires, s.now):
			s.dropChild(c, "rekeyed")
		case due(c.expires, s.now):
			s.deleteChild(c, reasonLifetime)
		case !c.replaced && due(c.soft, s.now):
			s.rekeyChild(c)
		}
	}
}

func (s *Session) childDeadline(t *deadline) {
	s.handoverDeadline(t)
	for _, c := range s.children {
		t.add(c.expires, "IPsec SA lifetime")
		if !c.replaced {
			t.add(c.soft, "IPsec SA rekey")
		}
	}
}

// childExpired takes the data plane's word on a lifetime, in volume most of all.
func (s *Session) childExpired(e ipsec.Expired) {
	for _, c := range s.children {
		switch {
		case c.in.SAID != e.SAID && c.out.SAID != e.SAID:
		case e.Hard:
			s.deleteChild(c, reasonLifetime)
			return
		case !c.replaced:
			s.rekeyChild(c)
			return
		}
	}
}

// rekeyChild begins the exchange of the successor, with the configuration of now.
// An end that is told to respond only leaves it to the other, but where that one has
// moved: it knows nothing of it.
func (s *Session) rekeyChild(c *child) {
	c.soft = time.Time{}
	itf := s.env.Config.Current(c.itf)
	switch {
	case itf == nil || itf.Tunnel == nil || itf.Tunnel.Protection == nil || !s.Established():
	case itf.Tunnel.Protection.ResponderOnly && !c.strayed(s.remote.Addr()):
	case s.replacing():
		c.soft = s.now.Add(rekeyPause)
	default:
		s.requestChild(itf, c)
	}
}
