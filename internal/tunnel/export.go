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

// remains are what one process leaves of a tunnel to the next: the SAs that carry it,
// where its link goes and of which kind it is. What else there is follows from the configuration.
type remains struct {
	itf      *policy.Interface
	remote   netip.Addr
	xfrm     bool
	up       bool
	changed  time.Time
	failure  string
	failures int
	children []child
}

func (r *remains) state(c *state.Codec, cfg *policy.Config) {
	cfg.StateInterface(c, &r.itf)
	c.Addr(&r.remote)
	c.Bool(&r.xfrm)
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
			list = append(list, remains{t.itf, t.remote, t.xfrm, t.link.Up, t.changed, t.failure, t.failures, t.children})
		}
	}
	state.List(c, &list, maxTunnels, func(r *remains) { r.state(c, s.cfg) })
}

// Inherit goes on with what Export wrote, under the configuration of then. Interfaces,
// policies and routes are outputs again: those that stand are not changed by it.
func (s *Set) Inherit(now time.Time, cfg *policy.Config, opts Options, c *state.Codec) {
	var list []remains
	state.List(c, &list, maxTunnels, func(r *remains) { r.state(c, cfg) })
	left := map[string]*remains{}
	if c.Err() != nil {
		return
	}
	for i := range list {
		if r := &list[i]; r.itf != nil {
			left[r.itf.Name] = r
		}
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
	for i := range list {
		if r := &list[i]; r.itf != nil && r.itf.ClonedFrom != "" && left[r.itf.Name] == r {
			s.make(r.itf, r)
		}
	}
	s.announce()
}

// takeOver goes on with what is left of a tunnel.
func (t *Tunnel) takeOver(r *remains) {
	t.remote, t.xfrm, t.changed, t.failure, t.failures = r.remote, r.xfrm, r.changed, r.failure, r.failures
	if t.children = r.children; t.Up() {
		t.follow(r.children[len(r.children)-1].in)
	}
}
