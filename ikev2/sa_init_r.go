package ikev2

import (
	"bytes"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// answeredInit: the peer's first message is answered, and the keys exist. It is
// all that a stranger costs.
type answeredInit struct{ initial }

func (st *answeredInit) state() State {
	if len(st.pending) > 0 {
		return RWaitIntermediate
	}
	return RWaitAuth
}

func (st *answeredInit) exchange() wire.ExchangeType {
	if len(st.pending) > 0 {
		return wire.ExchangeIntermediate
	}
	return wire.ExchangeAuth
}

func (st *answeredInit) again(request []byte) []byte {
	if !bytes.Equal(request, st.request) {
		return nil
	}
	return st.response
}

// Respond answers a first message. An error means that nothing of it is worth an
// answer. The session may be Done at once (offer refused): poll it all the same.
func Respond(now time.Time, env *ike.Env, connID uint32, d ike.Datagram) (*Session, error) {
	if len(d.Data) > maxMessage {
		return nil, reject(0, "first message of %d octets", len(d.Data))
	}
	data := bytes.Clone(d.Data)
	p, err := wire.Parse(data)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Version.Major() != 2 || p.Exchange != wire.ExchangeSAInit || p.Flags&(wire.FlagInitiator|wire.FlagResponse) != wire.FlagInitiator:
		return nil, reject(0, "%s does not begin an IKE SA", p.Exchange)
	case p.InitiatorSPI.IsZero() || !p.ResponderSPI.IsZero():
		return nil, reject(0, "SPIs %s %s are not those of a first message", p.InitiatorSPI, p.ResponderSPI)
	case p.MessageID != 0:
		return nil, reject(0, "message id %d in %s", p.MessageID, p.Exchange)
	case len(p.Rest) > 0 || encrypted(p.Payloads):
		return nil, reject(0, "a first message in the clear is due")
	}
	m := &message{Header: p.Header, payloads: p.Payloads, datagram: data, local: d.Local, remote: d.Remote}
	if err := understood(m.payloads); err != nil {
		return nil, err
	}
	theirs, err := readHalf(m)
	if err != nil {
		return nil, err
	}
	notifies, err := m.notifies()
	if err != nil {
		return nil, err
	}
	s := newSession(now, env, connID)
	s.local, s.remote, s.vrf = d.Local, d.Remote, d.VRF
	x := newIKESA(Responder)
	x.spiI, x.expected = p.InitiatorSPI, 1
	s.ike, s.all = x, []*ikeSA{x}
	s.received(x, m, namesOf(m.payloads))
	s.step(x, RInit)
	if err := s.respond(m, theirs, notifies); err != nil {
		s.refuseInit(m, err)
	}
	return s, nil
}

// respond chooses, makes our half and derives the keys.
func (s *Session) respond(m *message, theirs half, notifies []wire.NotifyV2) error {
	x := s.ike
	s.report(InitVerified{SA: s.sa(x)})
	proposals, err := s.proposals()
	if err != nil {
		return reject(wire.V2NoProposalChosen, "%s", err)
	}
	if !has(notifies, wire.V2IntermediateSupported) {
		proposals = slices.DeleteFunc(slices.Clone(proposals), func(p *policy.IKEv2Proposal) bool { return len(p.Additional) > 0 })
	}
	choice, ok := chooseIKE(proposals, theirs.sa, 0)
	if !ok {
		s.report(OfferRefused{SA: s.sa(x), Received: theirs.sa, Expected: ikeOffer(proposals, nil), Checks: choice.checks})
		return reject(wire.V2NoProposalChosen, "none of the peer's proposals will do")
	}
	group := choice.group
	if theirs.ke.Group != group.Number {
		r := reject(wire.V2InvalidKEPayload, "a key of group %d, group %d is chosen", theirs.ke.Group, group.Number)
		r.data = []byte{byte(group.Number >> 8), byte(group.Number)}
		return r
	}
	if x.spiR, err = s.newSPI(); err != nil {
		return err
	}
	x.agreed = choice.algorithms
	st := &answeredInit{initial{request: m.datagram, ni: theirs.nonce, nr: make([]byte, nonceLen), mixed: mixed{pending: choice.additional}}}
	if err := s.random(st.nr); err != nil {
		return err
	}
	if err := st.heed(s, m, notifies); err != nil {
		return err
	}
	st.requests = nil // a first request has none that counts
	st.announced = s.announces() || st.hashes != nil
	s.step(x, RBuildInit)
	s.findNAT(x, m, notifies)
	public, shared, err := group.Answer(s.env.Rand, theirs.ke.Data)
	if err != nil {
		return err
	}
	defer clear(shared)
	s.report(DHComputed{SA: s.sa(x), Group: group})
	s.report(DHComputed{SA: s.sa(x), Group: group, Secret: true})
	s.derive(x, &st.initial, shared)
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeSAInit, Response: true})
	s.report(ProposalBuilt{SA: s.sa(x), Proposal: choice.answer})
	h := x.header(wire.ExchangeSAInit, 0, true)
	b := wire.NewBuilder(nil, h)
	s.addInit(b, wire.SAV2{choice.answer}, public, group, st.nr, st.announced)
	s.addInitRequests(b)
	st.response = bytes.Clone(b.Bytes())
	sent, err := wire.Parse(st.response)
	if err != nil {
		return err
	}
	if nonce, ok := (&message{payloads: sent.Payloads}).first(wire.PayloadNonceV2); ok {
		st.nr = nonce.Body // held once
	}
	s.report(SAInserted{SA: s.sa(x)})
	s.transmit(x, h, [][]byte{st.response}, namesOf(sent.Payloads))
	s.report(InitCompleted{SA: s.sa(x)})
	s.enter(st)
	return nil
}

// refuseInit tells the peer in the clear that nothing of its first message will
// do; no SA is left. What is a fault of its own is not answered.
func (s *Session) refuseInit(m *message, err error) {
	x, r := s.ike, asRejection(err)
	s.rejected(x, m.Header, r, r.notify)
	if r.notify == wire.V2NoProposalChosen || r.notify == wire.V2InvalidKEPayload {
		// RFC 7296 section 2.6: no SPI is chosen by whom makes no SA.
		x.spiR = wire.SPI{}
		h := x.header(wire.ExchangeSAInit, 0, true)
		b := wire.NewBuilder(nil, h)
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: r.notify, Data: r.data})
		s.report(NotifySent{SA: s.sa(x), Type: r.notify})
		data := b.Bytes()
		s.transmit(x, h, [][]byte{data}, clearNames(data))
	}
	s.end(x, r.reason)
}

// addInitRequests asks for a certificate where any profile may want one: which it
// will be is known by IKE_AUTH only.
func (s *Session) addInitRequests(b *wire.Builder) {
	if slices.ContainsFunc(s.config.IKEv2.Profiles, takesCertificate) {
		s.addRequests(b, s.pki.AuthorityHashes(nil, ""))
	}
}
