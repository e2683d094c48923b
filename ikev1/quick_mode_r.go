package ikev1

import (
	"bytes"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// received: QM1 is being judged.
type received struct {
	idle
	busy
}

// wipe forgets the keys of an SA that was not handed over.
func wipe(sa ipsec.SA) {
	sa.EncrKey.Wipe()
	sa.IntegKey.Wipe()
	sa.AHKey.Wipe()
}

// installingIn: the inbound SA is ordered. QM2 lets the peer use it, so it leaves
// when the SA stands.
type installingIn struct {
	busy
	reply *wire.Builder
	out   ipsec.SA // with its keys
	child *child
}

// installingFirst: this pair is the first for its traffic, so nothing is lost by
// sending on it early: QM2 leaves when the outbound SA stands too, and the
// peer's first packet after QM3 finds the way back.
type installingFirst struct {
	busy
	reply *wire.Builder
	child *child
}

// sentQM2: the peer has all it needs, we have its word when QM3 comes.
type sentQM2 struct {
	idle
	out      ipsec.SA // with its keys
	child    *child
	standing bool // the outbound SA is installed, out is empty
}

// installingOut: the peer is ready, the outbound SA is ordered.
type installingOut struct {
	busy
	child *child
}

func (received) sent() string          { return "" }
func (received) awaits() string        { return "QM1" }
func (installingIn) sent() string      { return "" }
func (installingIn) awaits() string    { return "QM2" }
func (installingFirst) sent() string   { return "" }
func (installingFirst) awaits() string { return "QM2" }
func (sentQM2) sent() string           { return "QM2" }
func (sentQM2) awaits() string         { return "QM3" }
func (installingOut) sent() string     { return "QM2" }
func (installingOut) awaits() string   { return "QM3" }

func (st installingIn) ordered() []ipsec.SAID    { return []ipsec.SAID{st.child.in.SAID} }
func (st installingFirst) ordered() []ipsec.SAID { return st.child.both() }
func (st installingOut) ordered() []ipsec.SAID   { return st.child.both() }
func (st sentQM2) ordered() []ipsec.SAID {
	if st.standing {
		return st.child.both()
	}
	return []ipsec.SAID{st.child.in.SAID}
}

// answerQuick takes QM1. RFC 2409 section 5.5: "HASH(1) = prf(SKEYID_a, M-ID |
// SA | Ni [ | KE ] [ | IDci | IDcr ] )".
func (s *Session) answerQuick(m *inbound) error {
	if s.inFlight() >= maxQuickModes {
		return reject(0, "%d quick modes are in flight", maxQuickModes)
	}
	c, err := s.openNew(m)
	if err != nil {
		return err
	}
	s.use(m)
	q := &quickMode{id: m.MessageID, config: s.env.Config.In(s.vrf), phase: QMReady, state: received{}, begun: s.now, iv: c.next}
	q.resend.accepted = m.digest
	s.up.quick = append(s.up.quick, q)
	if err := s.judgeQM1(q, c); err != nil {
		s.abort(q, asRejection(verdict(err)))
		return err
	}
	return nil
}

// judgeQM1 finds the tunnel of the proxies, a transform set that will do, and
// orders the inbound SA.
func (s *Session) judgeQM1(q *quickMode, c *opened) error {
	x, err := s.parseQuick(c)
	if err != nil {
		return err
	}
	if p := x.proposals[0]; len(p.SPI) == 4 { // that a refusal names
		q.peer = peerSPIs{protocol: p.Protocol, spi: spiOf(p.SPI)}
	}
	s.reportRead(q, wire.PayloadHash, wire.PayloadSA)
	selector, err := s.selectorOf(x.ids)
	if err != nil {
		return err
	}
	selector = s.asSeen(selector, x.proposals)
	profile := s.profile
	if profile != nil {
		profile = q.config.Profile(profile.Name)
	}
	choice := s.access(q.config, selector, profile, q.config.TunnelFor(s.local.Addr(), s.remote.Addr(), selector, profile))
	checked := ProxiesChecked{SA: s.sa(), MessageID: q.id, Selector: selector, Profile: choice.Reason == policy.RefusedProfile, Reason: choice.Reason}
	if choice.Interface == nil {
		s.report(checked)
		return refuse(wire.NotifyNoProposalChosen, "%s", choice.Reason)
	}
	q.itf, checked.Tunnel = choice.Interface, choice.Interface.Name
	match, err := s.checkTransforms(q, selector, x.proposals)
	if err != nil {
		return err
	}
	s.report(checked)
	s.reportQuickPayloads(q, x)
	q.peer = peerSPIs{} // until we know that it is no other's
	if q.peer, err = s.checkPeerSPIs(match); err != nil {
		return err
	}
	return s.agreeQM1(q, x, match, selector)
}

// access gives a peer for whose traffic no tunnel is configured the Virtual-Access
// interface of its profile's template.
func (s *Session) access(config *policy.Config, selector ipsec.Selector, profile *policy.ISAKMPProfile, choice policy.TunnelChoice) policy.TunnelChoice {
	if choice.Interface != nil || s.env.Access == nil {
		return choice
	}
	choice = config.AccessFor(s.local.Addr(), selector, profile, choice)
	if choice.Interface == nil {
		return choice
	}
	owner := "ISAKMP " + profile.Name + " " + s.up.peerID
	if choice.Interface = s.env.Access(ike.Access{Template: choice.Interface, Ends: s.ends(), Owner: owner, Now: s.now}); choice.Interface == nil {
		choice.Reason = policy.RefusedAccess
	}
	return choice
}

func (s *Session) agreeQM1(q *quickMode, x quickPayloads, match policy.TransformMatch, selector ipsec.Selector) error {
	var dh *suite.PrivateKey
	var err error
	if match.Group != nil {
		if dh, err = match.Group.Generate(s.env.Rand); err != nil {
			return err
		}
	}
	gxy, err := sharedSecret(dh, x.public)
	if err != nil {
		return err
	}
	defer clear(gxy)
	if q.spi, err = s.newChildSPI(); err != nil {
		return err
	}
	q.ni, q.nr = bytes.Clone(x.nonce), make([]byte, nonceLen)
	if err := s.random(q.nr); err != nil {
		return err
	}
	s.report(SPIAllocated{SA: s.sa(), MessageID: q.id, SPI: q.spi})
	s.stepQuick(q, InQMExchange, QMSPIStarve)
	n := agreedOn(match, selector)
	b := s.quickMessage(q, chosen(x.proposals, match, q.spi), q.nr, dh, x.ids)
	if life := quickLifetime(match, spiBytes(q.spi)); life != nil {
		b.Add(wire.PayloadNotify, *life)
		s.report(NotifySent{SA: s.sa(), Type: life.Type, Protocol: life.Protocol, SPI: life.SPI, MessageID: q.id})
	}
	s.crypt.putHash(b, q.id, q.ni)
	in, out := s.pair(q, n, gxy)
	c := &child{in: in.Public(), out: out.Public(), itf: q.itf, pfs: n.pfs, lifetime: n.lifetime, begun: q.begun}
	s.jitter(c, &in, &out)
	s.install(in)
	q.state = installingIn{reply: b, out: out, child: c}
	s.stepQuick(q, InGotSPI, QMInstallAwait)
	return nil
}

// chosen is the proposal that was taken, its protocols in the order of the
// offer, with one transform and our SPI each.
func chosen(offer []wire.ProposalV1, match policy.TransformMatch, spi uint32) (out []wire.ProposalV1) {
	for _, p := range offer {
		if p.Number != match.Proposal.Number {
			continue
		}
		t := match.Transform
		if match.AH != nil && p.Protocol == wire.ProtocolAH {
			t = match.AH.Transform
		}
		p.SPI, p.Transforms = spiBytes(spi), []wire.TransformV1{t}
		out = append(out, p)
	}
	return out
}

// installed sends QM2, or orders the other SA first.
func (st installingIn) installed(s *Session, q *quickMode, ev ipsec.Installed) {
	if !s.stands(q, st.child.in, ev) {
		return
	}
	if s.carries(q.itf.Name, st.child.in.Selector) {
		s.sendQM2(q, st.reply, sentQM2{out: st.out, child: st.child})
		return
	}
	s.install(st.out)
	q.state = installingFirst{reply: st.reply, child: st.child}
}

// installed sends QM2.
func (st installingFirst) installed(s *Session, q *quickMode, ev ipsec.Installed) {
	if s.stands(q, st.child.out, ev) {
		s.sendQM2(q, st.reply, sentQM2{child: st.child, standing: true})
	}
}

// stands reports the data plane's answer. Without the SA the exchange ends.
func (s *Session) stands(q *quickMode, sa ipsec.SA, ev ipsec.Installed) bool {
	s.reportInstalled(q, sa, ev.Err)
	if ev.Err != nil {
		s.abort(q, refuse(wire.NotifyNoProposalChosen, "the data plane refused the SA: %v", ev.Err))
	}
	return ev.Err == nil
}

func (s *Session) sendQM2(q *quickMode, reply *wire.Builder, next sentQM2) {
	s.sendQuick(q, reply, true)
	q.state = next
	s.stepQuick(q, InInstallDone, QMRQM2)
}

// handle QM3: the peer has both SAs. Ours to it follows, if it does not stand.
func (st sentQM2) handle(s *Session, q *quickMode, c *opened) error {
	if err := c.checkHash(s.crypt.hash3(q)); err != nil {
		return err
	}
	s.follow(c.from.local, c.from.remote)
	s.reportRead(q, wire.PayloadHash)
	q.resend.sent(s.now, nil, false)
	if st.standing {
		s.concludeQuick(q, st.child)
		return nil
	}
	s.install(st.out)
	q.state = installingOut{child: st.child}
	return nil
}

// concludeQuick ends the exchange at the responder.
func (s *Session) concludeQuick(q *quickMode, c *child) {
	s.report(NodeDeleted{SA: s.sa(), MessageID: q.id, Reason: "QM done (await)"})
	s.stepQuick(q, InQMExchange, QMComplete)
	s.finish(q, c)
}

// installed ends the exchange. The peer thinks it succeeded: if it did not, it is
// told by the deletion of our inbound SA.
func (st installingOut) installed(s *Session, q *quickMode, ev ipsec.Installed) {
	s.reportInstalled(q, st.child.out, ev.Err)
	if ev.Err != nil {
		s.withdraw(st.child)
		s.failQuick(q, "QM rejected", "QM3", "the data plane refused the SA: "+ev.Err.Error())
		return
	}
	s.concludeQuick(q, st.child)
}
