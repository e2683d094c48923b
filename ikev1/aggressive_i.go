package ikev1

import (
	"errors"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// sentAG1: the offer is out, with our public value and our name.
type sentAG1 struct {
	transforms []wire.TransformV1
	offer, id  []byte // bodies of SA and ID
	dh         *suite.PrivateKey
	nonce      []byte
	own        *pki.Trustpoint // whose subject is our name, nil: another name, or none
}

func (sentAG1) phase() Phase   { return IAM1 }
func (sentAG1) sent() string   { return "AG1" }
func (sentAG1) awaits() string { return "AG2" }

// beginAggressive sends AG1. RFC 2409 section 4: "the group in which the
// Diffie-Hellman exchange is performed cannot be negotiated", so the policies of
// the first one's group are offered.
func (s *Session) beginAggressive() error {
	s.exchange = wire.ExchangeAggressive
	if s.config.ISAKMP.NoAggressive {
		s.report(AggressiveDisabled{SA: s.sa()})
		return errAggressiveDisabled
	}
	var err error
	if s.spiI, err = s.cookie(); err != nil {
		return err
	}
	s.report(SAInserted{SA: s.sa(), Exchange: s.exchange})
	peer := s.config.AggressivePeer(s.remote.Addr())
	if peer != nil {
		s.psk = peer.Key()
	} else {
		s.psk = s.config.InitiatorKey(s.profile, s.local.Addr(), s.remote.Addr())
	}
	s.reportKey(false)
	policies, err := s.usable()
	if err != nil {
		return err
	}
	if peer != nil { // its name goes with its key, and with nothing else
		policies = slices.DeleteFunc(policies, signs)
	}
	if len(policies) == 0 {
		return errors.New("no crypto isakmp policy authenticates with pre-share, as set aggressive-mode password does")
	}
	group := policies[0].Group
	policies = slices.DeleteFunc(policies, func(p *policy.ISAKMPPolicy) bool { return p.Group != group })
	sa := phase1Offer(policies)
	id, own, err := s.nameFirst(peer, policies)
	if err != nil {
		return err
	}
	dh, nonce, err := s.keyPair(group)
	if err != nil {
		return err
	}
	st := sentAG1{transforms: sa.Proposals[0].Transforms, offer: sa.Append(nil), dh: dh, nonce: nonce, own: own}
	b := wire.NewBuilder(nil, s.header(wire.ExchangeAggressive, 0))
	b.Add(wire.PayloadSA, wire.Raw(st.offer))
	s.report(AuthenticationBegun{SA: s.sa(), Method: policies[0].Auth, IDType: id.Type})
	if slices.ContainsFunc(policies, signs) {
		st.id = s.addSelf(b, dh, nonce, id, wire.PayloadCertReq)
		s.addRequests(b)
	} else {
		st.id = s.addSelf(b, dh, nonce, id, wire.PayloadVendorID)
	}
	s.addVendors(b, s.announce(append(s.vendorsSA(), wire.VendorDPD)))
	s.step(InSARequestAM, IAM1)
	s.report(ExchangeBegun{SA: s.sa(), Exchange: wire.ExchangeAggressive})
	s.main, s.state = st, AGInitExch
	s.sendMain(b.Bytes(), true)
	return nil
}

func signs(p *policy.ISAKMPPolicy) bool { return p.Auth == policy.RSASig }

// nameFirst is our identity of AG1, which leaves before the peer has said what CA
// it wants. Where the name is a certificate's subject, that certificate has to be
// shown afterwards.
func (s *Session) nameFirst(peer *policy.ISAKMPPeer, policies []*policy.ISAKMPPolicy) (id wire.IDV1, own *pki.Trustpoint, err error) {
	if peer != nil {
		return peer.Endpoint, nil, nil
	}
	if slices.ContainsFunc(policies, signs) {
		own = s.pki.Fallback(s.trustList()).Trustpoint
	}
	id, err = s.config.SelfIdentity(s.profile, s.local.Addr(), own)
	if id.Type != wire.IDDERASN1DN {
		own = nil
	}
	return id, own, err
}

// handle AG2: the peer's choice, public value, name and proof. AG3 ends it.
func (st sentAG1) handle(s *Session, m *inbound) (mainMode, error) {
	payloads, err := clearPayloads(m)
	if err != nil {
		return nil, err
	}
	chosen, body, err := choiceOf(payloads, st.transforms)
	if err != nil {
		return nil, err
	}
	x, err := parseAggressive(s.pki, payloads, body)
	if err != nil {
		return nil, err
	}
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSA})
	s.readVendors(payloads)
	s.learnNAT(payloads)
	s.reportKey(true)
	if s.agreed, _ = s.checkOffer(chosen.Transforms); s.agreed.policy == nil {
		return nil, refuse(wire.NotifyNoProposalChosen, "the peer's choice is not acceptable")
	}
	s.spiR = m.ResponderSPI
	if err := st.finish(s, m, x); err != nil {
		if s.crypt != nil {
			s.crypt.wipe()
		}
		s.agreed, s.spiR, s.crypt, s.up = agreement{}, wire.SPI{}, nil, nil
		return nil, err
	}
	return complete{}, nil
}

// finish judges the peer and sends AG3, which is kept for a peer that repeats
// AG2; nothing answers it.
func (st sentAG1) finish(s *Session, m *inbound, x aggressive) (err error) {
	if err := s.parseProof(x.payloads, &x.identity); err != nil {
		return err
	}
	t := transcript{offer: st.offer, gxi: st.dh.Public(), gxr: x.public}
	if s.crypt, err = s.deriveKeys(st.dh, x.public, t, st.nonce, x.nonce); err != nil {
		return err
	}
	s.reportKeyPayloads()
	initial := !s.env.Established(s.ends())
	if err := s.acceptIdentity(x.identity, s.crypt.hashR(x.identity.body)); err != nil {
		return err
	}
	own := st.own
	if own == nil {
		if own, err = s.chooseProof(x.identity.requests); err != nil {
			return err
		}
	}
	s.readNATD(m, x.payloads)
	s.float()
	h := s.header(wire.ExchangeAggressive, 0)
	b := wire.NewBuilder(nil, h)
	if err := s.addProof(b, own, s.crypt.hashI(st.id)); err != nil {
		return err
	}
	s.addNATD(b, s.agreed.policy.Hash)
	if initial {
		s.report(InitialContactSent{SA: s.sa()})
		b.Add(wire.PayloadNotify, s.initialContact())
	}
	datagram, next := s.crypt.seal(h, b, s.crypt.iv)
	s.crypt.iv = next
	s.sendMain(datagram, false)
	s.state, s.up.alone = QMIdle, true
	s.step(InAMExchange, P1Complete)
	return nil
}
