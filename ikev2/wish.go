package ikev2

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// wish is what we ask for of a child SA.
type wish struct {
	itf       *policy.Interface
	spi       uint32 // ours
	sets      []*policy.TransformSet
	offer     wire.SAV2
	selector  ipsec.Selector
	transport bool
	begun     time.Time
}

// newWish is for a child SA of a tunnel; pfs is nil in IKE_AUTH, more are the
// additional key exchanges of the IKE SA.
func (s *Session) newWish(itf *policy.Interface, pfs *suite.Group, more ...*suite.Group) (*wish, error) {
	t := itf.Tunnel
	w := &wish{itf: itf, sets: t.Protection.Transforms, begun: s.now}
	if w.spi = s.env.NewSPI(); w.spi < minSPI {
		return nil, errors.New("no SPI: the random source fails")
	}
	if w.offer = childOffer(w.sets, w.spi, pfs, more...); len(w.offer) == 0 {
		return nil, errors.New("no transform set of the ipsec profile can be negotiated by IKEv2")
	}
	w.transport = transportMode(w.sets, t.Selector())
	w.selector = s.selector(t, w.transport)
	return w, nil
}

// transportMode says whether all sets ask for transport mode: the notification is
// about the whole offer. It carries what is between the two ends only.
func transportMode(sets []*policy.TransformSet, sel ipsec.Selector) bool {
	return sel.Local.IsSingleIP() && sel.Remote.IsSingleIP() &&
		!slices.ContainsFunc(speakable(sets), func(t *policy.TransformSet) bool { return t.Mode != ipsec.Transport })
}

// selector is a tunnel's traffic. In transport mode its packets are between the ends
// of the IKE SA, wherever a NAT has taken the peer.
func (s *Session) selector(t *policy.Tunnel, transport bool) ipsec.Selector {
	if transport {
		return t.SelectorTo(s.remote.Addr())
	}
	return t.Selector()
}

// protocol is that of the first proposal, in whose name the SPI is known.
func (w *wish) protocol() wire.ProtocolID { return w.offer[0].Protocol }

// addOffer adds SA.
func (w *wish) addOffer(s *Session, x *ikeSA, b *wire.Builder) {
	for _, p := range w.offer {
		s.report(ProposalBuilt{SA: s.sa(x), Proposal: p})
	}
	b.Add(wire.PayloadSAV2, w.offer)
}

// addSelectors adds TSi and TSr.
func (w *wish) addSelectors(b *wire.Builder) {
	ours, theirs := selectorsOf(w.selector)
	b.Add(wire.PayloadTSi, ours)
	b.Add(wire.PayloadTSr, theirs)
}

// accept reads the peer's answer to a wish of ours. A *refusal is the peer's word.
func (w *wish) accept(s *Session, m *message, notifies []wire.NotifyV2) (n negotiated, err error) {
	if r := refusedBy(notifies); r != nil {
		return n, r
	}
	sa, tsi, tsr, err := readChild(m)
	if err != nil {
		return n, err
	}
	choice, err := acceptChild(w.sets, w.offer, sa)
	if err != nil {
		return n, err
	}
	if err := s.checkPeerSPI(choice.answer.Protocol, choice.spi); err != nil {
		return n, err
	}
	n = negotiated{itf: w.itf, set: choice.set, pfs: choice.group, mode: ipsec.Tunnel, own: w.spi, peer: choice.spi, initiator: true, begun: w.begun}
	n.pending = choice.more
	if w.transport && has(notifies, wire.V2UseTransportMode) {
		n.mode = ipsec.Transport
		tsi, tsr = s.path.throughNAT(tsi, tsr, s.local.Addr(), s.remote.Addr())
	} else if choice.set.Require {
		return n, reject(wire.V2NoProposalChosen, "the transform set requires transport mode, the peer chose tunnel mode")
	}
	if n.selector, err = narrowed(w.selector, tsi, tsr); err != nil {
		return n, err
	}
	if n.selector != w.selector {
		return n, reject(wire.V2TSUnacceptable, "the peer narrowed the traffic to %s, which is not all of the tunnel's", n.selector)
	}
	return n, nil
}

// readChild reads SA, TSi and TSr, which there must be once each.
func readChild(m *message) (sa wire.SAV2, tsi, tsr wire.TSV2, err error) {
	if sa, err = one(m, wire.PayloadSAV2, wire.ParseSAV2); err != nil {
		return nil, nil, nil, err
	}
	if tsi, err = one(m, wire.PayloadTSi, wire.ParseTSV2); err != nil {
		return nil, nil, nil, err
	}
	tsr, err = one(m, wire.PayloadTSr, wire.ParseTSV2)
	return sa, tsi, tsr, err
}

func has(notifies []wire.NotifyV2, t wire.NotifyTypeV2) bool {
	return slices.ContainsFunc(notifies, func(n wire.NotifyV2) bool { return n.Type == t })
}

// checkPeerSPI refuses an SPI that the peer has in use: the data plane would hold
// two SAs of one name.
func (s *Session) checkPeerSPI(protocol wire.ProtocolID, spi uint32) error {
	same := func(c *child) bool { return c.out.SPI == spi && wireProtocol(c.out.Protocol) == protocol }
	if slices.ContainsFunc(s.children, same) || slices.ContainsFunc(s.pending, func(p *installation) bool { return same(p.child) }) {
		return reject(wire.V2NoProposalChosen, "the peer uses SPI %#x already", spi)
	}
	return nil
}

// granted is our answer to a wish of the peer's.
type granted struct {
	negotiated
	choice   childChoice
	tsi, tsr wire.TSV2
}

// grant finds the tunnel that a wish of the peer's is for, and a transform set
// that will do. wish has the conditions that the exchange makes; old is the pair
// that it rekeys, nil for none.
func (s *Session) grant(x *ikeSA, m *message, notifies []wire.NotifyV2, wish childWish, old *child) (*granted, error) {
	sa, tsi, tsr, err := readChild(m)
	if err != nil {
		return nil, err
	}
	g := &granted{tsi: tsi, tsr: tsr}
	theirs, ours := tsi, tsr
	wanted := has(notifies, wire.V2UseTransportMode)
	if wanted {
		ours, theirs = s.path.throughNAT(ours, theirs, s.local.Addr(), s.remote.Addr())
	}
	tunnel := s.tunnelFor(old, func(t *policy.Tunnel) bool { return offered(ours, theirs, s.selector(t, wanted)) })
	if tunnel.Interface == nil {
		s.report(SelectorsRefused{SA: s.sa(x), Profile: tunnel.Reason == policy.RefusedProfile, Reason: tunnel.Reason})
		return nil, reject(wire.V2TSUnacceptable, "%s", tunnel.Reason)
	}
	t := tunnel.Interface.Tunnel
	selector := s.selector(t, wanted)
	wish.sets = t.Protection.Transforms
	if !wish.first {
		wish.pfs, wish.anyPFS = t.Protection.PFS, t.Protection.AnyPFS
	}
	wish.transport = wanted && selector.Local.IsSingleIP() && selector.Remote.IsSingleIP()
	choice, ok := chooseChild(wish, sa)
	if !ok {
		s.report(OfferRefused{SA: s.sa(x), Received: sa, Expected: childOffer(wish.sets, 0, wish.pfs, wish.more...), Checks: choice.checks})
		return nil, reject(wire.V2NoProposalChosen, "no proposal of the peer is one of the tunnel's transform sets")
	}
	if err := s.checkPeerSPI(choice.answer.Protocol, choice.spi); err != nil {
		return nil, err
	}
	spi := s.env.NewSPI()
	if spi < minSPI {
		return nil, errors.New("no SPI: the random source fails")
	}
	g.choice = choice
	g.negotiated = negotiated{
		itf: tunnel.Interface, set: choice.set, mode: choice.mode, pfs: choice.group,
		own: spi, peer: choice.spi, selector: selector, begun: s.now,
	}
	g.pending = choice.more
	own, peer := selectorsOf(selector)
	if choice.mode == ipsec.Transport {
		own, peer = asAsked(own, tsr), asAsked(peer, tsi)
	}
	g.tsi, g.tsr = peer, own
	return g, nil
}

// tunnelFor finds the tunnel whose traffic fits. That of a rekeying stays the same.
func (s *Session) tunnelFor(old *child, fits func(*policy.Tunnel) bool) policy.TunnelChoice {
	config, profile := s.current()
	if old != nil {
		if itf := config.Current(old.itf); itf != nil && itf.Tunnel != nil && itf.Tunnel.Protection != nil && fits(itf.Tunnel) {
			return policy.TunnelChoice{Interface: itf, Reason: "proxies of " + itf.Name}
		}
		return policy.TunnelChoice{Reason: policy.RefusedProxies}
	}
	choice := config.IKEv2TunnelFor(s.local.Addr(), s.home(), profile, fits)
	if choice.Interface != nil || s.env.Access == nil {
		return choice
	}
	return s.access(config.IKEv2AccessFor(s.local.Addr(), profile, fits, choice))
}

// access gives the peer the Virtual-Access interface of a template.
func (s *Session) access(choice policy.TunnelChoice) policy.TunnelChoice {
	if choice.Interface == nil {
		return choice
	}
	owner := "IKEv2 " + strconv.FormatUint(uint64(s.connID), 10)
	if choice.Interface = s.env.Access(ike.Access{Template: choice.Interface, Ends: ike.Ends{VRF: s.vrf, Local: s.local.Addr(), Remote: s.home()}, Owner: owner, Now: s.now}); choice.Interface == nil {
		choice.Reason = policy.RefusedAccess
	}
	return choice
}

// current is the configuration for a new child SA: the newest, in which the profile
// has kept its name, but while the handshake lasts the one that it began with.
func (s *Session) current() (*policy.Config, *policy.IKEv2Profile) {
	if s.up == nil {
		return s.config, s.profile
	}
	return s.env.Config.In(s.vrf), s.env.Config.IKEv2Profile(s.profile.Name)
}

// asAsked gives our selector the addresses by which the peer knows the two ends:
// behind a NAT they are others (RFC 7296 section 2.23.1).
func asAsked(ours, asked wire.TSV2) wire.TSV2 {
	for _, ts := range asked {
		if ts.Start.IsValid() && ts.Start == ts.End {
			return withAddress(ours, ts.Start)
		}
	}
	return ours
}

// addChoice adds SA.
func (g *granted) addChoice(s *Session, x *ikeSA, b *wire.Builder) {
	g.choice.answer.SPI = binary.BigEndian.AppendUint32(nil, g.own)
	s.report(ProposalBuilt{SA: s.sa(x), Proposal: g.choice.answer})
	b.Add(wire.PayloadSAV2, wire.SAV2{g.choice.answer})
}

// addSelectors adds TSi and TSr, and the mode where it is not tunnel mode.
func (g *granted) addSelectors(b *wire.Builder) {
	b.Add(wire.PayloadTSi, g.tsi)
	b.Add(wire.PayloadTSr, g.tsr)
	if g.mode == ipsec.Transport {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2UseTransportMode})
	}
}
