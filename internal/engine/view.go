package engine

import (
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/tunnel"
)

// Counters count what has been handled and what was not.
type Counters struct {
	Dropped       uint64 // by the sockets: no message of IKE (the daemon's count)
	InvalidSPIs   uint64 // packets of ESP for no SA (the data plane's count)
	Repaired      uint64 // interfaces, routes, policies and SAs of ours that others had changed (the daemon's count)
	Unrepaired    uint64 // of these those that could not be repaired (likewise)
	Datagrams     uint64 // handed in
	Malformed     uint64 // not ISAKMP, or a first message that cannot be read
	Unsupported   uint64 // a version or exchange that we do not speak
	UnknownSA     uint64 // cookies of no session
	HalfOpenDrops uint64 // first messages above the limits
	Muted         uint64 // reports of drops and refusals left out, because there were too many
	Sessions      uint64 // IKE SAs begun, by either side
	Incoming      uint64 // of these by a peer
	Established   uint64 // of these authenticated
	Children      uint64 // child SA pairs that came up
	Failed        uint64 // negotiations that failed
	Simultaneous  uint64 // child SA pairs given up for a simultaneous one
	HalfOpen      int    // IKE SAs that peers began and have not authenticated, now
}

// View is a copy of the state for the show commands.
type View struct {
	Sessions []ikev1.View  // IKE SAs of version 1, by conn id
	IKEv2    []ikev2.View  // of version 2, likewise
	Tunnels  []tunnel.View // in configuration order
	Counters Counters
	Stats    IKEv2Stats
	Errors   Errors
	PKI      PKIStats
}

// Views copies the state.
func (e *Engine) Views(now time.Time) View {
	v := View{Tunnels: e.tunnels.Views(), Counters: e.counters, Stats: e.stats.copied(), Errors: e.errors.copied(), PKI: e.pkiStats()}
	for _, x := range e.sessions.all {
		if x.v2 != nil {
			v.IKEv2 = append(v.IKEv2, x.v2.View(now))
		} else {
			v.Sessions = append(v.Sessions, x.v1.View(now))
		}
	}
	v.Counters.HalfOpen = e.halfOpen.total
	return v
}
