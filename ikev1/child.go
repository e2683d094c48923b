package ikev1

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

const (
	// rekeyRetry: a rekey that failed is tried again while there is time.
	rekeyRetry = 10 * time.Second
	// drainTime is how long what a peer sent before it read our delete of a
	// rekeyed pair may be under way.
	drainTime = 5 * time.Second
	// crossing is how long the first message of a quick mode may have been on its
	// way when the other end's ended.
	crossing = 2 * time.Second
	// settledTime is how old a pair is before an operator's rekey begins: younger, the
	// other end could not tell the successor from a pair that both began at once.
	settledTime = crossing + time.Second
	// maxPairs is how many pairs one tunnel has in an IKE SA. A rekey needs two,
	// two at once four; a peer that never deletes what it replaced has no more.
	maxPairs = 8
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
	initiator bool      // we began its quick mode
	begun     time.Time // when that was
	replaced  bool      // a successor is on its way, or stands
	retired   bool      // the peer was told that it is deleted; it still receives
	handover  *handover // nil: the outbound SA stands
	exhausted time.Time // when the volume is used up, as it looked at the soft limit; zero: unknown

	packetsIn, packetsOut uint64 // when they were counted last
}

// both names the pair's SAs.
func (c *child) both() []ipsec.SAID { return []ipsec.SAID{c.in.SAID, c.out.SAID} }

// schedule sets both limits in seconds.
func (c *child) schedule() {
	if c.lifetime.Duration == 0 {
		return
	}
	c.expires = c.installed.Add(c.lifetime.Duration)
	c.soft = c.installed.Add(c.lifetime.Soft(c.initiator).Duration)
}

// shorten takes a lifetime that the responder told us.
func (c *child) shorten(d time.Duration) {
	if c.lifetime.Duration == 0 || d < c.lifetime.Duration {
		c.lifetime.Duration = d
		c.schedule()
	}
}

// jitter lowers a volume limit by up to a tenth, as IOS does: many pairs of one
// rate do not reach theirs at once. What was negotiated stays written in the pair.
func (s *Session) jitter(c *child, sas ...*ipsec.SA) {
	l := &c.lifetime.Kilobytes
	var b [2]byte
	if *l == 0 || s.random(b[:]) != nil {
		return
	}
	*l -= *l / 10 * uint64(binary.BigEndian.Uint16(b[:])) / (1 << 16)
	for _, sa := range sas {
		sa.Hard.Kilobytes, sa.Soft.Kilobytes = *l, c.lifetime.Soft(c.initiator).Kilobytes
	}
}

// has says whether an SPI of the wire is one of the pair's.
func (c *child) has(spi []byte) bool {
	if len(spi) != 4 {
		return false
	}
	v := binary.BigEndian.Uint32(spi)
	return v == c.in.SPI || v == c.out.SPI
}

// childBySPI finds a pair by the peer's SPI, or else by ours.
func (s *Session) childBySPI(p wire.ProtocolID, spi []byte) *child {
	if len(spi) != 4 {
		return nil
	}
	v := binary.BigEndian.Uint32(spi)
	for _, end := range []func(*child) ipsec.SAID{func(c *child) ipsec.SAID { return c.out.SAID }, func(c *child) ipsec.SAID { return c.in.SAID }} {
		for _, c := range s.pairs() {
			if named(end(c), p, v) {
				return c
			}
		}
	}
	return nil
}

// saProtocol is the IP protocol of an ISAKMP protocol id, 0 for others.
func saProtocol(p wire.ProtocolID) ipsec.Protocol {
	switch p {
	case wire.ProtocolESP:
		return ipsec.ESP
	case wire.ProtocolAH:
		return ipsec.AH
	}
	return 0
}

// wireProtocol is the reverse.
func wireProtocol(p ipsec.Protocol) wire.ProtocolID {
	if p == ipsec.AH {
		return wire.ProtocolAH
	}
	return wire.ProtocolESP
}

// childUp adds a pair that both ends have. The initiator of a rekey deletes the
// pairs that it replaces.
func (s *Session) childUp(c *child, replaces *child) {
	c.installed = s.now
	c.schedule()
	up := ike.ChildUp{Tunnel: c.itf.Name, Local: s.local, Remote: s.remote, In: c.in, Out: c.out, Initiator: c.initiator, Begun: c.begun}
	old := s.predecessors(c, replaces)
	for _, o := range old {
		up.Rekeys, o.replaced = o.in.SPI, true
	}
	s.up.children = append(s.up.children, c)
	s.report(up)
	switch {
	case c.pending():
		c.handover.replaces = old
		s.hasten(c)
	case c.initiator:
		s.retireAll(old)
	}
	s.thinOut(c.itf.Name)
}

// retireAll ends those that still stand.
func (s *Session) retireAll(old []*child) {
	for _, o := range old {
		if !o.retired && slices.Contains(s.pairs(), o) {
			s.retire(o)
		}
	}
}

// retire ends a pair whose traffic another one carries. The peer sends on it
// until it has read the delete, so the inbound SA stays a little longer.
func (s *Session) retire(c *child) {
	if !c.pending() {
		s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID})
	}
	if s.Established() {
		s.withdraw(c)
	}
	c.retired = true
	s.retireAll(c.forgo())
	if end := s.now.Add(drainTime); c.expires.IsZero() || end.Before(c.expires) {
		c.expires = end
	}
}

// thinOut deletes the oldest pair of a tunnel that has too many.
func (s *Session) thinOut(tunnel string) {
	var oldest *child
	n := 0
	for _, c := range s.pairs() {
		if c.itf.Name == tunnel {
			oldest = cmp.Or(oldest, c)
			n++
		}
	}
	if n > maxPairs {
		s.deleteChild(oldest, "too many IPsec SAs of one tunnel")
	}
}

// predecessors are the pairs for the same traffic that a new one replaces, the
// one that it rekeys among them. Whoever began the new one deletes them: of two
// pairs that both ends kept one is left after the next rekey. A pair of the other
// end's that came up while ours was negotiated is no predecessor but an accident,
// which the tunnel settles.
func (s *Session) predecessors(c, rekeyed *child) []*child {
	var list []*child
	for _, old := range s.pairs() {
		if !old.retired && old.sameTraffic(c) &&
			(old == rekeyed || old.initiator == c.initiator || c.begun.Sub(old.installed) > crossing) {
			list = append(list, old)
		}
	}
	return list
}

// sameTraffic says whether two pairs are for the same packets of one tunnel.
func (c *child) sameTraffic(o *child) bool {
	return c.itf.Name == o.itf.Name && c.in.Selector == o.in.Selector
}

// carries says whether a pair carries a tunnel's traffic, be it another IKE SA's:
// the peer may rekey through any that stands.
func (s *Session) carries(tunnel string, in ipsec.Selector) bool {
	return s.Carries(tunnel, in) || s.env.Carries != nil && s.env.Carries(tunnel, in)
}

// Carries says whether a pair of the session carries a tunnel's traffic.
func (s *Session) Carries(tunnel string, in ipsec.Selector) bool {
	return slices.ContainsFunc(s.pairs(), func(c *child) bool {
		return !c.retired && c.itf.Name == tunnel && c.in.Selector == in
	})
}

// RekeyChild replaces a pair before its time, unless a successor is under way.
func (s *Session) RekeyChild(now time.Time, inSPI uint32) {
	s.now = now
	for _, c := range s.pairs() {
		switch {
		case c.in.SPI != inSPI || c.replaced:
		case now.Before(s.settledAt(c)):
			c.soft = s.settledAt(c)
		default:
			s.rekey(c)
		}
	}
}

// settledAt is when a pair, and the last one beside it for the same traffic, is as old as
// settledTime.
func (s *Session) settledAt(c *child) (at time.Time) {
	for _, o := range s.pairs() {
		if end := o.installed.Add(settledTime); o.sameTraffic(c) && end.After(at) {
			at = end
		}
	}
	return at
}

// DeleteChild tells the peer, if the IKE SA stands, and removes the pair.
func (s *Session) DeleteChild(now time.Time, inSPI uint32, reason string) {
	s.now = now
	for _, c := range s.pairs() {
		if c.in.SPI == inSPI {
			s.deleteChild(c, reason)
			return
		}
	}
}

// SupersedeChild gives a pair up for another one that carries its traffic.
func (s *Session) SupersedeChild(now time.Time, inSPI uint32) {
	s.now = now
	for _, c := range s.pairs() {
		if c.in.SPI == inSPI && !c.retired {
			if s.Established() {
				s.withdraw(c)
			}
			s.drain(c)
			return
		}
	}
}

func (s *Session) deleteChild(c *child, reason string) {
	if s.Established() && !c.retired {
		s.withdraw(c)
	}
	s.dropChild(c, reason)
}

// dropChild removes a pair without a word to the peer.
func (s *Session) dropChild(c *child, reason string) {
	i := slices.Index(s.pairs(), c)
	if i < 0 {
		return
	}
	s.up.children = slices.Delete(s.up.children, i, i+1)
	if !c.retired && !c.pending() {
		s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID})
	}
	for _, elder := range c.forgo() {
		s.rekeyFailed(elder)
	}
	s.out = append(s.out, ike.RemoveSA{SAID: c.in.SAID})
	s.report(ike.ChildDown{Tunnel: c.itf.Name, InSPI: c.in.SPI, Reason: reason})
	s.hasten(c)
}

// childTimeout rekeys, and removes what has lived.
func (s *Session) childTimeout() {
	for _, c := range slices.Clone(s.pairs()) {
		s.endHandover(c)
		switch {
		case c.retired && !s.now.Before(c.expires):
			s.dropChild(c, "rekeyed")
		case !c.expires.IsZero() && !s.now.Before(c.expires):
			s.deleteChild(c, "IPsec SA lifetime expired")
		case c.pending() && !s.now.Before(c.handover.at):
			s.takeOver(c)
		case c.rekeyDue(s.now):
			s.rekey(c)
		}
	}
}

func (c *child) rekeyDue(now time.Time) bool {
	return !c.replaced && !c.soft.IsZero() && !now.Before(c.soft)
}

func (s *Session) childDeadline(t *deadline) {
	for _, c := range s.pairs() {
		t.add(c.expires, "IPsec SA lifetime")
		if c.handover != nil {
			t.add(c.handover.at, "IPsec SA handover")
			t.add(c.handover.end, "IPsec SA handover")
		}
		if !c.replaced {
			t.add(c.soft, "IPsec SA rekey")
		}
	}
}

// childExpired takes the data plane's word on a lifetime, in volume most of all.
func (s *Session) childExpired(e ipsec.Expired) {
	for _, c := range s.pairs() {
		switch {
		case c.in.SAID != e.SAID && c.out.SAID != e.SAID:
		case e.Hard:
			s.deleteChild(c, "IPsec SA lifetime expired")
			return
		case !c.replaced:
			c.foresee(s.now)
			s.rekey(c)
			return
		}
	}
}

// rekey begins the quick mode of the successor, with the configuration of now.
// Without an IKE SA, or with one that is told to respond only, somebody else has
// to: the tunnel is told.
func (s *Session) rekey(c *child) {
	c.soft = time.Time{}
	itf := s.env.Config.Current(c.itf)
	switch {
	case itf == nil || itf.Tunnel == nil || itf.Tunnel.Protection == nil || itf.Tunnel.Protection.ResponderOnly:
	case s.Negotiates(itf.Name):
		s.rekeyFailed(c) // by then it has its successor, or the exchange failed
	case s.rekeyedByPeer(itf.Name):
		c.soft = s.now.Add(crossing) // likewise
	case !s.Established():
		s.rekeyFailed(c)
		s.report(RekeyNeeded{SA: s.sa(), Tunnel: c.itf.Name, InSPI: c.in.SPI})
	default:
		c.replaced = true
		s.requestQuick(itf, c)
	}
}

// rekeyFailed lets the pair try again.
func (s *Session) rekeyFailed(c *child) {
	if c.retired {
		return
	}
	c.replaced = false
	if next := s.now.Add(rekeyRetry); c.expires.IsZero() || next.Before(c.expires) {
		c.soft = next
	}
}
