package engine

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/tunnel"
)

// SessionStatus is %CRYPTO-5-SESSION_STATUS, which crypto logging session asks
// for: a tunnel has its first pair of SAs, or has lost its last. Of a session of
// version 2 crypto logging ikev2 has %CRYPTO-5-IKEV2_SESSION_STATUS.
type SessionStatus struct {
	IKEv2  bool
	Up     bool
	Remote netip.AddrPort
	PeerID string // as the peer proved it, else its address
}

// IsEvent makes it an event.
func (SessionStatus) IsEvent() {}

// watch reports when the change of a tunnel's SAs brings its crypto session up
// or down.
func (e *Engine) watch(now time.Time, x *entry, t *tunnel.Tunnel, change func()) {
	was := t != nil && t.Up()
	change()
	if t == nil || t.Up() == was {
		return
	}
	_, remote := x.Addresses()
	status := SessionStatus{Up: !was, Remote: remote, PeerID: cmp.Or(x.Brief().PeerID, remote.Addr().String())}
	if e.env.Config.ISAKMP.LogSessions {
		e.report(now, status)
	}
	if x.v2 != nil && e.env.Config.IKEv2.LogSessions {
		status.IKEv2 = true
		e.report(now, status)
	}
}
