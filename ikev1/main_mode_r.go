package ikev1

import (
	"bytes"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// sentMM2: the policy is agreed.
type sentMM2 struct{ offer []byte }

// sentMM4: the keys exist, and the certificate for MM6, if any, is chosen.
type sentMM4 struct {
	own   *pki.Trustpoint // nil with a pre-shared key
	asked bool            // by MM3: own is the answer
}

func (sentMM2) phase() Phase   { return RMM2 }
func (sentMM2) sent() string   { return "MM2" }
func (sentMM2) awaits() string { return "MM3" }
func (sentMM4) phase() Phase   { return RMM4 }
func (sentMM4) sent() string   { return "MM4" }
func (sentMM4) awaits() string { return "MM5" }

// Respond answers a first MM1 or AG1. An error means that nothing of it is worth a
// session. The session may be Done at once (offer refused): poll it all the same.
func Respond(now time.Time, env *ike.Env, connID uint32, d ike.Datagram) (*Session, error) {
	if len(d.Data) > maxMessage {
		return nil, reject(wire.NotifyPayloadMalformed, "first message of %d octets", len(d.Data))
	}
	data := bytes.Clone(d.Data)
	m, err := wire.Parse(data)
	if err != nil {
		return nil, err
	}
	switch {
	case m.Version != wire.V1 || m.Exchange != wire.ExchangeMainMode && m.Exchange != wire.ExchangeAggressive:
		return nil, reject(wire.NotifyInvalidExchangeType, "%s does not begin an IKE SA", m.Exchange)
	case m.InitiatorSPI.IsZero() || !m.ResponderSPI.IsZero():
		return nil, reject(wire.NotifyInvalidCookie, "cookies %s %s are not those of a first message", m.InitiatorSPI, m.ResponderSPI)
	case m.MessageID != 0:
		return nil, reject(wire.NotifyInvalidMessageID, "message id %#x in %s", m.MessageID, m.Exchange)
	}
	if m.NextPayload == wire.PayloadFragment {
		return nil, reject(wire.NotifyInvalidPayloadType, "a fragment does not begin an IKE SA")
	}
	in := &inbound{Message: m, digest: digestOf(data), local: d.Local, remote: d.Remote}
	payloads, err := clearPayloads(in)
	if err == nil {
		err = knownPayloads(payloads)
	}
	if err != nil {
		return nil, err
	}
	body, err := one(payloads, wire.PayloadSA)
	if err != nil {
		return nil, err
	}
	offer, err := phase1SA(body)
	if err != nil {
		return nil, err
	}
	var ag1 aggressive
	if m.Exchange == wire.ExchangeAggressive {
		if ag1, err = parseAggressive(env.PKI, payloads, body); err != nil {
			return nil, err
		}
	}
	s := newSession(now, env, connID, Responder, d.VRF)
	s.exchange = m.Exchange
	s.local, s.remote = d.Local, d.Remote
	s.spiI = m.InitiatorSPI
	if s.spiR, err = s.cookie(); err != nil {
		return nil, err
	}
	first := s.sa()
	first.Role, first.State = NewPeer, NewSA
	s.report(PacketReceived{SA: first, Exchange: m.Exchange, Length: len(d.Data)})
	s.report(SAInserted{SA: s.sa(), Exchange: s.exchange})
	if m.Exchange == wire.ExchangeAggressive {
		s.answerAggressive(in, ag1, offer)
	} else {
		s.answerOffer(in, payloads, body, offer)
	}
	return s, nil
}

// answerOffer sends MM2, or the refusal.
func (s *Session) answerOffer(m *inbound, payloads []wire.Payload, body []byte, offer wire.ProposalV1) {
	s.step(InMMExchange, RMM1)
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSA})
	s.readVendors(payloads)
	s.learnNAT(payloads)
	s.psk = s.config.ResponderKey(s.local.Addr(), s.remote.Addr())
	s.reportKey(true)
	agreed, transform, ok := s.acceptOffer("MM1", m, offer.Transforms)
	if !ok {
		return
	}
	s.readVendors(payloads) // as IOS does, a second time
	s.step(InProcess, RMM1)
	s.agreed, s.state = agreed, MMSASetup
	transform.Number = 1
	b := wire.NewBuilder(nil, s.header(wire.ExchangeMainMode, 0))
	b.Add(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: []wire.ProposalV1{{
		Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV1{transform},
	}}})
	s.addVendors(b, s.announce(s.vendorsSA()))
	s.main = sentMM2{offer: bytes.Clone(body)}
	s.sendMain(b.Bytes(), true)
	s.resend.accepted = m.digest
	s.step(InComplete, RMM2)
}

// refuseOffer tells the peer in the clear that nothing of MM1 will do; no SA is
// left.
func (s *Session) refuseOffer(m *inbound) {
	n := wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyNoProposalChosen}
	ids, err := s.drawMessageIDs()
	if err != nil {
		return
	}
	id := ids.next()
	b := wire.NewBuilder(nil, s.header(wire.ExchangeInformational, id))
	b.Add(wire.PayloadNotify, n)
	s.report(NotifySent{SA: s.sa(), Type: n.Type, Protocol: n.Protocol, MessageID: id})
	s.transmit(wire.ExchangeInformational, id, b.Bytes())
	s.report(SADeleted{SA: s.sa(), Reason: "phase 1 SA policy not acceptable"})
}

// handle MM3: the peer's public value. The keys exist, MM4 follows.
func (st sentMM2) handle(s *Session, m *inbound) (mainMode, error) {
	x, err := parseKeyExchange(s.pki, m)
	if err != nil {
		return nil, err
	}
	dh, nonce, err := s.answerPair(x.public)
	if err != nil {
		return nil, err
	}
	t := transcript{offer: st.offer, gxi: x.public, gxr: dh.Public()}
	crypt, err := s.deriveKeys(dh, x.public, t, x.nonce, nonce)
	if err != nil {
		return nil, err
	}
	s.step(InMMExchange, RMM3)
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadKE})
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadNonce})
	s.crypt, s.state = crypt, MMKeyExch
	next, err := s.sendMM4(m, x, dh, nonce)
	if err != nil {
		crypt.wipe()
		s.crypt, s.state = nil, MMSASetup
	}
	return next, err
}

// sendMM4 also chooses the certificate for MM6: from all trustpoints, as the
// profile is not known before MM5, and for good if MM3 asked for one.
func (s *Session) sendMM4(m *inbound, x keyExchange, dh *suite.PrivateKey, nonce []byte) (mainMode, error) {
	own, err := s.chooseProof(x.requests)
	s.readVendors(x.payloads)
	s.readNATD(m, x.payloads)
	s.step(InProcess, RMM3)
	if err != nil {
		return nil, err
	}
	datagram, err := s.buildKeyExchange(dh, nonce)
	if err != nil {
		return nil, err
	}
	s.sendMain(datagram, true)
	s.step(InComplete, RMM4)
	return sentMM4{own: own, asked: len(x.requests) > 0}, nil
}

// handle MM5: the peer's identity. Its ID leads to the profile, which says who
// may have issued its certificate. MM6 follows, and main mode is over.
func (st sentMM4) handle(s *Session, m *inbound) (mainMode, error) {
	c, err := s.openMain(m)
	if err != nil {
		return nil, err
	}
	x, err := s.parseIdentity(c)
	if err != nil {
		return nil, err
	}
	s.step(InMMExchange, RMM5)
	if err := s.acceptIdentity(x, s.crypt.hashI(x.body)); err != nil {
		return nil, err
	}
	// IOS asks in MM3; charon and pluto ask in MM5, where the profile is known.
	if !st.asked {
		if own := s.answerRequests(x.requests); own != nil {
			st.own = own
		}
	}
	s.follow(m.local, m.remote)
	before := s.crypt.iv
	s.crypt.iv = c.next
	if err := s.sendMM6(st); err != nil {
		s.crypt.iv, s.up, s.profile = before, nil, nil
		return nil, err
	}
	for _, n := range x.notifies {
		s.heed(n, 0)
	}
	return complete{}, nil
}

// sendMM6 keeps the datagram, for a peer that repeats MM5, but waits for nothing.
func (s *Session) sendMM6(st sentMM4) error {
	s.step(InProcess, RMM5)
	datagram, next, err := s.buildIdentity(st.own, s.crypt.hashR, func(*wire.Builder) {})
	if err != nil {
		return err
	}
	s.crypt.iv = next
	s.sendMain(datagram, false)
	s.state = QMIdle
	s.step(InComplete, P1Complete)
	return nil
}
