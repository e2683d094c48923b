package tunnel

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
)

// Limits of a state: more than there ever are.
const (
	maxTunnels = 1 << 16
	maxPairs   = 4096
)

// remains are what one process leaves of a tunnel to the next: the SAs that carry it
// and where its link goes. What else there is follows from the configuration.
type remains struct {
	name     string
	remote   netip.Addr
	up       bool
	changed  time.Time
	failure  string
	failures int
	children []child
}

func (r *remains) state(c *state.Codec) {
	state.String(c, &r.name)
	c.Addr(&r.remote)
	c.Bool(&r.up)
	c.Time(&r.changed)
	state.String(c, &r.failure)
	c.Int(&r.failures)
	state.List(c, &r.children, maxPairs, func(p *child) {
		p.in.State(c)
		p.out.State(c)
		c.Bool(&p.initiator)
		c.Time(&p.begun)
		c.Time(&p.since)
	})
}

// Export writes what stands of the tunnels. An attempt that is under way is none.
func (s *Set) Export(c *state.Codec) {
	var list []remains
	for _, t := range s.tunnels {
		if t.itf.Tunnel != nil {
			list = append(list, remains{t.Name(), t.remote, t.link.Up, t.changed, t.failure, t.failures, t.children})
		}
	}
	state.List(c, &list, maxTunnels, func(r *remains) { r.state(c) })
}

// Inherit goes on with what Export wrote, under the configuration of then. Interfaces,
// policies and routes are outputs again: those that stand are not changed by it.
func (s *Set) Inherit(now time.Time, cfg *policy.Config, opts Options, c *state.Codec) {
	var list []remains
	state.List(c, &list, maxTunnels, func(r *remains) { r.state(c) })
	left := map[string]*remains{}
	for i := range list {
		left[list[i].name] = &list[i]
	}
	if c.Err() != nil {
		return
	}
	s.now, s.cfg, s.opts = now, cfg, opts
	s.adoptRoutes()
	s.adoptVRFs()
	s.adoptLoopbacks()
	for _, itf := range cfg.Interfaces {
		if itf.Kind == policy.TunnelInterface {
			s.make(itf, left[itf.Name])
		}
	}
	s.announce()
}

// takeOver goes on with what is left of a tunnel.
func (t *Tunnel) takeOver(r *remains) {
	t.remote, t.changed, t.failure, t.failures = r.remote, r.changed, r.failure, r.failures
	if t.children = r.children; t.Up() {
		t.follow(r.children[len(r.children)-1].in)
	}
}
