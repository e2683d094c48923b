package ikev2

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

const (
	nonceLen = 32 // octets: half of the longest key of a prf (RFC 7296 section 2.10)
	// maxCookies is how often the responder may ask for a cookie: each costs him
	// less than us.
	maxCookies = 3
)

// sentInit: our half of the key exchange is on its way.
type sentInit struct {
	proposals []*policy.IKEv2Proposal
	offer     wire.SAV2
	dh        *suite.PrivateKey
	ni        []byte
	cookie    []byte
	cookies   int      // that were asked for
	groups    []uint16 // that were tried
	request   []byte
}

func (*sentInit) state() State                { return IWaitInit }
func (*sentInit) exchange() wire.ExchangeType { return wire.ExchangeSAInit }

// Initiate begins a session for a tunnel. It may be Done at once, when there is
// nothing to begin with: poll it all the same.
func Initiate(now time.Time, env *ike.Env, connID uint32, itf *policy.Interface) *Session {
	t := itf.Tunnel
	s := newSession(now, env, connID, t.VRF)
	s.local, s.remote = netip.AddrPortFrom(t.Source, port), netip.AddrPortFrom(t.Destination, port)
	s.tunnel, s.profile = itf, t.Protection.IKEv2Profile
	s.ike = newIKESA(Initiator)
	s.all = []*ikeSA{s.ike}
	s.report(SARequested{SA: s.sa(s.ike), Tunnel: itf.Name, Profile: s.profile.Name})
	if err := s.initiate(); err != nil {
		s.end(s.ike, err.Error())
	}
	return s
}

func (s *Session) initiate() (err error) {
	if why := s.profile.Unusable(); why != "" {
		return fmt.Errorf("IKEv2 profile %s: %s", s.profile.Name, why)
	}
	keys := s.profile.InitiatorKeys(s.remote.Addr())
	s.reportKeys(keys)
	if s.profile.LocalAuth == policy.IKEv2PreShare && len(keys.Local) == 0 {
		s.report(KeyMissing{SA: s.sa(s.ike)})
		return fmt.Errorf("no pre-shared key to authenticate with: %s", keys.Reason)
	}
	proposals, err := s.proposals()
	if err != nil {
		return err
	}
	st := &sentInit{proposals: proposals, offer: ikeOffer(proposals, nil), ni: make([]byte, nonceLen)}
	if s.ike.spiI, err = s.newSPI(); err != nil {
		return err
	}
	if err := s.random(st.ni); err != nil {
		return err
	}
	return s.sendInit(st, proposals[0].Groups[0])
}

// sendInit sends the request, with another group than before as the case may be.
func (s *Session) sendInit(st *sentInit, group *suite.Group) (err error) {
	x := s.ike
	s.step(x, IBuildInit)
	if st.dh == nil || st.dh.Group() != group {
		st.groups = append(st.groups, group.Number)
		if st.dh, err = group.Generate(s.env.Rand); err != nil {
			return err
		}
		s.report(DHComputed{SA: s.sa(x), Group: group})
	}
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeSAInit})
	for _, p := range st.offer {
		s.report(ProposalBuilt{SA: s.sa(x), Proposal: p})
	}
	h := x.header(wire.ExchangeSAInit, 0, false)
	b := wire.NewBuilder(nil, h)
	// RFC 7296 section 2.6: the request is repeated with the cookie "as the first
	// payload and all other payloads unchanged".
	if st.cookie != nil {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2Cookie, Data: st.cookie})
	}
	x.fragments = s.config.IKEv2.FragmentMTU > 0 // announced; the answer decides
	s.addInit(b, st.offer, st.dh.Public(), group, st.ni, s.announces())
	st.request = bytes.Clone(b.Bytes())
	s.fly(x, initRequest{}, h, [][]byte{st.request}, clearNames(st.request))
	s.report(SAInserted{SA: s.sa(x)})
	s.enter(st)
	return nil
}

// initRequest is IKE_SA_INIT among the requests that wait.
type initRequest struct{}

func (initRequest) exchange() wire.ExchangeType                 { return wire.ExchangeSAInit }
func (initRequest) build(*Session, *ikeSA, *wire.Builder) error { return nil }
func (initRequest) answered(*Session, *ikeSA, *message) error   { return nil }
func (initRequest) abandoned(*Session, *ikeSA, string)          {}

// handle the response. Nothing proves who sent it: what is wrong with it is told,
// and the wait for a better one goes on.
func (st *sentInit) handle(s *Session, m *message) (phase, error) {
	x := s.ike
	notifies, err := m.notifies()
	if err != nil {
		return nil, err
	}
	for _, n := range notifies {
		switch {
		case n.Type == wire.V2Cookie:
			return st.again(s, m, func() error { return st.takeCookie(n) })
		case n.Type == wire.V2InvalidKEPayload:
			return st.again(s, m, func() error { return st.takeGroup(s, n.Data) })
		case n.Type.Error():
			s.rumour = n.Type
			s.report(NotifyReceived{SA: s.sa(x), Type: n.Type})
			return nil, &refusal{n.Type, n.Data}
		}
	}
	s.step(x, IProcessInit)
	init, err := st.agree(s, m, notifies)
	if err != nil {
		x.spiR, x.agreed = wire.SPI{}, algorithms{}
		s.step(x, IWaitInit)
		return nil, err
	}
	x.land(x.flight(m.Header))
	s.report(InitCompleted{SA: s.sa(x)})
	s.float(x)
	return s.proceed(init)
}

// agree reads the responder's half, and derives the keys.
func (st *sentInit) agree(s *Session, m *message, notifies []wire.NotifyV2) (*initial, error) {
	x := s.ike
	half, err := readHalf(m)
	if err != nil {
		return nil, err
	}
	if m.ResponderSPI.IsZero() {
		return nil, reject(wire.V2InvalidSyntax, "the responder gives no SPI")
	}
	a, _, err := acceptIKE(st.offer, half.sa)
	if err != nil {
		return nil, err
	}
	if group := st.dh.Group(); a.group != group || half.ke.Group != group.Number {
		return nil, reject(wire.V2NoProposalChosen, "the peer chose group %d and sent a key of group %d, ours is of group %d", a.group.Number, half.ke.Group, group.Number)
	}
	if len(a.additional) > 0 && !has(notifies, wire.V2IntermediateSupported) {
		return nil, reject(wire.V2NoProposalChosen, "the peer chose an additional key exchange, and has no IKE_INTERMEDIATE")
	}
	s.report(InitVerified{SA: s.sa(x)})
	x.spiR, x.agreed = m.ResponderSPI, a
	s.findNAT(x, m, notifies)
	shared, err := st.dh.Shared(half.ke.Data)
	if err != nil {
		return nil, err
	}
	defer clear(shared)
	s.report(DHComputed{SA: s.sa(x), Group: a.group, Secret: true})
	init := &initial{request: st.request, response: m.datagram, ni: st.ni, nr: bytes.Clone(half.nonce), announced: s.announces(), mixed: mixed{pending: a.additional}}
	s.derive(x, init, shared)
	if err := init.heed(s, m, notifies); err != nil {
		return nil, err
	}
	return init, init.unlock(x)
}

// again sends the request once more as the responder wishes it.
func (st *sentInit) again(s *Session, m *message, take func() error) (phase, error) {
	if err := take(); err != nil {
		return nil, err
	}
	group, _ := suite.GroupV2(st.groups[len(st.groups)-1])
	s.ike.land(s.ike.flight(m.Header))
	if err := s.sendInit(st, group); err != nil {
		return nil, &fatal{err}
	}
	return st, nil
}

// takeCookie keeps what the responder wants to see again.
func (st *sentInit) takeCookie(n wire.NotifyV2) error {
	cookie, err := readCookie(n)
	if err != nil {
		return err
	}
	if st.cookies == maxCookies {
		return reject(0, "the peer has asked for %d cookies", maxCookies)
	}
	st.cookie, st.cookies = bytes.Clone(cookie), st.cookies+1
	return nil
}

// takeGroup takes the group that the responder has chosen. All that was offered is
// offered again (RFC 7296 section 1.2).
func (st *sentInit) takeGroup(s *Session, data []byte) error {
	if len(data) != 2 {
		return reject(0, "INVALID_KE_PAYLOAD with %d octets of data, not 2", len(data))
	}
	number := uint16(data[0])<<8 | uint16(data[1])
	group, ok := offersGroup(st.offer, number)
	switch {
	case !ok:
		return reject(0, "the peer asks for group %d, which we have not offered", number)
	case slices.Contains(st.groups, number):
		return reject(0, "the peer asks for group %d, with which it was tried", number)
	}
	s.report(GroupWanted{SA: s.sa(s.ike), Sent: st.groups[len(st.groups)-1], Group: group})
	st.groups = append(st.groups, number)
	st.dh = nil
	return nil
}
