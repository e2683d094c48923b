package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// Reasons for deleting an SA, as IOS has them in its debug lines where it does.
const (
	reasonCommand        = "BY user command"
	reasonInitialContact = "Receive initial contact"
	reasonShutdown       = "shutdown"
	reasonHandOver       = "restart in the middle of an exchange"
	reasonTooMany        = "too many IKE SAs with the peer"
)

// NoTunnelError says that a command names a tunnel that there is not.
type NoTunnelError struct{ Tunnel string }

func (e *NoTunnelError) Error() string { return "no such tunnel: " + e.Tunnel }

// RefusedError says why a tunnel cannot be initiated, or its SAs not be rekeyed.
type RefusedError struct{ Tunnel, Reason string }

func (e *RefusedError) Error() string { return e.Tunnel + ": " + e.Reason }

// NoSAError says that no IKE SA has the conn id of a command.
type NoSAError struct {
	ConnID uint32
	V2     bool
}

func (e *NoSAError) Error() string {
	if e.V2 {
		return fmt.Sprintf("no IKEv2 SA with tunnel id %d", e.ConnID)
	}
	return fmt.Sprintf("no ISAKMP SA with conn id %d", e.ConnID)
}

// ErrClosed answers every command after Shutdown or HandOver.
var ErrClosed = fmt.Errorf("shutting down")

// Command does what the operator wants. A nil error says that it has been begun:
// what becomes of it is reported.
func (e *Engine) Command(now time.Time, cmd ike.Command) error {
	if _, end := cmd.(ike.Shutdown); e.closed || e.leaving && !end {
		return ErrClosed
	}
	switch cmd := cmd.(type) {
	case ike.Initiate:
		return e.initiate(now, cmd.Tunnel)
	case ike.Rekey:
		return e.rekey(now, cmd)
	case ike.ClearISAKMP:
		return e.clearISAKMP(now, cmd.ConnID)
	case ike.ClearIKEv2:
		return e.clearIKEv2(now, cmd)
	case ike.ClearIKEv2Stats:
		e.stats = IKEv2Stats{}
	case ike.ClearPKICounters:
		e.clearPKI()
	case ike.ClearCertificateCache:
		clear(e.certificates.kept)
	case ike.ClearIKEv2Errors:
		e.errors = Errors{Limit: e.errors.Limit}
	case ike.RequestCRL:
		return e.requestCRL(now, cmd.Trustpoint)
	case ike.ClearSA:
		e.clearSA(now, cmd.Peer, false)
	case ike.ClearSession:
		e.clearSA(now, cmd.Remote, true)
	case ike.Adopt:
		return e.adopt(now, cmd)
	case ike.Confirm:
		return e.confirm(now)
	case ike.Revert:
		return e.revert(now, cmd.After)
	case ike.HandOver:
		e.leaving = true
	case ike.Shutdown:
		e.shutdown(now)
	default:
		return fmt.Errorf("unknown command %T", cmd)
	}
	return nil
}

func (e *Engine) initiate(now time.Time, name string) error {
	t := e.tunnels.Lookup(name)
	if t == nil {
		return &NoTunnelError{name}
	}
	reason := t.Refusal()
	if e.env.Config.ISAKMP.Disabled {
		reason = "ISAKMP is OFF"
	}
	if reason != "" {
		return &RefusedError{name, reason}
	}
	if !t.Up() && !t.Negotiating() {
		e.start(now, t)
	}
	return nil
}

// clearISAKMP deletes IKE SAs; their child SAs stay, as on IOS.
func (e *Engine) clearISAKMP(now time.Time, connID uint32) error {
	found := connID == 0
	for _, x := range slices.Clone(e.sessions.all) {
		if x.v1 != nil && (connID == 0 || x.connID == connID) {
			found = true
			x.Delete(now, reasonCommand)
			e.settle(now, x)
		}
	}
	if !found {
		return &NoSAError{connID, false}
	}
	return nil
}

// clearIKEv2 deletes sessions of version 2 with their child SAs. Tunnels that
// negotiate by themselves do so again at once.
func (e *Engine) clearIKEv2(now time.Time, cmd ike.ClearIKEv2) error {
	up := e.up()
	found := cmd.ConnID == 0
	for _, x := range slices.Clone(e.sessions.all) {
		local, remote := x.Addresses()
		if x.v2 == nil || cmd.ConnID != 0 && x.connID != cmd.ConnID ||
			cmd.Local.IsValid() && local.Addr() != cmd.Local || cmd.Remote.IsValid() && remote.Addr() != cmd.Remote {
			continue
		}
		found = true
		if cmd.Fast {
			x.v2.Drop(now, reasonCommand)
		} else {
			x.Delete(now, reasonCommand)
		}
		e.settle(now, x)
	}
	if !found {
		return &NoSAError{cmd.ConnID, true}
	}
	e.restart(now, up)
	return nil
}

// clearSA deletes child SAs, of one peer or all, and with them their IKE SAs if
// that is wanted. Tunnels that negotiate by themselves do so again at once.
func (e *Engine) clearSA(now time.Time, peer netip.Addr, ike bool) {
	up := e.up()
	for _, x := range slices.Clone(e.sessions.all) {
		if _, remote := x.Addresses(); peer.IsValid() && remote.Addr() != peer {
			continue
		}
		if ike {
			e.clear(now, x, reasonCommand)
			continue
		}
		for _, c := range x.Brief().Children {
			x.DeleteChild(now, c.InSPI, reasonCommand)
		}
		e.settle(now, x)
	}
	e.restart(now, up)
}

// shutdown tells every peer, then takes down everything of ours.
func (e *Engine) shutdown(now time.Time) {
	for _, x := range slices.Clone(e.sessions.all) {
		e.clear(now, x, reasonShutdown)
	}
	e.tunnels.Remove(now)
	e.flush()
	e.closed, e.trial = true, nil
}
