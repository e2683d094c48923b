package engine

import (
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// beginV2 takes a message of IKEv2 that no session has: a first one, or one that
// belongs to nobody.
func (e *Engine) beginV2(now time.Time, h wire.Header, d ike.Datagram) {
	first := h.Exchange == wire.ExchangeSAInit && h.MessageID == 0 && h.ResponderSPI.IsZero() && !h.InitiatorSPI.IsZero() &&
		h.Flags&wire.FlagInitiator != 0 && h.Flags&wire.FlagResponse == 0
	// Somebody sends us our own first message: we are not to be our peer.
	if !first || e.sessions.own[h.InitiatorSPI] != nil {
		e.stats.Dropped++
		e.counters.UnknownSA++
		e.drop(now, "unknown", NoSA{Local: d.Local, Remote: d.Remote, Exchange: h.Exchange})
		return
	}
	if e.crowded(now, d, e.refusesV2(d)) {
		e.stats.Rejected++
		return
	}
	if e.challenged(now, d) {
		return
	}
	tunnelID := e.sessions.nextTunnelID()
	session, err := ikev2.Respond(now, e.env, tunnelID, d)
	if err != nil {
		e.stats.Dropped++
		e.counters.Malformed++
		e.drop(now, "malformed", BadMessage{Local: d.Local, Remote: d.Remote, Reason: err.Error()})
		return
	}
	e.counters.Sessions++
	e.counters.Incoming++
	e.stats.Incoming++
	e.settle(now, e.sessions.addV2(tunnelID, session, false, h.InitiatorSPI))
}

// refusesV2 names the limit that one more session of version 2 would break: those
// of both versions, and those of crypto ikev2 limit, of which one address gets half:
// else a single host would keep everybody out.
func (e *Engine) refusesV2(d ike.Datagram) crowd {
	c := &e.env.Config.IKEv2
	share := max(1, c.MaxIncoming/2)
	switch shared := e.halfOpen.refuses(&e.env.Config.ISAKMP, d.Remote.Addr()); {
	case shared.what != "":
		return shared
	case e.halfOpen.v2 >= c.MaxIncoming:
		return crowd{c.MaxIncoming, "in negotiation"}
	case e.halfOpen.peers[d.Remote.Addr()] >= share:
		return crowd{share, "of one address"}
	case c.MaxSA > 0 && e.sessions.v2 >= c.MaxSA:
		return crowd{c.MaxSA, "of version 2"}
	}
	return crowd{}
}

// challenged says whether a first message is answered by no more than a COOKIE:
// with so many half-open SAs (crypto ikev2 cookie-challenge) the peer has to show
// that it is where it says before it costs us anything (RFC 7296 section 2.6).
func (e *Engine) challenged(now time.Time, d ike.Datagram) bool {
	limit := e.env.Config.IKEv2.CookieChallenge
	if limit == 0 || e.halfOpen.total < limit {
		return false
	}
	answer, admitted, err := e.cookies.Admit(now, e.env.Rand, d)
	switch {
	case admitted:
		e.stats.Admitted++
	case answer == nil:
		reason := "no first message"
		if err != nil {
			reason = err.Error()
		}
		e.stats.Dropped++
		e.counters.Malformed++
		e.drop(now, "malformed", BadMessage{Local: d.Local, Remote: d.Remote, Reason: reason})
	default:
		e.stats.Challenged++
		e.out = append(e.out, ike.Send{Datagram: ike.Datagram{Local: d.Local, Remote: d.Remote, VRF: d.VRF, Data: answer}})
	}
	return !admitted
}
