package ikev2

import (
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// answeringAuth: the peer is authenticated, and the data plane is making its
// first child SA. Our proof lets the peer use it, so it leaves when it stands.
type answeringAuth struct{}

func (answeringAuth) state() State                { return RBuildAuth }
func (answeringAuth) exchange() wire.ExchangeType { return wire.ExchangeAuth }
func (answeringAuth) handle(*Session, *message) (phase, error) {
	return nil, reject(0, "IKE_AUTH waits for the data plane")
}

// accepted is an initiator that is authenticated, and our answer to it.
type accepted struct {
	peer  *peerProof
	own   *ownProof
	sign  string // how we authenticate, in IOS's word
	reply *reply
}

// handle the initiator's proof. A refusal is the notification alone, and ends the
// session; a first child SA that fails does not.
func (st *answeredInit) handle(s *Session, m *message) (phase, error) {
	if len(st.pending) > 0 {
		return st.answerAdditional(s, m)
	}
	s.ike.begin(m.Header)
	s.step(s.ike, RVerifyAuth)
	return s.prove(st, m, wire.PayloadIDi)
}

// proved answers the initiator's proof.
func (st *answeredInit) proved(s *Session, m *message, p *peerProof, err error) (phase, error) {
	x := s.ike
	a := &accepted{peer: p, reply: x.reply(m.Header)}
	if err == nil {
		err = st.answer(s, m, a)
	}
	if _, waits := err.(*ike.Unchecked); waits {
		return nil, err
	}
	if err != nil {
		r := *asRejection(err)
		if r.notify == 0 {
			r.notify = wire.V2AuthenticationFailed
		}
		s.refuse(x, m.Header, &r)
		return nil, &fatal{&r}
	}
	st.initial.wipe()
	agreed, err := s.grant(x, m, a.peer.notifies, childWish{first: true}, nil)
	if err != nil {
		s.sendProof(a, func(b *wire.Builder) { s.addRefusal(b, err) })
		s.report(ike.NegotiationFailed{Peer: s.remote.Addr(), Stage: "CHILD", Reason: err.Error()})
		return nil, nil
	}
	agreed.ni, agreed.nr = st.ni, st.nr
	in, out := s.pair(x, agreed.negotiated)
	c := newChild(agreed.negotiated, in, out)
	s.install(c, in, out, func(err error) {
		if err != nil {
			refused := reject(wire.V2NoProposalChosen, "the data plane refused the SA: %v", err)
			s.sendProof(a, func(b *wire.Builder) { s.addRefusal(b, refused) })
			s.report(ike.NegotiationFailed{Tunnel: c.itf.Name, Peer: s.remote.Addr(), Stage: "CHILD", Reason: refused.reason})
			return
		}
		s.sendProof(a, func(b *wire.Builder) {
			agreed.addChoice(s, x, b)
			agreed.addSelectors(b)
			s.addLast(b)
		})
		if s.ike == nil {
			s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID}, ike.RemoveSA{SAID: c.in.SAID})
			return
		}
		s.childUp(c)
	})
	return answeringAuth{}, nil
}

// answer judges the initiator and begins the response: VID IDr CERT AUTH.
func (st *answeredInit) answer(s *Session, m *message, a *accepted) error {
	x := s.ike
	if err := s.findProfile(a.peer); err != nil {
		return err
	}
	var err error
	keys := s.config.ResponderKeys(s.profile, a.peer.id, s.remote.Addr())
	s.reportKeys(keys)
	if a.own, err = s.ownProof(a.peer.requests, keys); err != nil {
		return err
	}
	octets := signedOctets(x.agreed.prf, st.request, st.nr, st.keys.Pi, a.peer.body, st.intermediate(m.MessageID))
	if err := s.verify(a.peer, st.announced, keys, octets); err != nil {
		return err
	}
	s.step(x, RBuildAuth)
	vendor, err := authVendorID(s.env.Rand)
	if err != nil {
		return err
	}
	id := a.own.id.Append(nil)
	auth, method, err := s.sign(a.own, st.hashes, signedOctets(x.agreed.prf, st.response, st.ni, st.keys.Pr, id, st.intermediate(m.MessageID)))
	if err != nil {
		return err
	}
	a.sign = method
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeAuth, Response: true})
	s.report(IdentityBuilt{SA: s.sa(x), Payload: wire.PayloadIDr, ID: a.own.text, Type: IdentityName(a.own.id.Type)})
	a.reply.Add(wire.PayloadVendorIDV2, wire.Raw(vendor))
	a.reply.Add(wire.PayloadIDr, wire.Raw(id))
	s.addCertificates(a.reply.Builder, a.own)
	a.reply.Add(wire.PayloadAuth, auth)
	return nil
}

// sendProof ends the handshake: the response leaves with what rest adds, and the
// IKE SA stands.
func (s *Session) sendProof(a *accepted, rest func(*wire.Builder)) {
	rest(a.reply.Builder)
	s.send(a.reply)
	if s.ike == nil {
		return // it could not be sent
	}
	s.establish(a.own.text, a.sign, a.peer)
	if has(a.peer.notifies, wire.V2InitialContact) || s.profile.InitialContact {
		s.report(InitialContact{SA: s.sa(s.ike), PeerID: s.up.peerID})
	}
}

// addRefusal says why there is no child SA.
func (s *Session) addRefusal(b *wire.Builder, err error) {
	r := asRejection(err)
	notify := r.notify
	if notify == 0 {
		notify = wire.V2NoProposalChosen
	}
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: notify, Data: r.data})
	s.report(NotifySent{SA: s.sa(s.ike), Type: notify})
}
