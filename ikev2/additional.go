package ikev2

import (
	"bytes"
	"slices"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Between IKE_SA_INIT and IKE_AUTH stands an IKE_INTERMEDIATE (RFC 9242) for each
// additional key exchange that was agreed on (RFC 9370). Each is protected with the
// keys of before and changes them. IOS has none of it.

// mixed is what additional key exchanges leave for AUTH.
type mixed struct {
	pending []*suite.Group // still to come
	intAuth *[2][]byte     // of the initiator and of the responder so far (RFC 9242 section 3.3.2), nil: none
}

// intermediate closes the signed octets, id being that of the first IKE_AUTH. It is
// nil when there was no IKE_INTERMEDIATE.
func (m mixed) intermediate(id uint32) []byte {
	if m.intAuth == nil {
		return nil
	}
	return intAuth(m.intAuth[0], m.intAuth[1], id)
}

// heard adds a message of the initiator (0) or of the responder (1).
func (init *initial) heard(prf *suite.Hash, who int, h wire.Header, first wire.PayloadType, inner []byte) {
	p := [2]suite.Key{init.keys.Pi, init.keys.Pr}[who]
	if init.intAuth == nil {
		init.intAuth = new([2][]byte)
	}
	init.intAuth[who] = intermediateAuth(prf, p, init.intAuth[who], h, first, inner)
}

// mix takes a shared secret into the keys.
func (init *initial) mix(x *ikeSA, secret []byte) {
	before := init.keys
	k := addKeyExchange(x.agreed.prf, before.D, secret, init.ni, init.nr, x.spiI, x.spiR, x.agreed.lengths())
	init.keys = &k
	for _, key := range []suite.Key{before.D, before.Pi, before.Pr} {
		key.Wipe()
	}
	init.pending = init.pending[1:]
}

// hybrid says whether a proposal has an additional key exchange in it.
func hybrid(p wire.ProposalV2) bool {
	return slices.ContainsFunc(p.Transforms, func(t wire.TransformV2) bool { return additional(t.Type) && t.ID != 0 })
}

// readAdditional reads the one KE payload of an IKE_INTERMEDIATE.
func readAdditional(m *message, g *suite.Group) ([]byte, error) {
	p, err := m.body(wire.PayloadKEV2)
	if err != nil {
		return nil, err
	}
	ke, err := wire.ParseBody(p, wire.ParseKEV2)
	if err == nil && ke.Group != g.Number {
		err = reject(wire.V2InvalidSyntax, "an additional key exchange of method %d, %d is due", ke.Group, g.Number)
	}
	return ke.Data, err
}

// sentIntermediate: our half of an additional key exchange is on its way.
type sentIntermediate struct {
	*initial
	key *suite.PrivateKey
}

func (*sentIntermediate) state() State                { return IWaitIntermediate }
func (*sentIntermediate) exchange() wire.ExchangeType { return wire.ExchangeIntermediate }

// intermediateRequest is IKE_INTERMEDIATE among the requests that wait.
type intermediateRequest struct{}

func (intermediateRequest) exchange() wire.ExchangeType                     { return wire.ExchangeIntermediate }
func (intermediateRequest) build(*Session, *ikeSA, *wire.Builder) error     { return nil }
func (intermediateRequest) answered(s *Session, _ *ikeSA, m *message) error { return s.advance(m) }
func (intermediateRequest) abandoned(*Session, *ikeSA, string)              {}

// proceed goes on behind IKE_SA_INIT, or behind an IKE_INTERMEDIATE.
func (s *Session) proceed(init *initial) (phase, error) {
	if len(init.pending) == 0 {
		return s.beginAuth(init)
	}
	x, st := s.ike, &sentIntermediate{initial: init}
	var err error
	if st.key, err = init.pending[0].Generate(s.env.Rand); err != nil {
		return nil, &fatal{err}
	}
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeIntermediate})
	h := x.header(wire.ExchangeIntermediate, x.next, false)
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: init.pending[0].Number, Data: st.key.Public()})
	init.heard(x.agreed.prf, 0, h, b.First(), b.Payloads())
	datagrams, err := s.seal(x, h, b)
	if err != nil {
		return nil, &fatal{err}
	}
	s.fly(x, intermediateRequest{}, h, datagrams, nil)
	return st, nil
}

// handle the responder's half. The exchange has the keys of IKE_SA_INIT, so what is
// wrong in it is the peer's own.
func (st *sentIntermediate) handle(s *Session, m *message) (phase, error) {
	x := s.ike
	notifies, err := m.notifies()
	if err != nil {
		return nil, &fatal{err}
	}
	if r := refusedBy(notifies); r != nil {
		return nil, &fatal{r}
	}
	theirs, err := readAdditional(m, st.pending[0])
	if err != nil {
		return nil, &fatal{err}
	}
	secret, err := st.key.Shared(theirs)
	if err != nil {
		return nil, &fatal{err}
	}
	defer clear(secret)
	s.report(DHComputed{SA: s.sa(x), Group: st.pending[0], Secret: true})
	st.heard(x.agreed.prf, 1, m.Header, m.head, m.inner)
	st.mix(x, secret)
	x.wipe()
	if err := st.unlock(x); err != nil {
		return nil, &fatal{err}
	}
	s.reveal(x, *st.keys)
	s.report(KeysDerived{SA: s.sa(x)})
	return s.proceed(st.initial)
}

// answerAdditional is the responder's half: the answer leaves with the keys of
// before, which a repeated request has too.
func (st *answeredInit) answerAdditional(s *Session, m *message) (phase, error) {
	x, r, g := s.ike, s.ike.begin(m.Header), st.pending[0]
	theirs, err := readAdditional(m, g)
	if err != nil {
		return nil, s.refuseFatally(x, m, err)
	}
	public, secret, err := g.Answer(s.env.Rand, bytes.Clone(theirs))
	if err != nil {
		return nil, s.refuseFatally(x, m, reject(wire.V2InvalidSyntax, "additional key exchange %s: %v", g.Name, err))
	}
	defer clear(secret)
	s.report(DHComputed{SA: s.sa(x), Group: g, Secret: true})
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeIntermediate, Response: true})
	r.Add(wire.PayloadKEV2, wire.KEV2{Group: g.Number, Data: public})
	st.heard(x.agreed.prf, 0, m.Header, m.head, m.inner)
	st.heard(x.agreed.prf, 1, r.header, r.First(), r.Payloads())
	s.send(r)
	st.mix(x, secret)
	s.reveal(x, *st.keys)
	x.before, x.in, x.out = x.in, nil, nil
	s.report(KeysDerived{SA: s.sa(x)})
	return st, nil
}

// refuseFatally answers with an error notification, and ends the handshake.
func (s *Session) refuseFatally(x *ikeSA, m *message, err error) error {
	s.refuse(x, m.Header, err)
	return &fatal{err}
}
