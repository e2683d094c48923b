package ikev1

import (
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// sentAG2: the keys exist, we are authenticated to the peer, whose name is known
// and not proved.
type sentAG2 struct {
	transcript transcript
	identity   identity
	peer       policy.PeerID
}

func (sentAG2) phase() Phase   { return RAM2 }
func (sentAG2) sent() string   { return "AG2" }
func (sentAG2) awaits() string { return "AG3" }

// answerAggressive sends AG2, or the refusal of the offer. Whatever else is
// wrong is told to nobody.
func (s *Session) answerAggressive(m *inbound, x aggressive, offer wire.ProposalV1) {
	s.step(InAMExchange, RAMAwait)
	peer, err := s.readAG1(x)
	if err != nil {
		s.failed("AG1", err.Error())
		s.report(SADeleted{SA: s.sa(), Reason: "phase 1 identity not acceptable"})
		return
	}
	if err := s.findMethods(); err != nil {
		s.failed("AG1", err.Error())
		s.refuseOffer(m)
		return
	}
	agreed, transform := s.checkOffer(offer.Transforms)
	if agreed.policy == nil {
		s.failed("AG1", "no offer of the peer is acceptable")
		s.refuseOffer(m)
		return
	}
	s.agreed = agreed
	if err := s.sendAG2(m, x, peer, transform); err != nil {
		s.failed("AG1", err.Error())
		s.report(SADeleted{SA: s.sa(), Reason: "phase 1 key exchange failed"})
	}
}

// readAG1 finds the profile and the key of the peer's name.
func (s *Session) readAG1(x aggressive) (policy.PeerID, error) {
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSA})
	peer, err := s.readID(x.identity)
	if err != nil {
		return peer, err
	}
	if err := s.matchProfile(peer, nil); err != nil {
		return peer, err
	}
	s.readVendors(x.payloads)
	s.psk = s.config.AggressiveKey(s.profile, peer, s.local.Addr(), s.remote.Addr())
	s.reportKey(true)
	return peer, nil
}

func (s *Session) sendAG2(m *inbound, x aggressive, peer policy.PeerID, transform wire.TransformV1) error {
	id, err := s.config.SelfIdentity(s.profile, s.local.Addr(), nil)
	if err != nil {
		return err
	}
	dh, nonce, err := s.keyPair(s.agreed.policy.Group)
	if err != nil {
		return err
	}
	vendors, err := s.vendorsKE()
	if err != nil {
		return err
	}
	t := transcript{offer: x.sa, gxi: x.public, gxr: dh.Public()}
	if s.crypt, err = s.deriveKeys(dh, x.public, t, x.nonce, nonce); err != nil {
		return err
	}
	s.state = AGInitExch
	s.reportKeyPayloads()
	transform.Number = 1
	b := wire.NewBuilder(nil, s.header(wire.ExchangeAggressive, 0))
	b.Add(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: []wire.ProposalV1{{
		Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV1{transform},
	}}})
	s.report(AuthenticationBegun{SA: s.sa(), Method: policy.PreShare, IDType: id.Type})
	body := s.addSelf(b, dh, nonce, id, wire.PayloadHash)
	b.Add(wire.PayloadHash, wire.Raw(s.hashR(t, body)))
	s.addVendors(b, s.announce(append(vendorsMM2[:1:1], vendors...)))
	s.addNATD(b, s.agreed.policy.Hash)
	s.main = sentAG2{transcript: t, identity: x.identity, peer: peer}
	s.sendMain(b.Bytes(), true)
	s.resend.accepted = m.datagram
	s.step(InKeyReply, RAM2)
	return nil
}

// handle AG3: the proof of the name that AG1 gave.
func (st sentAG2) handle(s *Session, m *inbound) (mainMode, error) {
	c, err := s.openMain(m)
	if err != nil {
		return nil, err
	}
	x := st.identity
	if x.proof, err = one(c.payloads, wire.PayloadHash); err != nil {
		return nil, err
	}
	notifies, err := parseNotifies(c.payloads)
	if err != nil {
		return nil, err
	}
	if err := s.prove(x, s.hashI(st.transcript, x.body)); err != nil {
		return nil, err
	}
	s.establish(st.peer)
	s.crypt.iv = c.next
	s.readNATD(s.agreed.policy.Hash, c.payloads)
	s.resend.sent(s.now, nil, false)
	s.state = QMIdle
	s.step(InAMExchange, P1Complete)
	for _, n := range notifies {
		s.readNotify(n, 0)
	}
	return complete{}, nil
}
