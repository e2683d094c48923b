package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// A peer that sends by an SPI of no SA has missed that the SA has gone. As on IOS it is
// told through the IKE SA with it; with crypto isakmp invalid-spi-recovery tunnels
// with it that are down also try at once, which makes an IKE SA where there is none.
// Anybody can send such packets in a peer's name, so nothing goes to who is no tunnel's
// destination, nothing in the clear, and no negotiation begins that the tunnel would
// not begin by itself a little later.

// invalidSPI takes a packet that came for no SA.
func (e *Engine) invalidSPI(now time.Time, id ipsec.SAID) {
	event := InvalidSPI{SAID: id, Interface: e.holder(id.Dst)}
	recovery := e.env.Config.ISAKMP.InvalidSPIRecovery
	of := e.answersFor(now, id)
	x := e.speaker(of)
	event.NoSA = len(of) > 0 && !ofV2(of[0]) && x == nil && !recovery
	e.report(now, event)
	for _, t := range of {
		t.AnsweredStray(now)
	}
	if x != nil {
		x.InvalidSPI(now, id, recovery)
		e.settle(now, x)
	}
	if !recovery {
		return
	}
	e.restart(now, of)
	for _, t := range of {
		if !t.Due(now) {
			continue
		}
		e.start(now, t)
		if x := e.usable(t); x != nil && !x.Established() && x.wishes != nil {
			x.wishes.invalid = &id
		}
	}
}

// answersFor are the tunnels whose peer sent a packet that came for no SA and is to hear of it:
// none where the SA stands by now, an exchange that makes SAs is under way, or the
// peer may not know yet what it was told.
func (e *Engine) answersFor(now time.Time, id ipsec.SAID) (list []*tunnel.Tunnel) {
	if e.closed || e.leaving || e.env.Config.ISAKMP.Disabled || e.children.spis[id.SPI] > 0 {
		return nil
	}
	for _, t := range e.tunnels.All() {
		if !t.Active() || t.Interface().Tunnel.Source != id.Dst || t.Interface().Tunnel.Destination != id.Src {
			continue
		}
		if !t.HeedsStray(now) || slices.ContainsFunc(e.sessions.at(endsOfTunnel(t.Interface().Tunnel)), func(x *entry) bool {
			return x.Busy() || x.Alive() && !x.Established()
		}) {
			return nil
		}
		list = append(list, t)
	}
	return list
}

// speaker is the IKE SA by which a peer of tunnels is told, nil when there is none.
func (e *Engine) speaker(of []*tunnel.Tunnel) *entry {
	for _, t := range of {
		if x := e.usable(t); x != nil && x.Established() {
			return x
		}
	}
	return nil
}

// tellInvalidSPI sends INVALID_SPI by the IKE SA that was begun for it.
func (e *Engine) tellInvalidSPI(now time.Time, x *entry) {
	if w := x.wishes; w != nil && w.invalid != nil && x.Established() {
		x.InvalidSPI(now, *w.invalid, true)
		w.invalid = nil
	}
}

// holder is the configured interface that has an address, "" where none does.
func (e *Engine) holder(a netip.Addr) string {
	for _, i := range e.env.Config.Interfaces {
		if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
			return i.Name
		}
	}
	return ""
}
