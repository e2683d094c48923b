package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/state"
)

// One process hands over to the next in three steps. After ike.HandOver an engine
// begins nothing and takes no first message, but ends what is under way; when it is
// Quiet, or has no more time, Export gives what stands; Restore goes on with that in
// the next process, under the configuration of the first. What is different in the
// second's is a new configuration like any other (ike.Adopt).
//
// A handshake is not handed over: it begins again, and whoever has been authenticated
// in it meanwhile learns from INITIAL_CONTACT that it was in vain.

// maxSessions is a limit of a state: more than there ever are.
const maxSessions = 1 << 20

// Quiet says that Export loses nothing that a peer would notice.
func (e *Engine) Quiet() bool {
	return !slices.ContainsFunc(e.sessions.all, func(x *entry) bool { return !x.Quiet() })
}

// Standing are the SAs in the data plane.
func (e *Engine) Standing() []ipsec.SA {
	var list []ipsec.SA
	for _, x := range e.sessions.all {
		list = append(list, x.Standing()...)
	}
	return list
}

// Export gives what stands, with all keys, and ends the engine; Poll gives what is
// still to be carried out. IKE SAs in the middle of making others are deleted.
func (e *Engine) Export(now time.Time) []byte {
	for _, x := range slices.Clone(e.sessions.all) {
		if !x.Quiet() {
			e.clear(now, x, reasonHandOver)
		}
	}
	e.closed = true
	c := state.Writer(now)
	e.export(now, c)
	return c.Octets()
}

// Restore makes an engine of what Export gave at a time. Its first outputs are all
// interfaces, policies and routes, and those of Standing are its SAs.
func Restore(now time.Time, env ike.Env, opts Options, octets []byte, at time.Time) (*Engine, error) {
	e := newEngine(env, opts)
	c := state.Reader(octets, at)
	if err := e.export(now, c); err != nil {
		return nil, fmt.Errorf("state of an earlier process: %w", err)
	}
	e.flush()
	e.on = e.active()
	for _, x := range slices.Clone(e.sessions.all) {
		e.settle(now, x)
	}
	return e, nil
}

// export describes an engine, either way.
func (e *Engine) export(now time.Time, c *state.Codec) error {
	state.Number(c, &e.sessions.connID)
	state.Number(c, &e.sessions.tunnelID)
	for _, n := range e.counters.totals() {
		state.Number(c, n)
	}
	if c.Reading() {
		e.tunnels.Inherit(now, e.env.Config, e.opts.Options, c)
	} else {
		e.tunnels.Export(c)
	}
	e.access.export(c)
	stand := slices.DeleteFunc(slices.Clone(e.sessions.all), func(x *entry) bool { return !x.stands() })
	state.Pointers(c, &stand, maxSessions, func(x *entry) { e.exportEntry(now, c, x) })
	return c.End()
}

// stands says that there is something to hand over: an IKE SA that is authenticated, or
// the child SAs that one of version 1 has left.
func (x *entry) stands() bool { return x.Established() || x.v1 != nil && !x.Alive() && !x.Done() }

// exportEntry describes a session; one that is read is added to the others.
func (e *Engine) exportEntry(now time.Time, c *state.Codec, x *entry) {
	v2, remote := x.v2 != nil, x.remote
	c.Bool(&v2)
	c.Addr(&remote)
	state.Number(c, &x.connID)
	c.Bool(&x.initiator)
	c.Bool(&x.superseded)
	switch {
	case !c.Reading() && v2:
		c.Fixed(x.i[:])
		x.v2.Export(c)
	case !c.Reading():
		x.v1.Export(c)
	case v2:
		c.Fixed(x.i[:])
		s, err := ikev2.Restore(now, e.env, c)
		if err == nil {
			x.session, x.v2 = s, s
			e.restored(x, remote)
		}
	default:
		s, err := ikev1.Restore(now, e.env, c)
		if err == nil {
			x.session, x.v1 = s, s
			e.restored(x, remote)
		}
	}
}

// restored adds a session that began with a peer at an address.
func (e *Engine) restored(x *entry, home netip.Addr) {
	e.sessions.addFrom(home, x)
	for _, sa := range x.Standing() {
		e.enter(x, sa.SAID)
	}
}

// totals are the counts that go on in the next process.
func (c *Counters) totals() []*uint64 {
	return []*uint64{
		&c.Datagrams, &c.Malformed, &c.Unsupported, &c.UnknownSA, &c.HalfOpenDrops, &c.Muted,
		&c.Sessions, &c.Incoming, &c.Established, &c.Children, &c.Failed, &c.Simultaneous,
	}
}
