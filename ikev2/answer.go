package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/wire"
)

// answerTime is how long a response is kept: a peer that has not asked again by
// then has given up. That of an SA which has ended is kept for the first
// repetitions only.
const (
	answerTime = 3 * time.Minute
	lingerTime = 15 * time.Second
)

// An answer is our response to a request of the peer. RFC 7296 section 2.1: "the
// responder MUST remember each response until it receives a request whose
// sequence number is larger than or equal to the sequence number in the response
// plus its window size".
type answer struct {
	id        uint32
	datagrams [][]byte  // nil: not ready
	until     time.Time // zero while it is not ready
}

// A reply is a response being built.
type reply struct {
	*wire.Builder
	sa     *ikeSA
	header wire.Header
	// held says that it leaves later, when the data plane has answered.
	held bool
}

// handler serves the requests of one exchange: it adds the payloads of the
// response. An error is answered by its notify alone.
type handler func(s *Session, x *ikeSA, m *message, r *reply) error

func handlerOf(t wire.ExchangeType) handler {
	switch t {
	case wire.ExchangeCreateChildSA:
		return (*Session).answerCreateChild
	case wire.ExchangeFollowupKE:
		return (*Session).answerFollowup
	case wire.ExchangeInformationalV2:
		return (*Session).answerInformational
	}
	return nil
}

// answer finds that of a request, nil for none.
func (x *ikeSA) answer(id uint32) *answer {
	i := slices.IndexFunc(x.answers, func(a *answer) bool { return a.id == id })
	if i < 0 {
		return nil
	}
	return x.answers[i]
}

// inWindow says whether a request of the peer is a new one that we take now.
func (x *ikeSA) inWindow(id uint32) bool {
	return id-x.expected < x.takes && x.answer(id) == nil
}

// keeps is until when a response is kept, zero: there is no end yet. While a request
// before it has not come, its own is in the window, and forgotten it would be new.
func (x *ikeSA) keeps(a *answer) time.Time {
	if !x.closing && a.id-x.expected < x.takes {
		return time.Time{}
	}
	return a.until
}

// begin makes room for the response to a new request and forgets those that the
// peer cannot ask for any more.
func (x *ikeSA) begin(h wire.Header) *reply {
	x.answers = append(x.answers, &answer{id: h.MessageID})
	for x.answer(x.expected) != nil {
		x.expected++
	}
	x.answers = slices.DeleteFunc(x.answers, func(a *answer) bool {
		return a.id+x.takes <= h.MessageID && a.datagrams != nil
	})
	return x.reply(h)
}

func (x *ikeSA) reply(request wire.Header) *reply {
	h := x.header(request.Exchange, request.MessageID, true)
	return &reply{Builder: wire.NewBuilder(nil, h), sa: x, header: h}
}

// serve answers a new request of an authenticated peer.
func (s *Session) serve(x *ikeSA, m *message) {
	r := x.begin(m.Header)
	serve := handlerOf(m.Exchange)
	var err error = reject(wire.V2InvalidSyntax, "exchange type %s has no place in this SA", m.Exchange)
	if serve != nil {
		err = serve(s, x, m, r)
	}
	if err != nil {
		s.refuse(x, m.Header, err)
		return
	}
	if !r.held {
		s.send(r)
	}
}

// refuse answers a request with an error notify alone. RFC 7296 section 2.21.3
// about INVALID_SYNTAX: "this error notification is considered fatal in both
// peers, meaning that the IKE SA is deleted without needing an explicit Delete
// payload."
func (s *Session) refuse(x *ikeSA, h wire.Header, err error) {
	bad := asRejection(err)
	r := x.reply(h)
	if bad.notify != 0 {
		r.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: bad.notify, Protocol: bad.protocol, SPI: bad.spi, Data: bad.data})
		s.report(NotifySent{SA: s.sa(x), Type: bad.notify})
	}
	s.rejected(x, h, bad, bad.notify)
	s.send(r)
	if bad.notify == wire.V2InvalidSyntax {
		s.end(x, bad.reason)
	}
}

// send encrypts a response, keeps it for repetition, and sends it.
func (s *Session) send(r *reply) {
	a := r.sa.answer(r.header.MessageID)
	if a == nil {
		return // the SA has ended meanwhile
	}
	datagrams, err := s.seal(r.sa, r.header, r.Builder)
	if err != nil {
		s.end(r.sa, err.Error())
		return
	}
	a.datagrams, a.until = datagrams, s.now.Add(answerTime)
	s.transmit(r.sa, r.header, datagrams, nil, s.remote)
}
