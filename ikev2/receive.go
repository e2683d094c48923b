package ikev2

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// maxMessage is the largest message taken, in octets: IKE_AUTH with a chain of
// certificates of ordinary size stays below a quarter of it.
const maxMessage = 32 << 10

// message is one of the peer, decrypted if need be.
type message struct {
	wire.Header
	payloads      []wire.Payload
	datagram      []byte           // as it came, of IKE_SA_INIT
	head          wire.PayloadType // of the first of those that were encrypted
	inner         []byte           // those, as octets
	local, remote netip.AddrPort
}

// first returns the first payload of a type.
func (m *message) first(t wire.PayloadType) (wire.Payload, bool) {
	for _, p := range m.payloads {
		if p.Type == t {
			return p, true
		}
	}
	return wire.Payload{}, false
}

// body is that of the one payload of a type.
func (m *message) body(t wire.PayloadType) (wire.Payload, error) {
	var found []wire.Payload
	for _, p := range m.payloads {
		if p.Type == t {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return wire.Payload{}, reject(wire.V2InvalidSyntax, "%d %s payloads in %s, one is due", len(found), name(t), m.Exchange)
	}
	return found[0], nil
}

// one reads the one payload of a type.
func one[T any](m *message, t wire.PayloadType, parse func([]byte) (T, error)) (body T, err error) {
	p, err := m.body(t)
	if err != nil {
		return body, err
	}
	return wire.ParseBody(p, parse)
}

// notifies are the notifications in order.
func (m *message) notifies() ([]wire.NotifyV2, error) {
	var list []wire.NotifyV2
	for _, p := range m.payloads {
		if p.Type != wire.PayloadNotifyV2 {
			continue
		}
		n, err := wire.ParseBody(p, wire.ParseNotifyV2)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// Handle takes a datagram of the peer. Whatever is wrong with one that is not
// authentic is reported and harms no state: anyone may have sent it.
func (s *Session) Handle(now time.Time, d ike.Datagram) {
	s.wake()
	defer s.rest()
	s.now = now
	h, err := wire.ParseHeader(d.Data)
	x := s.find(h)
	switch {
	case err != nil:
	case len(d.Data) > maxMessage:
		err = reject(0, "message of %d octets, at most %d are taken", len(d.Data), maxMessage)
	case h.Version.Major() != 2:
		err = reject(0, "version %s", h.Version)
	case x == nil:
		err = reject(0, "SPIs %s %s are of no SA here", h.InitiatorSPI, h.ResponderSPI)
	default:
		err = s.comes(x, d)
	}
	if err != nil {
		s.rejected(x, h, err, 0)
		return
	}
	m := &message{Header: h, local: d.Local, remote: d.Remote}
	if h.Exchange == wire.ExchangeSAInit {
		m.datagram = bytes.Clone(d.Data)
		err = s.receiveInit(x, m)
	} else {
		err = s.receiveProtected(x, m, d.Data)
	}
	if err != nil {
		s.rejected(x, h, err, 0)
	}
}

// find gives the SA of a message, nil when there is none.
func (s *Session) find(h wire.Header) *ikeSA {
	for _, x := range s.all {
		again := x.role == Responder && h.Exchange == wire.ExchangeSAInit && h.InitiatorSPI == x.spiI && h.ResponderSPI.IsZero()
		if x.names(h) || again {
			return x
		}
	}
	return nil
}

// received reports a message that came in.
func (s *Session) received(x *ikeSA, m *message, payloads []PayloadName) {
	sa := s.sa(x)
	sa.Local, sa.Remote, sa.SPIi, sa.SPIr = m.local, m.remote, m.InitiatorSPI, m.ResponderSPI
	s.report(PacketReceived{SA: sa, Exchange: m.Exchange, MessageID: m.MessageID, Response: m.Flags&wire.FlagResponse != 0, Payloads: payloads})
}

// receiveInit takes a message of IKE_SA_INIT: the response that we wait for, or a
// repetition of the request that we have answered.
func (s *Session) receiveInit(x *ikeSA, m *message) error {
	if m.Flags&wire.FlagResponse == 0 {
		if st, ok := s.phase.(halfOpen); ok && x == s.ike {
			if response := st.again(m.datagram); response != nil {
				s.report(Duplicate{SA: s.sa(x), Exchange: m.Exchange, Ready: true})
				s.repeat(x, [][]byte{response}, s.remote)
				return nil
			}
		}
		return reject(0, "%s has begun", m.Exchange)
	}
	if x.flight(m.Header) == nil {
		return reject(0, "no request waits for this response")
	}
	p, err := wire.Parse(m.datagram)
	if err != nil {
		return err
	}
	m.payloads = p.Payloads
	s.received(x, m, namesOf(m.payloads))
	if err := understood(m.payloads); err != nil {
		return err
	}
	return s.advance(m)
}

// receiveProtected takes a message that is to be encrypted. What cannot belong to
// any exchange is dropped before it costs anything.
func (s *Session) receiveProtected(x *ikeSA, m *message, data []byte) error {
	response := m.Flags&wire.FlagResponse != 0
	f := x.flight(m.Header)
	again := x.answer(m.MessageID)
	switch {
	case response && f == nil:
		return reject(0, "no request waits for this response")
	case response:
	case again == nil && !x.inWindow(m.MessageID):
		return reject(0, "message id %d, the window is %d to %d", m.MessageID, x.expected, x.expected+x.takes-1)
	case again == nil && x.ended():
		return reject(0, "the IKE SA has ended")
	case s.up == nil && again == nil && (x.role == Initiator || !s.awaits(m.Exchange)):
		return reject(0, "%s before the peer is authenticated", m.Exchange)
	}
	inner, first, err := s.open(x, m.Header, data, again != nil)
	if err != nil || inner == nil {
		return err
	}
	if !response && again != nil {
		s.duplicate(x, m, again)
		return nil
	}
	s.received(x, m, []PayloadName{{Type: wire.PayloadSK}})
	if s.latest(x, m, f) {
		s.follow(x, m.local, m.remote)
	}
	s.alive()
	m.head, m.inner = first, inner
	if m.payloads, err = wire.ParseChainV2(first, inner, 0); err == nil {
		err = understood(m.payloads)
	}
	s.report(MessageRead{SA: s.sa(x), Exchange: m.Exchange, MessageID: m.MessageID, Response: response, Payloads: namesOf(m.payloads)})
	switch {
	case response && err != nil:
		x.land(f)
		s.end(x, err.Error())
		return err
	case response:
		s.answered(x, f, m)
	case err != nil:
		x.begin(m.Header)
		s.refuse(x, m.Header, err)
		if s.up == nil {
			s.end(x, err.Error())
		}
	case s.up == nil:
		return s.advance(m)
	default:
		s.serve(x, m)
	}
	return nil
}

// open checks and decrypts a message; without an error and without payloads it is
// a fragment of one that is not whole yet.
func (s *Session) open(x *ikeSA, h wire.Header, data []byte, again bool) (inner []byte, first wire.PayloadType, err error) {
	m, err := wire.Parse(data)
	if err != nil {
		return nil, 0, err
	}
	// RFC 7296 section 3.14: "Often, it is the only payload in the message." More
	// than that is nobody's.
	if len(m.Payloads) != 1 || len(m.Rest) > 0 {
		return nil, 0, reject(0, "not one encrypted payload, but %v", namesOf(m.Payloads))
	}
	p := m.Payloads[0]
	first = wire.PayloadType(p.Raw[0])
	switch p.Type {
	case wire.PayloadSK:
		inner, err = s.unseal(x, data, p.Offset+headerSK, again && h.Exchange == wire.ExchangeIntermediate)
		return inner, first, err
	case wire.PayloadSKF:
		return s.openFragment(x, h, p, data, again)
	}
	return nil, 0, reject(0, "%s is not encrypted", h.Exchange)
}

// unseal decrypts what begins at start of a datagram. Without an error the result
// is not nil, but for the padding it may be empty. before says that it is of before
// the keys have changed, if they have.
func (s *Session) unseal(x *ikeSA, data []byte, start int, before bool) ([]byte, error) {
	if before && x.before != nil {
		return x.before.open(data, start)
	}
	if err := s.unlock(x); err != nil {
		return nil, err
	}
	inner, err := x.in.open(data, start)
	if err != nil {
		s.lock(x)
	}
	return inner, err
}

// openFragment takes one fragment. RFC 7383 section 2.6.1 has the response to a
// repeated request sent again for its first fragment alone.
func (s *Session) openFragment(x *ikeSA, h wire.Header, p wire.Payload, data []byte, again bool) ([]byte, wire.PayloadType, error) {
	if !x.fragments {
		return nil, 0, reject(0, "a fragment, which was not announced")
	}
	f, err := wire.ParseBody(p, wire.ParseSKF)
	switch {
	case err != nil:
		return nil, 0, err
	case again && f.Number != 1 || !again && !x.reassembly.wants(h, f):
		return nil, 0, nil
	}
	inner, err := s.unseal(x, data, p.Offset+headerSKF, again && h.Exchange == wire.ExchangeIntermediate)
	if err != nil || again {
		return inner, 0, err
	}
	return x.reassembly.add(s.now, s.remote.Addr(), h, f, wire.PayloadType(p.Raw[0]), inner, s.env.Hold)
}

// understood refuses what RFC 7296 section 2.5 has refused: "If the critical flag
// is set and the payload type is unrecognized, the message MUST be rejected", and
// the payloads of IKEv1.
func understood(payloads []wire.Payload) error {
	for _, p := range payloads {
		if p.Critical && !p.Type.KnownV2() {
			r := reject(wire.V2UnsupportedCriticalPayload, "critical payload of type %d is not understood", uint8(p.Type))
			r.data = []byte{byte(p.Type)}
			return r
		}
		if p.Type.KnownV2() && (p.Type == wire.PayloadSK || p.Type == wire.PayloadSKF) {
			return reject(wire.V2InvalidSyntax, "an encrypted payload inside another")
		}
	}
	return nil
}

// duplicate repeats the response to a request that the peer repeats. It may be an old
// one that somebody else has sent, and is not followed; but RFC 7296 section 2.11 has
// us answer the address from which the request was received, where the peer may be.
func (s *Session) duplicate(x *ikeSA, m *message, a *answer) {
	s.report(Duplicate{SA: s.sa(x), Exchange: m.Exchange, MessageID: m.MessageID, Ready: a.datagrams != nil})
	if a.datagrams != nil {
		s.repeat(x, a.datagrams, m.remote)
	}
}

// rejected reports a message that was dropped, or answered with an error.
func (s *Session) rejected(x *ikeSA, h wire.Header, err error, answered wire.NotifyTypeV2) {
	s.report(MessageRejected{SA: s.sa(x), Exchange: h.Exchange, MessageID: h.MessageID, Reason: asRejection(err).reason, Notify: answered})
}

// names lists the payloads of a chain for an event.
func names(first wire.PayloadType, chain []byte) []PayloadName {
	payloads, err := wire.ParseChainV2(first, chain, 0)
	if err != nil {
		return nil
	}
	return namesOf(payloads)
}

func namesOf(payloads []wire.Payload) []PayloadName {
	list := make([]PayloadName, 0, len(payloads))
	for _, p := range payloads {
		n := PayloadName{Type: p.Type}
		if p.Type == wire.PayloadNotifyV2 && len(p.Body) >= 4 {
			n.Notify = wire.NotifyTypeV2(uint16(p.Body[2])<<8 | uint16(p.Body[3]))
		}
		list = append(list, n)
	}
	return list
}

// clearNames are the payloads of a datagram as they stand, nil of an encrypted
// one.
func clearNames(datagram []byte) []PayloadName {
	m, err := wire.Parse(datagram)
	if err != nil || slices.ContainsFunc(m.Payloads, func(p wire.Payload) bool { return p.Type == wire.PayloadSK || p.Type == wire.PayloadSKF }) {
		return nil
	}
	return namesOf(m.Payloads)
}

func name(t wire.PayloadType) string { return PayloadName{Type: t}.String() }
