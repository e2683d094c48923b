package engine

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/tunnel"
)

// SessionStatus is %CRYPTO-5-SESSION_STATUS, which crypto logging session asks
// for: a tunnel has its first pair of SAs, or has lost its last.
type SessionStatus struct {
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
	if t == nil || t.Up() == was || !e.env.Config.ISAKMP.LogSessions {
		return
	}
	_, remote := x.Addresses()
	e.report(now, SessionStatus{Up: !was, Remote: remote, PeerID: cmp.Or(x.Brief().PeerID, remote.Addr().String())})
}
