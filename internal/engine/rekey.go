package engine

import (
	"cmp"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// rekey replaces SAs of a tunnel before their time.
func (e *Engine) rekey(now time.Time, cmd ike.Rekey) error {
	t := e.tunnels.Lookup(cmd.Tunnel)
	if t == nil {
		return &NoTunnelError{cmd.Tunnel}
	}
	reason := t.Refusal()
	inSPI, up := t.Sends()
	x := e.owner(inSPI)
	if !up || x == nil {
		reason = cmp.Or(reason, "it has no IPsec SA")
	}
	if reason != "" {
		return &RefusedError{cmd.Tunnel, reason}
	}
	switch {
	case !cmd.IKE:
		x.RekeyChild(now, inSPI)
	case x.v2 != nil:
		x.renews(cmd.Tunnel)
		x.v2.RekeyIKE(now)
	default:
		// What is under way already becomes the successor.
		if x = e.usable(t); x == nil || x.Established() {
			x = e.successor(now, t)
		}
		x.renews(cmd.Tunnel)
	}
	e.settle(now, x)
	return nil
}

// renews notes the tunnel whose operator waits for the session's next IKE SA.
func (x *entry) renews(tunnel string) {
	if x.wishes == nil {
		x.wishes = &wishes{}
	}
	x.wishes.renewal = tunnel
}

// renewed tells him that it has come.
func (e *Engine) renewed(now time.Time, x *entry) {
	if w := x.wishes; w != nil && w.renewal != "" {
		e.report(now, Rekeyed{Tunnel: w.renewal, ConnID: x.connID})
		w.renewal, w.replaces = "", x.v1 != nil
	}
}

// notRenewed tells him that it does not.
func (e *Engine) notRenewed(now time.Time, x *entry, reason string) {
	if w := x.wishes; w != nil && w.renewal != "" {
		e.report(now, ike.NegotiationFailed{Tunnel: w.renewal, Peer: x.remote, Stage: "IKE", Reason: reason})
		w.renewal = ""
	}
}
