package ikev2

import (
	"bytes"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// answeredInit: the peer's first message is answered. It is all that a stranger
// costs: what was sent holds the nonces, and the keys take more room than what they
// are made of, so they are made when the peer shows that it has them.
type answeredInit struct {
	kept              []byte    // request, response and SKEYSEED, one behind the other
	ends              [2]uint32 // of request and response in it
	announced, hybrid bool
	*initial          // what is made of it; nil until then
}

func (st *answeredInit) state() State {
	if st.mixes() {
		return RWaitIntermediate
	}
	return RWaitAuth
}

func (st *answeredInit) exchange() wire.ExchangeType {
	if st.mixes() {
		return wire.ExchangeIntermediate
	}
	return wire.ExchangeAuth
}

// mixes says whether an additional key exchange is due.
func (st *answeredInit) mixes() bool {
	if st.initial == nil {
		return st.hybrid
	}
	return len(st.pending) > 0
}

// keep is the phase of an IKE_SA_INIT that was answered.
func keep(init *initial) *answeredInit {
	request, response := len(init.request), len(init.response)
	return &answeredInit{
		kept:      slices.Concat(init.request, init.response, init.seed),
		ends:      [2]uint32{uint32(request), uint32(request + response)},
		announced: init.announced, hybrid: len(init.pending) > 0,
	}
}

// parts are request, response and SKEYSEED.
func (st *answeredInit) parts() (request, response []byte, seed suite.Key) {
	a, b := st.ends[0], st.ends[1]
	return st.kept[:a:a], st.kept[a:b:b], suite.Key(st.kept[b:])
}

// unlock makes the keys, if there are none, and takes them into use.
func (st *answeredInit) unlock(x *ikeSA) error {
	if st.initial == nil {
		init := &initial{announced: st.announced, mixed: mixed{pending: x.agreed.additional}}
		init.request, init.response, init.seed = st.parts()
		if err := init.reread(); err != nil {
			return err
		}
		st.initial = init
	}
	return st.initial.unlock(x)
}

// lock undoes unlock. Keys that an additional key exchange made are kept: the peer
// had those of before.
func (st *answeredInit) lock(x *ikeSA) {
	x.d, x.in, x.out = nil, nil, nil
	if st.intAuth == nil {
		st.keys.Wipe()
		st.initial = nil
	}
}

func (st *answeredInit) wipe() {
	_, _, seed := st.parts()
	seed.Wipe()
	if st.initial != nil {
		st.initial.wipe()
	}
}

func (st *answeredInit) again(request []byte) []byte {
	first, response, _ := st.parts()
	if !bytes.Equal(request, first) {
		return nil
	}
	return response
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
	s := newSession(now, env, connID, d.VRF)
	s.local, s.remote = d.Local, d.Remote
	x := newIKESA(Responder)
	x.spiI, x.expected = p.InitiatorSPI, 1
	s.ike, s.all = x, []*ikeSA{x}
	s.received(x, m, namesOf(m.payloads))
	s.step(x, RInit)
	if err := s.respond(m, theirs, notifies); err != nil {
		s.refuseInit(m, err)
	}
	s.rest()
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
	unable := func(p *policy.IKEv2Proposal) bool {
		return len(p.Additional) > 0 && !has(notifies, wire.V2IntermediateSupported)
	}
	choice, ok := chooseIKE(slices.DeleteFunc(slices.Clone(proposals), unable), theirs.sa, 0)
	if !ok {
		for _, p := range proposals {
			if unable(p) {
				choice.checks = append(choice.checks, Checked{Ours: p.Name, Refusal: "the peer has no IKE_INTERMEDIATE for its " + p.Additional[0].Name})
			}
		}
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
	init := &initial{request: m.datagram, ni: theirs.nonce, nr: make([]byte, nonceLen), mixed: mixed{pending: choice.additional}}
	if err := s.random(init.nr); err != nil {
		return err
	}
	if err := init.heed(s, m, notifies); err != nil {
		return err
	}
	init.announced = s.announces() || init.hashes != nil
	s.step(x, RBuildInit)
	s.findNAT(x, m, notifies)
	public, shared, err := group.Answer(s.env.Rand, theirs.ke.Data)
	if err != nil {
		return err
	}
	defer clear(shared)
	s.report(DHComputed{SA: s.sa(x), Group: group})
	s.report(DHComputed{SA: s.sa(x), Group: group, Secret: true})
	s.derive(x, init, shared)
	defer init.wipe()
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeSAInit, Response: true})
	s.report(ProposalBuilt{SA: s.sa(x), Proposal: choice.answer})
	h := x.header(wire.ExchangeSAInit, 0, true)
	b := wire.NewBuilder(nil, h)
	s.addInit(b, wire.SAV2{choice.answer}, public, group, init.nr, init.announced)
	s.addInitRequests(b)
	init.response = b.Bytes()
	st := keep(init)
	_, response, _ := st.parts()
	s.report(SAInserted{SA: s.sa(x)})
	s.transmit(x, h, [][]byte{response}, clearNames(response), s.remote)
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
		s.transmit(x, h, [][]byte{data}, clearNames(data), s.remote)
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
