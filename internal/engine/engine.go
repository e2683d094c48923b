// Package engine is one shard's worth of IKE speaker: the sessions, the tunnels
// and what ties them together. It has no socket, clock, kernel or goroutine.
//
// The caller hands in datagrams, kernel answers, commands and the time, then
// takes outputs with Poll until there is none, carries them out in that order,
// and calls HandleTimeout when NextTimeout says so. Spurious calls are harmless.
package engine

import (
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// The numbers of the first IKE SA of either version, as on IOS: the conn-id of ISAKMP
// and the Tunnel-id of IKEv2, which debug crypto ikev2 calls SA ID.
const (
	FirstConnID   = 1001
	FirstTunnelID = 1
)

// Options that are not configuration.
type Options struct{ tunnel.Options }

// Engine holds all IKE SAs and tunnels of a shard. Its methods are for one
// goroutine.
type Engine struct {
	env  *ike.Env
	opts Options

	sessions     sessions
	deadlines    deadlines
	tunnels      tunnel.Set
	children     book
	access       access
	halfOpen     halfOpen
	mute         mute
	cookies      ikev2.Cookies
	fragments    fragments
	certificates certificateCache
	inquiries    inquiries
	counters     Counters
	stats        IKEv2Stats
	trial        *trial // nil: the configuration stays
	errors       Errors
	pki          PKIStats

	out     []ike.Output
	on      bool // ISAKMP is
	leaving bool // after HandOver
	closed  bool // after Shutdown, or Export
}

// New makes an engine; the interfaces, policies and routes of env.Config are
// its first outputs. Of env, Config, PKI and Rand are the caller's; the engine
// fills in the rest.
func New(now time.Time, env ike.Env, opts Options) *Engine {
	e := newEngine(env, opts)
	e.tunnels.Adopt(now, env.Config, e.opts.Options)
	e.flush()
	e.switchISAKMP(now)
	return e
}

func newEngine(env ike.Env, opts Options) *Engine {
	opts.Rand = env.Rand
	e := &Engine{
		env: &env, opts: opts,
		sessions: newSessions(),
		children: newBook(),
		access:   newAccess(),
		halfOpen: newHalfOpen(),
		mute:     mute{},

		fragments:    newFragments(),
		certificates: newCertificateCache(),
		inquiries:    newInquiries(),
		errors:       Errors{Limit: env.Config.IKEv2.DiagnoseErrors},
	}
	e.env.Established = e.established
	e.env.Floated = e.floated
	e.env.Carries = e.carries
	e.env.Answers = e.answers
	e.env.Access = e.accessFor
	e.env.NewSPI = e.newSPI
	e.env.Hold = e.fragments.hold
	return e
}

// Poll gives the next output, in the order in which they are to be carried out.
func (e *Engine) Poll() (ike.Output, bool) {
	if len(e.out) == 0 {
		return nil, false
	}
	o := e.out[0]
	e.out[0] = nil // it may hold keys
	e.out = e.out[1:]
	return o, true
}

// NextTimeout says when HandleTimeout is wanted and why; the zero time when
// nothing is pending.
func (e *Engine) NextTimeout() (time.Time, string) {
	var when time.Time
	var why string
	if x := e.deadlines.next(); x != nil {
		when = x.deadline
		_, why = x.NextTimeout()
	}
	if t := e.trial; t != nil && (when.IsZero() || t.due().Before(when)) {
		when, why = t.due(), "configure confirm is awaited"
	}
	if e.closed || e.leaving || e.env.Config.ISAKMP.Disabled {
		return when, why
	}
	if at := e.env.PKI.NextStale(); !at.IsZero() && (when.IsZero() || at.Before(when)) {
		when, why = at, RunningOut
	}
	for _, t := range e.tunnels.All() {
		if at := t.Next(); !at.IsZero() && (when.IsZero() || at.Before(when)) {
			when, why = at, t.Name()+" negotiates"
		}
	}
	return when, why
}

// HandleTimeout does what is due.
func (e *Engine) HandleTimeout(now time.Time) {
	for _, x := range e.deadlines.due(now) {
		x.HandleTimeout(now)
		e.settle(now, x)
	}
	e.trialTimeout(now)
	if e.closed || e.leaving || e.env.Config.ISAKMP.Disabled {
		return
	}
	e.refresh(now)
	for _, t := range e.tunnels.All() {
		if t.Due(now) {
			e.askAgain(now, t)
			e.start(now, t)
		}
	}
}

// HandleKernel takes an event of the data plane to the session whose SA it is
// about. An Acquire starts nothing: IOS's tunnels negotiate because they are
// configured, not because there is traffic.
func (e *Engine) HandleKernel(now time.Time, event ipsec.Event) {
	var id ipsec.SAID
	switch event := event.(type) {
	case ipsec.Installed:
		id = event.SAID
	case ipsec.Expired:
		id = event.SAID
	case ipsec.Queried:
		id = event.SAID
	case ipsec.Mapped:
		id = event.SAID
	case ipsec.LinkLost:
		e.tunnels.Restore(now, event.Name)
		e.flush()
		return
	case ipsec.InvalidSPI:
		e.invalidSPI(now, event.SAID)
		return
	default:
		return
	}
	own, _ := id.Names()
	x := e.children.of[own]
	if x == nil {
		return
	}
	var up []*tunnel.Tunnel
	_, expired := event.(ipsec.Expired)
	if expired {
		up = e.up()
	}
	x.HandleKernel(now, event)
	e.settle(now, x)
	e.restart(now, up)
}

// HandleLookup takes the answer to an ike.Lookup to the session that asked, or to all
// that wait for it.
func (e *Engine) HandleLookup(now time.Time, id ike.LookupID, a ike.Answer) {
	if id.ConnID == 0 {
		e.answered(now, id.Index, a)
		return
	}
	if x := e.sessions.ofTunnelID(id.ConnID); x != nil {
		e.certificates.fetched(x, a, e.env.Config.IKEv2.CertificateCache)
		x.v2.HandleLookup(now, id, a)
		e.settle(now, x)
	}
}

// flush takes over what the tunnels want done.
func (e *Engine) flush() {
	for {
		o, ok := e.tunnels.Poll()
		if !ok {
			return
		}
		e.out = append(e.out, o)
	}
}

func (e *Engine) report(now time.Time, event ike.Event) {
	e.out = append(e.out, ike.Report{At: now, Event: event})
}
