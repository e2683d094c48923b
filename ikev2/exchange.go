package ikev2

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// A request is one of ours: an exchange that we begin under an IKE SA.
type request interface {
	exchange() wire.ExchangeType
	// build adds the payloads. It is called when the request leaves, which may be
	// later than it was asked for: the peer's window has to have room. With an
	// error nothing leaves, and the request is abandoned.
	build(s *Session, x *ikeSA, b *wire.Builder) error
	// answered takes the response, which is authentic. An error says that the
	// response cannot be understood: the IKE SA ends.
	answered(s *Session, x *ikeSA, m *message) error
	// abandoned says that there will be no response, and why.
	abandoned(s *Session, x *ikeSA, reason string)
}

// paced is a request with times of its own between its transmissions.
type paced interface{ after() []time.Duration }

// ask sends a request as soon as the peer's window has room.
func (s *Session) ask(x *ikeSA, r request) {
	x.queue = append(x.queue, r)
	s.sendQueue(x)
}

// room says whether n requests may leave now. RFC 7296 section 2.3: "An IKE endpoint MUST NOT exceed the peer's stated
// window size for transmitted IKE requests." It moves with the oldest request
// that waits.
func (x *ikeSA) room(n uint32) bool {
	oldest := x.next
	if len(x.flights) > 0 {
		oldest = x.flights[0].id
	}
	return x.next+n-oldest <= x.window
}

func (s *Session) sendQueue(x *ikeSA) {
	for len(x.queue) > 0 && x.room(1) {
		r := x.queue[0]
		x.queue = x.queue[1:]
		s.launch(x, r)
	}
	if len(x.queue) == 0 {
		x.queue = nil
	}
}

// launch builds and sends a request.
func (s *Session) launch(x *ikeSA, r request) {
	h := x.header(r.exchange(), x.next, false)
	b := wire.NewBuilder(nil, h)
	err := r.build(s, x, b)
	var datagrams [][]byte
	if err == nil {
		s.report(WindowChecked{SA: s.sa(x), Waiting: len(x.flights), Window: x.window})
		datagrams, err = s.seal(x, h, b)
	}
	if err != nil {
		r.abandoned(s, x, err.Error())
		return
	}
	s.fly(x, r, h, datagrams, nil)
}

// fly sends a request and keeps it for repetition. clear are the payloads of one
// that is not encrypted.
func (s *Session) fly(x *ikeSA, r request, h wire.Header, datagrams [][]byte, clear []PayloadName) {
	f := &flight{id: h.MessageID, request: r, datagrams: datagrams, to: s.remote, last: s.now, after: retransmitAfter}
	if p, ok := r.(paced); ok {
		f.after = p.after()
	}
	x.flights, x.next = append(x.flights, f), h.MessageID+1
	s.transmit(x, h, datagrams, clear, s.remote)
}

// land takes a request that has its answer out of those that wait.
func (x *ikeSA) land(f *flight) {
	x.flights = slices.DeleteFunc(x.flights, func(o *flight) bool { return o == f })
}

// flight finds the request that a response belongs to, nil for none.
func (x *ikeSA) flight(h wire.Header) *flight {
	for _, f := range x.flights {
		if f.id == h.MessageID && f.request.exchange() == h.Exchange {
			return f
		}
	}
	return nil
}

// answered gives a response to its request.
func (s *Session) answered(x *ikeSA, f *flight, m *message) {
	x.land(f)
	if err := f.request.answered(s, x, m); err != nil {
		r := asRejection(err)
		s.rejected(x, m.Header, r, 0)
		s.end(x, r.reason)
		return
	}
	s.sendQueue(x)
}

const headerSK = 4 // octets: of the payload that is encrypted

var errUsedUp = errors.New("message ids are used up")

// seal encrypts what a builder holds: one datagram, or several fragments.
func (s *Session) seal(x *ikeSA, h wire.Header, b *wire.Builder) ([][]byte, error) {
	switch {
	case x.out == nil:
		return nil, errNoKeys
	case h.MessageID == math.MaxUint32:
		return nil, errUsedUp
	}
	inner := b.Payloads()
	s.report(EncryptionBegun{SA: s.sa(x), Exchange: h.Exchange, Response: h.Flags&wire.FlagResponse != 0, Payloads: names(b.First(), inner)})
	n := wire.HeaderLen + headerSK + x.out.sealedLen(len(inner))
	if room := fragmentRoom(s.config.IKEv2.FragmentMTU, s.local); x.fragments && n > room {
		return x.out.sealFragments(h, b.First(), inner, room, s.env.Rand)
	}
	h.NextPayload, h.Length = wire.PayloadSK, uint32(n)
	datagram := append(h.Append(make([]byte, 0, n)), byte(b.First()), 0)
	datagram = binary.BigEndian.AppendUint16(datagram, uint16(n-wire.HeaderLen))
	datagram, err := x.out.seal(datagram, inner, s.env.Rand)
	return [][]byte{datagram}, err
}

// transmit sends the datagrams of a message, the first time or again.
func (s *Session) transmit(x *ikeSA, h wire.Header, datagrams [][]byte, clear []PayloadName, to netip.AddrPort) {
	if s.up != nil {
		s.up.nat.sent = s.now
	}
	if clear == nil {
		clear = []PayloadName{{Type: wire.PayloadSK}}
		if len(datagrams) > 1 {
			clear[0].Type = wire.PayloadSKF
		}
	}
	s.report(PacketSent{SA: s.sa(x), Exchange: h.Exchange, MessageID: h.MessageID, Response: h.Flags&wire.FlagResponse != 0, Payloads: clear, Fragments: len(datagrams)})
	for _, data := range datagrams {
		s.out = append(s.out, ike.Send{Datagram: ike.Datagram{Local: s.local, Remote: to, VRF: s.vrf, Data: data}})
	}
}

// repeat sends stored datagrams once more.
func (s *Session) repeat(x *ikeSA, datagrams [][]byte, to netip.AddrPort) {
	h, err := wire.ParseHeader(datagrams[0])
	if err != nil {
		return
	}
	s.report(Retransmission{SA: s.sa(x), Exchange: h.Exchange, MessageID: h.MessageID})
	s.transmit(x, h, datagrams, clearNames(datagrams[0]), to)
}

// exchangeTimeout repeats requests, gives up, and forgets answers that nobody can
// miss any more.
func (s *Session) exchangeTimeout() {
	for _, x := range slices.Clone(s.all) {
		for _, f := range slices.Clone(x.flights) {
			switch {
			case s.now.Before(f.deadline()) || !slices.Contains(x.flights, f):
			case f.exhausted():
				s.unanswered(x, f)
			default:
				f.last, f.count = s.now, f.count+1
				s.repeat(x, f.datagrams, s.remote)
			}
		}
		x.answers = slices.DeleteFunc(x.answers, func(a *answer) bool { return due(x.keeps(a), s.now) })
		x.reassembly.expire(s.now, s.remote.Addr(), s.env.Hold)
		if x.closing && len(x.flights)+len(x.answers) == 0 {
			s.drop(x, "deleted")
		}
	}
}

func (s *Session) exchangeDeadline(t *deadline) {
	for _, x := range s.all {
		for _, f := range x.flights {
			t.add(f.deadline(), "retransmission")
		}
		for _, a := range x.answers {
			t.add(x.keeps(a), "response forgotten")
		}
		if at, ok := x.reassembly.deadline(); ok {
			t.add(at, "fragments")
		}
	}
}
