package ikev1

import (
	"bytes"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// sentAG2: the keys exist, we are authenticated to the peer, whose name is known
// and not proved.
type sentAG2 struct {
	hash []byte          // HASH_I, that AG3 proves
	id   wire.IDV1       // of AG1
	own  *pki.Trustpoint // whose certificate we showed, nil with a pre-shared key
}

func (sentAG2) phase() Phase   { return RAM2 }
func (sentAG2) sent() string   { return "AG2" }
func (sentAG2) awaits() string { return "AG3" }

// answerAggressive sends AG2, or the refusal of the offer. Whatever else is
// wrong is told to nobody.
func (s *Session) answerAggressive(m *inbound, x aggressive, offer wire.ProposalV1) {
	s.step(InAMExchange, RAMAwait)
	if err := s.readAG1(x); err != nil {
		s.failed("AG1", err.Error())
		s.report(SADeleted{SA: s.sa(), Reason: "phase 1 identity not acceptable"})
		return
	}
	agreed, transform, ok := s.acceptOffer("AG1", m, offer.Transforms)
	if !ok {
		return
	}
	s.agreed = agreed
	if err := s.sendAG2(m, x, transform); err != nil {
		s.failed("AG1", err.Error())
		s.report(SADeleted{SA: s.sa(), Reason: "phase 1 key exchange failed"})
		if s.crypt != nil {
			s.crypt.wipe()
		}
	}
}

// readAG1 finds the profile and the key of the peer's name.
func (s *Session) readAG1(x aggressive) error {
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSA})
	peer, err := s.readID(x.identity)
	if err != nil {
		return err
	}
	if err := s.matchProfile(peer, nil); err != nil {
		return err
	}
	s.readVendors(x.payloads)
	s.learnNAT(x.payloads)
	s.psk = s.config.AggressiveKey(s.profile, peer, s.local.Addr(), s.remote.Addr())
	s.reportKey(true)
	return nil
}

func (s *Session) sendAG2(m *inbound, x aggressive, transform wire.TransformV1) error {
	own, err := s.chooseProof(x.identity.requests)
	if err != nil {
		return err
	}
	id, err := s.config.SelfIdentity(s.profile, s.local.Addr(), own)
	if err != nil {
		return err
	}
	dh, nonce, err := s.answerPair(x.public)
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
	s.report(AuthenticationBegun{SA: s.sa(), Method: s.agreed.policy.Auth, IDType: id.Type})
	s.addVendors(b, s.announce(append(s.vendorsSA(), vendors...)))
	body := s.addSelf(b, dh, nonce, id, wire.PayloadNonce)
	if err := s.addProof(b, own, s.crypt.hashR(body)); err != nil {
		return err
	}
	if !s.preShared() {
		s.addRequests(b)
	}
	s.addNATD(b, s.agreed.policy.Hash)
	x.identity.id.Data = bytes.Clone(x.identity.id.Data) // not all of AG1 for it
	s.main = sentAG2{hash: s.crypt.hashI(x.identity.body), id: x.identity.id, own: own}
	s.crypt.proved()
	s.sendMain(b.Bytes(), true)
	s.resend.accepted = m.digest
	input := InComplete
	if s.preShared() {
		input = InKeyReply
	}
	s.step(input, RAM2)
	return nil
}

// openAG3 decrypts AG3, or takes it as it came. RFC 2409 section 5: "The final
// message MAY NOT be sent under protection of the ISAKMP SA allowing each party to
// postpone exponentiation". Its proof needs no protection, a notify would.
func (s *Session) openAG3(m *inbound) (*opened, error) {
	if m.Flags&wire.FlagEncryption != 0 {
		return s.openMain(m)
	}
	payloads := slices.DeleteFunc(slices.Clone(m.Payloads), func(p wire.Payload) bool { return p.Type == wire.PayloadNotify })
	return &opened{payloads: payloads, next: s.crypt.iv}, nil
}

// handle AG3: the proof of the name that AG1 gave.
func (st sentAG2) handle(s *Session, m *inbound) (mainMode, error) {
	c, err := s.openAG3(m)
	if err != nil {
		return nil, err
	}
	peer, err := policy.ParsePeerID(st.id)
	if err != nil {
		return nil, err
	}
	x := identity{id: st.id}
	if err := s.parseProof(c.payloads, &x); err != nil {
		return nil, err
	}
	if s.preShared() {
		if err := s.prove(x, st.hash); err != nil {
			return nil, err
		}
		s.establish(peer, x.notifies)
	} else if err := s.acceptPeer(peer, x, st.hash); err != nil { // a certificate may lead to another profile
		return nil, err
	}
	s.crypt.iv = c.next
	s.readNATD(m, c.payloads)
	s.follow(m.local, m.remote)
	s.resend.sent(s.now, nil, false)
	s.state = QMIdle
	s.step(InAMExchange, P1Complete)
	for _, n := range x.notifies {
		s.heed(n, 0)
	}
	return complete{}, nil
}
