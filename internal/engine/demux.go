package engine

import (
	"time"

	"github.com/obol-ike/obol/ikev1"
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
	// RFC 2408 section 3.1: "Implementations SHOULD NOT accept packets with a
	// minor version number larger than their own, given the major version
	// numbers are identical."
	if h.Version != wire.V1 {
		e.counters.Unsupported++
		e.drop(now, "version", Unsupported{Local: d.Local, Remote: d.Remote, Version: h.Version, Exchange: h.Exchange})
		return
	}
	if x := e.sessions.find(h, d.Remote.Addr()); x != nil {
		x.Handle(now, d)
		e.settle(now, x)
		return
	}
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
	peer := d.Remote.Addr()
	if limit, what := e.halfOpen.refuses(&e.env.Config.ISAKMP, peer); what != "" {
		e.counters.HalfOpenDrops++
		e.drop(now, "half-open "+what, HalfOpenLimit{Local: d.Local, Remote: d.Remote, Limit: limit, What: what})
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
	e.settle(now, e.sessions.add(connID, session, false))
}

// drop reports a datagram that led to nothing.
func (e *Engine) drop(now time.Time, kind string, event ike.Event) {
	if e.mute.pass(now, kind) {
		e.report(now, event)
		return
	}
	e.counters.Muted++
}
