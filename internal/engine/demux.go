package engine

import (
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// HandleDatagram takes a message of the network to its session, or makes one of
// a first message. What belongs to nobody gets no answer: an answer to forged
// messages would serve the forger, and IOS gives none.
func (e *Engine) HandleDatagram(now time.Time, d ike.Datagram) {
	if e.closed || e.env.Config.ISAKMP.Disabled {
		return
	}
	e.counters.Datagrams++
	h, err := wire.ParseHeader(d.Data)
	if err != nil {
		e.counters.Malformed++
		e.drop(now, "malformed", BadMessage{Local: d.Local, Remote: d.Remote, Reason: err.Error()})
		return
	}
	x := e.sessions.find(h, d.VRF, d.Remote.Addr())
	switch {
	case x != nil:
		x.Handle(now, d)
		e.settle(now, x)
	case e.leaving:
		// The peer repeats it, and the next process answers.
	// RFC 2408 section 3.1: "Implementations SHOULD NOT accept packets with a
	// minor version number larger than their own, given the major version
	// numbers are identical."
	case h.Version == wire.V1:
		e.beginV1(now, h, d)
	case h.Version.Major() == 2 && e.speaksV2():
		e.beginV2(now, h, d)
	default:
		e.unsupported(now, h, d)
	}
}

// speaksV2: without a crypto ikev2 profile nobody could be authenticated, and a
// stranger gets nothing.
func (e *Engine) speaksV2() bool { return len(e.env.Config.IKEv2.Profiles) > 0 }

func (e *Engine) unsupported(now time.Time, h wire.Header, d ike.Datagram) {
	e.counters.Unsupported++
	e.drop(now, "version", Unsupported{Local: d.Local, Remote: d.Remote, Version: h.Version, Exchange: h.Exchange})
	if !e.speaksV2() {
		return
	}
	if answer, ok := ikev2.AnswerVersion(h, d); ok && e.mute.pass(now, "answer to version") {
		e.out = append(e.out, ike.Send{Datagram: answer})
	}
}

// beginV1 takes a message of IKEv1 that no session has.
func (e *Engine) beginV1(now time.Time, h wire.Header, d ike.Datagram) {
	switch {
	case !h.ResponderSPI.IsZero() || h.Exchange == wire.ExchangeInformational || h.Exchange == wire.ExchangeQuickMode:
		e.counters.UnknownSA++
		e.drop(now, "unknown", NoSA{Local: d.Local, Remote: d.Remote, Exchange: h.Exchange})
	case h.Exchange == wire.ExchangeAggressive && e.env.Config.ISAKMP.NoAggressive:
		e.counters.Unsupported++
		e.drop(now, "aggressive", AggressiveDisabled{Local: d.Local, Remote: d.Remote})
	case h.Exchange != wire.ExchangeMainMode && h.Exchange != wire.ExchangeAggressive:
		e.counters.Unsupported++
		e.drop(now, "exchange", Unsupported{Local: d.Local, Remote: d.Remote, Version: h.Version, Exchange: h.Exchange})
	default:
		e.respond(now, d)
	}
}

// respond makes a session of a first message, if the limits allow one more.
func (e *Engine) respond(now time.Time, d ike.Datagram) {
	if e.crowded(now, d, e.halfOpen.refuses(&e.env.Config.ISAKMP, d.Remote.Addr())) {
		return
	}
	connID := e.sessions.nextConnID()
	session, err := ikev1.Respond(now, e.env, connID, d)
	if err != nil {
		e.counters.Malformed++
		e.drop(now, "malformed", BadMessage{Local: d.Local, Remote: d.Remote, Reason: err.Error()})
		return
	}
	e.counters.Sessions++
	e.counters.Incoming++
	e.settle(now, e.sessions.addV1(connID, session, false))
}

// crowded drops a first message that one of the limits forbids.
func (e *Engine) crowded(now time.Time, d ike.Datagram, l crowd) bool {
	if l.what == "" {
		return false
	}
	e.counters.HalfOpenDrops++
	e.drop(now, "half-open "+l.what, HalfOpenLimit{Local: d.Local, Remote: d.Remote, Limit: l.limit, What: l.what})
	return true
}

// drop reports a datagram that led to nothing.
func (e *Engine) drop(now time.Time, kind string, event ike.Event) {
	if e.mute.pass(now, kind) {
		e.report(now, event)
		return
	}
	e.counters.Muted++
}
