package ikev2

import (
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// ikeSA is one IKE SA: its names, its keys, and the exchanges under it. Its
// message ids begin at 0 in both directions (RFC 7296 section 2.2).
type ikeSA struct {
	role       Role // who began the exchange that made it: the flag Initiator is his
	spiI, spiR wire.SPI
	fragments  bool // both ends announced fragmentation (RFC 7383 section 2.3)
	agreed     algorithms

	next     uint32 // message id of our next request
	window   uint32 // requests of ours that the peer takes at a time
	expected uint32 // lowest message id of a request of the peer that has not come
	takes    uint32 // requests of the peer that we take at a time
	*exchanges
}

// exchanges are what goes on under an IKE SA, nil while it rests.
type exchanges struct {
	d       suite.Key  // SK_d: keys of children, and of the IKE SA that replaces this one
	in, out *direction // nil until the keys exist
	before  *direction // in, of before the last additional key exchange

	flights    []*flight
	queue      []request
	answers    []*answer
	reassembly reassembly

	closing bool      // its deletion is under way, or was asked for
	until   time.Time // when it is forgotten, should the peer not delete it; zero: it is in use
}

func newIKESA(role Role) *ikeSA {
	return &ikeSA{role: role, window: 1, takes: 1, exchanges: &exchanges{}}
}

// own is our SPI, by which the peer names the SA.
func (x *ikeSA) own() wire.SPI {
	if x.role == Initiator {
		return x.spiI
	}
	return x.spiR
}

// names says whether a message is of this SA, by both SPIs. The peer's is not
// known before the answer to our first message.
func (x *ikeSA) names(h wire.Header) bool {
	if (h.Flags&wire.FlagInitiator == 0) != (x.role == Initiator) || h.InitiatorSPI != x.spiI {
		return false
	}
	return h.ResponderSPI == x.spiR || x.role == Initiator && x.spiR.IsZero()
}

// header is that of a message of ours.
func (x *ikeSA) header(t wire.ExchangeType, id uint32, response bool) wire.Header {
	h := wire.Header{InitiatorSPI: x.spiI, ResponderSPI: x.spiR, Version: wire.V2, Exchange: t, MessageID: id}
	if x.role == Initiator {
		h.Flags |= wire.FlagInitiator
	}
	if response {
		h.Flags |= wire.FlagResponse
	}
	return h
}

// key takes the keys into use. SK_pi and SK_pr stay with who authenticates.
func (x *ikeSA) key(k Keys) error {
	in, out := []suite.Key{k.Er, k.Ar}, []suite.Key{k.Ei, k.Ai}
	if x.role == Responder {
		in, out = out, in
	}
	var err error
	if x.in, err = newDirection(x.agreed.encr, in[0], x.agreed.integ, in[1]); err != nil {
		return err
	}
	if x.out, err = newDirection(x.agreed.encr, out[0], x.agreed.integ, out[1]); err != nil {
		return err
	}
	x.d = k.D
	return nil
}

// wipe forgets the keys.
func (x *ikeSA) wipe() {
	x.d.Wipe()
	for _, d := range []*direction{x.in, x.out, x.before} {
		d.wipe()
	}
	x.in, x.out, x.before = nil, nil, nil
}

var errNoKeys = errors.New("encrypted before there are keys")

// drop takes an SA out of those that speak. What it still had to ask comes to
// nothing.
func (s *Session) drop(x *ikeSA, reason string) {
	s.all = slices.DeleteFunc(s.all, func(o *ikeSA) bool { return o == x })
	flights, queue := x.flights, x.queue
	x.flights, x.queue, x.answers = nil, nil, nil
	x.reassembly.clear(s.remote.Addr(), s.env.Hold)
	s.forgo(func(a *awaited) bool { return a.x == x })
	for _, f := range flights {
		f.request.abandoned(s, x, reason)
	}
	for _, r := range queue {
		r.abandoned(s, x, reason)
	}
	x.wipe()
}
