package ikev2

import "github.com/obol-ike/obol/wire"

// answerRekey serves the peer's request for a successor of the IKE SA. RFC 7296
// section 2.25.2: "If a peer receives a request to rekey an IKE SA when it is
// currently creating, rekeying, or closing a Child SA of that IKE SA, it SHOULD
// reply with TEMPORARY_FAILURE."
func (s *Session) answerRekey(x *ikeSA, m *message, r *reply) error {
	switch q := s.rekeying; {
	case s.creating() || s.closing():
		return reject(wire.V2TemporaryFailure, "a child SA is being created or closed")
	case q != nil && (q.rival != nil || q.next != nil):
		return reject(wire.V2TemporaryFailure, "the IKE SA is being rekeyed already")
	case len(s.all) >= maxIKESAs:
		return reject(wire.V2TemporaryFailure, "%d IKE SAs are to be deleted first", len(s.all)-1)
	}
	s.report(RekeyAsked{SA: s.sa(x)})
	half, err := readHalf(m)
	if err != nil {
		return err
	}
	proposals := s.rekeyProposals()
	choice, ok := chooseIKE(proposals, half.sa, len(wire.SPI{}))
	if !ok {
		s.report(OfferRefused{SA: s.sa(x), Received: half.sa, Expected: ikeOffer(proposals, nil), Checks: choice.checks})
		return reject(wire.V2NoProposalChosen, "no proposal of the peer is one of the policy")
	}
	theirs := wire.SPI(choice.answer.SPI)
	if theirs.IsZero() {
		return reject(wire.V2NoProposalChosen, "the new SPI is zero")
	}
	public, gir, err := s.answerGroup(x, choice.group, half.ke)
	if err != nil {
		return err
	}
	keys := &keyExchanges{gir: gir, ni: half.nonce, nr: make([]byte, nonceLen), pending: choice.additional}
	if err := s.random(keys.nr); err != nil {
		return err
	}
	own, err := s.newSPI()
	if err != nil {
		return err
	}
	n := x.successor(Responder, choice.algorithms, theirs, own)
	choice.answer.SPI = own[:]
	r.Add(wire.PayloadSAV2, wire.SAV2{choice.answer})
	r.Add(wire.PayloadNonceV2, wire.Raw(keys.nr))
	r.Add(wire.PayloadKEV2, wire.KEV2{Group: choice.group.Number, Data: public})
	if q := s.rekeying; q != nil {
		q.enter(keys.ni, keys.nr)
	}
	if len(keys.pending) == 0 {
		return s.replaceIKE(x, n, keys, r)
	}
	s.await(&awaited{
		x: x, link: own[:], ike: true, keys: keys,
		finish: func(_ *message, r *reply) error { return s.replaceIKE(x, n, keys, r) },
		gone: func() {
			if q := s.rekeying; q != nil {
				q.leave()
			}
			s.goOn()
		},
	}, r)
	return nil
}

// replaceIKE makes the new SA. It takes over at once, but not before it is known whose
// stays where ours is being negotiated.
func (s *Session) replaceIKE(x, n *ikeSA, keys *keyExchanges, r *reply) error {
	err := s.rekeyed(x, n, *keys)
	keys.wipe()
	if err != nil {
		return err
	}
	r.held = true
	s.send(r)
	if q := s.rekeying; q != nil {
		q.rival = n
		return nil
	}
	s.succeed(x, n)
	s.goOn()
	return nil
}
