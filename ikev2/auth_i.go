package ikev2

import (
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// sentAuth: our proof is on its way, with what we want of a first child SA.
type sentAuth struct {
	*initial
	keys    policy.IKEv2KeyChoice
	localID string
	sign    string // how we authenticate, in IOS's word
	wish    *wish
}

func (*sentAuth) state() State                { return IWaitAuth }
func (*sentAuth) exchange() wire.ExchangeType { return wire.ExchangeAuth }

// authRequest is IKE_AUTH among the requests that wait.
type authRequest struct{}

func (authRequest) exchange() wire.ExchangeType                     { return wire.ExchangeAuth }
func (authRequest) build(*Session, *ikeSA, *wire.Builder) error     { return nil }
func (authRequest) answered(s *Session, _ *ikeSA, m *message) error { return s.advance(m) }
func (authRequest) abandoned(*Session, *ikeSA, string)              {}

// beginAuth sends IKE_AUTH. Without a certificate or a key to show nothing is
// sent.
func (s *Session) beginAuth(init *initial) (phase, error) {
	x := s.ike
	s.step(x, IBuildAuth)
	st := &sentAuth{initial: init, keys: s.profile.InitiatorKeys(s.remote.Addr())}
	own, err := s.ownProof(init.requests, st.keys)
	if err != nil {
		return nil, &fatal{err}
	}
	h := x.header(wire.ExchangeAuth, x.next, false)
	b := wire.NewBuilder(nil, h)
	if err := s.buildAuth(st, own, b); err != nil {
		return nil, &fatal{err}
	}
	datagrams, err := s.seal(x, h, b)
	if err != nil {
		return nil, &fatal{err}
	}
	s.fly(x, authRequest{}, h, datagrams, nil)
	return st, nil
}

// buildAuth adds the payloads in the order of the note: VID IDi CERT CERTREQ
// NOTIFY(HTTP_CERT_LOOKUP_SUPPORTED) AUTH CFG SA TSi TSr and the notifications.
func (s *Session) buildAuth(st *sentAuth, own *ownProof, b *wire.Builder) (err error) {
	x := s.ike
	if st.wish, err = s.newWish(s.tunnel, nil); err != nil {
		return err
	}
	vendor, err := authVendorID(s.env.Rand)
	if err != nil {
		return err
	}
	if s.profile.ConfigRequest {
		s.report(ConfigBuilt{SA: s.sa(x), Config: configRequest()})
	}
	id := own.id.Append(nil)
	octets := signedOctets(x.agreed.prf, st.request, st.nr, st.initial.keys.Pi, id, st.intermediate(x.next))
	auth, method, err := s.sign(own, st.hashes, octets)
	if err != nil {
		return err
	}
	st.localID, st.sign = own.text, method
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeAuth})
	s.report(IdentityBuilt{SA: s.sa(x), Payload: wire.PayloadIDi, ID: own.text, Type: IdentityName(own.id.Type)})
	b.Add(wire.PayloadVendorIDV2, wire.Raw(vendor))
	b.Add(wire.PayloadIDi, wire.Raw(id))
	s.addCertificates(b, own)
	if takesCertificate(s.profile) {
		s.addRequests(b, s.pki.AuthorityHashes(s.profile.VerifyTrustpoints(), own.name()))
	}
	b.Add(wire.PayloadAuth, auth)
	if s.profile.ConfigRequest {
		b.Add(wire.PayloadCP, configRequest())
	}
	st.wish.addOffer(s, x, b)
	st.wish.addSelectors(b)
	if s.env.Established == nil || !s.env.Established(s.ends()) {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2InitialContact})
	}
	if st.wish.transport {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2UseTransportMode})
	}
	s.addLast(b)
	return nil
}

// handle the response: the peer's proof, then the first child SA. What is wrong
// with the proof is told to the peer, for whom the IKE SA stands already.
func (st *sentAuth) handle(s *Session, m *message) (phase, error) {
	x := s.ike
	s.step(x, IProcessAuth)
	notifies, err := m.notifies()
	if err != nil {
		return nil, &fatal{err}
	}
	s.report(AuthNotifiesRead{SA: s.sa(x)})
	for _, n := range notifies {
		s.report(NotifyReceived{SA: s.sa(x), Type: n.Type, Authenticated: true})
	}
	if _, ok := m.first(wire.PayloadAuth); !ok {
		if r := refusedBy(notifies); r != nil {
			return nil, &fatal{r}
		}
	}
	if s.doomed != "" {
		s.leave(s.doomed, 0)
		return nil, &fatal{reject(0, "%s", s.doomed)}
	}
	return s.prove(st, m, wire.PayloadIDr)
}

// proved judges the responder's proof.
func (st *sentAuth) proved(s *Session, m *message, peer *peerProof, err error) (phase, error) {
	if err == nil {
		err = st.verify(s, peer, m.MessageID)
	}
	if _, waits := err.(*ike.Unchecked); waits {
		return nil, err
	}
	if err != nil {
		s.disown(asRejection(err))
		return nil, &fatal{err}
	}
	st.initial.wipe()
	s.establish(st.localID, st.sign, peer)
	s.firstChild(st, m, peer.notifies)
	for _, itf := range s.waiting {
		s.StartChild(s.now, itf)
	}
	s.waiting = nil
	return nil, nil
}

// verify judges the responder: its identity, then its AUTH.
func (st *sentAuth) verify(s *Session, p *peerProof, id uint32) error {
	if err := s.findProfile(p); err != nil {
		return err
	}
	octets := signedOctets(s.ike.agreed.prf, st.response, st.ni, st.initial.keys.Pr, p.body, st.intermediate(id))
	return s.verify(p, st.announced, st.keys, octets)
}

// disown tells a responder, for whom the IKE SA stands, that its proof does not
// hold. RFC 7296 section 2.21.2 has the notification in an exchange of its own; a
// deletion beside it is understood by all.
func (s *Session) disown(r *rejection) {
	notify := r.notify
	if notify == 0 {
		notify = wire.V2AuthenticationFailed
	}
	s.leave(r.reason, notify)
}

// leave deletes an IKE SA that stands for the responder alone.
func (s *Session) leave(reason string, notify wire.NotifyTypeV2) {
	x := s.ike
	s.over(reason)
	x.closing = true
	s.ask(x, &deletion{protocol: wire.ProtocolISAKMP, notify: notify})
}

// firstChild takes what the response says of the child SA. As on IOS the IKE SA
// does not outlive a first child SA that failed.
func (s *Session) firstChild(st *sentAuth, m *message, notifies []wire.NotifyV2) {
	x := s.ike
	agreed, err := st.wish.accept(s, m, notifies)
	if err != nil {
		s.childFailed(st.wish, err)
		return
	}
	agreed.ni, agreed.nr = st.ni, st.nr
	in, out := s.pair(x, agreed)
	c := newChild(agreed, in, out)
	s.install(c, in, out, func(err error) {
		if err != nil {
			s.childFailed(st.wish, err)
			return
		}
		s.childUp(c)
	})
}

// childFailed ends the IKE SA whose first child SA failed: the peer is told of
// both.
func (s *Session) childFailed(w *wish, err error) {
	reason := err.Error()
	s.report(ike.NegotiationFailed{Tunnel: w.itf.Name, Peer: s.remote.Addr(), Stage: "CHILD", Reason: reason})
	x := s.ike
	s.report(DeleteQueued{SA: s.sa(x), Reason: reason})
	s.over(reason)
	x.closing = true
	s.ask(x, &deletion{protocol: w.protocol(), spis: []uint32{w.spi}})
	s.ask(x, &deletion{protocol: wire.ProtocolISAKMP})
}
