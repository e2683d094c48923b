package ikev1

import (
	"bytes"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// sentQM1: the offer is out.
type sentQM1 struct {
	idle
	offer    []wire.ProposalV1
	selector ipsec.Selector
	ids      [2][]byte         // IDci, IDcr as sent
	dh       *suite.PrivateKey // nil: no PFS
	expected []ipsec.SAID      // of a rekey: the data plane knows of the inbound SA
}

// installingI: both SAs are ordered, or at a rekey the inbound one. QM3 leaves
// when they stand, as the peer may send as soon as it has QM3.
type installingI struct {
	busy
	child   *child
	orders  []ipsec.SAID
	missing []ipsec.SAID // of these
	later   ipsec.SA     // outbound, with its keys; empty: ordered
}

func (sentQM1) sent() string        { return "QM1" }
func (sentQM1) awaits() string      { return "QM2" }
func (*installingI) sent() string   { return "QM1" }
func (*installingI) awaits() string { return "QM3" }

func (st sentQM1) ordered() []ipsec.SAID { return st.expected }

func (st *installingI) ordered() []ipsec.SAID {
	return st.orders
}

// StartChild begins a quick mode for a tunnel, or does so after main mode.
func (s *Session) StartChild(now time.Time, itf *policy.Interface) {
	s.now = now
	switch {
	case s.main == nil:
		s.refuseQuick(itf, "the IKE SA is gone")
	case s.up == nil:
		s.reportRequest(itf)
		s.wait(itf)
	default:
		s.requestQuick(itf, nil)
	}
}

// wait has a quick mode follow phase 1.
func (s *Session) wait(itf *policy.Interface) {
	if s.waiting == nil {
		s.waiting = new([]*policy.Interface)
	}
	*s.waiting = append(*s.waiting, itf)
}

// reportRequest says what the IPsec engine asks for, before an IKE SA is looked
// for or begun.
func (s *Session) reportRequest(itf *policy.Interface) {
	protection := itf.Tunnel.Protection
	for _, set := range protection.Transforms {
		s.report(IPsecRequested{SA: s.sa(), Tunnel: itf.Name, Selector: itf.Tunnel.Selector(), Set: set, Lifetime: protection.Lifetime})
	}
}

// refuseQuick says why a quick mode was not begun.
func (s *Session) refuseQuick(itf *policy.Interface, reason string) {
	s.report(ike.NegotiationFailed{Tunnel: itf.Name, Peer: s.remote.Addr(), Stage: "QM1", Reason: reason})
}

// requestQuick begins a quick mode over an IKE SA that stands.
func (s *Session) requestQuick(itf *policy.Interface, replaces *child) {
	s.reportRequest(itf)
	s.report(QuickRequested{SA: s.sa(), Tunnel: itf.Name})
	s.beginQuick(itf, replaces)
}

// beginQuick sends QM1.
func (s *Session) beginQuick(itf *policy.Interface, replaces *child) {
	if err := s.sendQM1(itf, replaces); err != nil {
		s.refuseQuick(itf, err.Error())
		if replaces != nil {
			s.rekeyFailed(replaces)
		}
	}
}

func (s *Session) sendQM1(itf *policy.Interface, replaces *child) error {
	protection := itf.Tunnel.Protection
	if p := protection.ISAKMPProfile; p != nil && p.Name != s.profileName() {
		return refuse(0, "map_db_check_isakmp_profile profile did not match")
	}
	if s.inFlight() >= maxQuickModes {
		return refuse(0, "%d quick modes are in flight", maxQuickModes)
	}
	q := &quickMode{initiator: true, config: s.env.Config.In(s.vrf), itf: itf, replaces: replaces, phase: QMReady, begun: s.now}
	var err error
	if q.spi, err = s.newChildSPI(); err != nil {
		return err
	}
	st := sentQM1{selector: itf.Tunnel.Selector()}
	if st.offer, err = s.throughNAT(quickOffer(itf, q.spi)); err != nil {
		return err
	}
	st.ids = proxyIDs(st.selector)
	q.ni = make([]byte, nonceLen)
	if err := s.random(q.ni); err != nil {
		return err
	}
	if protection.PFS != nil {
		if st.dh, err = protection.PFS.Generate(s.env.Rand); err != nil {
			return err
		}
	}
	if q.id, err = s.newMessageID(); err != nil {
		return err
	}
	s.report(ExchangeBegun{SA: s.sa(), Exchange: wire.ExchangeQuickMode, MessageID: q.id})
	s.report(SPIAllocated{SA: s.sa(), MessageID: q.id, Initiator: true, SPI: q.spi})
	if s.carries(itf.Name, st.selector) {
		// The peer has the new keys with QM1, and may send on the new pair before
		// its QM2 is here.
		mark, _ := itf.Tunnel.Bind(s.nat.peer)
		id := ipsec.SAID{Src: s.remote.Addr(), Dst: s.local.Addr(), SPI: q.spi, Protocol: saProtocol(st.offer[0].Protocol), Mark: mark}
		s.out = append(s.out, ike.ExpectSA{SAID: id, Encap: s.encap()})
		st.expected = []ipsec.SAID{id}
	}
	q.iv, q.state = s.crypt.exchangeIV(q.id), st
	s.up.quick = append(s.up.quick, q)
	b := s.quickMessage(q, st.offer, q.ni, st.dh, st.ids)
	s.crypt.putHash(b, q.id, nil)
	s.sendQuick(q, b, true)
	s.stepQuick(q, InInitQM, QMIQM1)
	return nil
}

// quickMessage builds QM1 or QM2 with room for its hash: HASH, SA, NONCE, [KE],
// IDci, IDcr, [NAT-OAi, NAT-OAr].
func (s *Session) quickMessage(q *quickMode, proposals []wire.ProposalV1, nonce []byte, dh *suite.PrivateKey, ids [2][]byte) *wire.Builder {
	b := wire.NewBuilder(nil, s.header(wire.ExchangeQuickMode, q.id))
	b.Add(wire.PayloadHash, wire.Raw(make([]byte, s.crypt.hash.Size)))
	b.Add(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: proposals})
	b.Add(wire.PayloadNonce, wire.Raw(nonce))
	if dh != nil {
		b.Add(wire.PayloadKE, wire.Raw(dh.Public()))
	}
	for _, id := range ids {
		if id != nil {
			b.Add(wire.PayloadID, wire.Raw(id))
		}
	}
	s.addNATOA(b, q.initiator, proposals)
	return b
}

// handle QM2: what the peer took of the offer. RFC 2409 section 5.5: "HASH(2) =
// prf(SKEYID_a, M-ID | Ni_b | SA | Nr [ | KE ] [ | IDci | IDcr ])".
func (st sentQM1) handle(s *Session, q *quickMode, c *opened) error {
	if err := c.checkHash(s.crypt.messageHash(messageID(q.id), q.ni, c.afterHash())); err != nil {
		return err
	}
	s.follow(c.from.local, c.from.remote)
	x, err := s.parseQuick(c)
	if err != nil {
		return verdict(err)
	}
	if !offered(st.offer, x.proposals) {
		return refuse(wire.NotifyBadProposalSyntax, "the peer's choice is not one of our proposals")
	}
	if !bytes.Equal(x.ids[0], st.ids[0]) || !bytes.Equal(x.ids[1], st.ids[1]) {
		return refuse(wire.NotifyInvalidIDInformation, "the peer's proxy identities are not ours")
	}
	s.reportRead(q, wire.PayloadHash, wire.PayloadSA)
	match, err := s.checkTransforms(q, st.selector, x.proposals)
	if err != nil {
		return err
	}
	spis, err := s.checkPeerSPIs(match)
	if err != nil {
		return err
	}
	gxy, err := sharedSecret(st.dh, x.public)
	if err != nil {
		return err
	}
	defer clear(gxy)
	q.peer, q.nr, q.iv = spis, bytes.Clone(x.nonce), c.next
	n := agreedOn(match, st.selector)
	s.reportQuickPayloads(q, x)
	for _, told := range x.notifies {
		s.report(NotifyReceived{SA: s.sa(), Type: told.Type, Protocol: told.Protocol, SPI: bytes.Clone(told.SPI), MessageID: q.id, Authenticated: true})
		if told.Type == wire.NotifyResponderLifetime {
			n.lifetime = shorter(n.lifetime, notifiedLifetime(told))
		}
	}
	in, out := s.pair(q, n, gxy)
	next := &installingI{
		child:  &child{in: in.Public(), out: out.Public(), itf: q.itf, pfs: n.pfs, lifetime: n.lifetime, initiator: true, begun: q.begun},
		orders: []ipsec.SAID{in.SAID},
	}
	s.jitter(next.child, &in, &out)
	s.install(in)
	if s.carries(q.itf.Name, st.selector) {
		next.later = out
	} else {
		s.install(out)
		next.orders = append(next.orders, out.SAID)
	}
	next.missing = slices.Clone(next.orders)
	q.state = next
	q.resend.awaiting = false
	s.stepQuick(q, InQMExchange, QMInstallAwait)
	return nil
}

// installed sends QM3 when what was ordered stands. RFC 2409 section 5.5: "HASH(3) =
// prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)".
func (st *installingI) installed(s *Session, q *quickMode, ev ipsec.Installed) {
	sa := st.child.in
	if ev.SAID == st.child.out.SAID {
		sa = st.child.out
	}
	if !s.stands(q, sa, ev) {
		return
	}
	st.missing = slices.DeleteFunc(st.missing, func(id ipsec.SAID) bool { return id == ev.SAID })
	if len(st.missing) > 0 {
		return
	}
	b := wire.NewBuilder(nil, s.header(wire.ExchangeQuickMode, q.id))
	b.Add(wire.PayloadHash, wire.Raw(s.crypt.hash3(q)))
	s.sendQuick(q, b, false)
	s.report(NodeDeleted{SA: s.sa(), MessageID: q.id, Reason: "No Error"})
	s.stepQuick(q, InInstallDone, QMComplete)
	if st.later.SPI != 0 {
		st.child.handover = &handover{q: q, out: st.later, at: s.sendsAt(q.replaces)}
	}
	s.finish(q, st.child)
}
