package engine

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
)

// access are the Virtual-Access interfaces: copies of a Virtual-Template, one for each
// peer that calls. One is promised when a peer asks for its first pair of SAs, stands
// while it has a pair, and goes with its last.
type access struct {
	taken map[int]*promised
	of    map[caller]*promised
}

// caller names a peer by whatever tells it from others at the same address.
type caller struct {
	template string
	ike.Ends
	owner string
}

// promised is a number that is in use.
type promised struct {
	caller
	number int
	until  time.Time // when it is free again, if there are no SAs by then; zero: there are
}

// promise is how long a pair of SAs may take to come up.
const promise = 2 * time.Minute

func newAccess() access {
	return access{taken: map[int]*promised{}, of: map[caller]*promised{}}
}

// accessFor is ike.Env's.
func (e *Engine) accessFor(a ike.Access) *policy.Interface {
	c := caller{a.Template.Name, a.Ends, a.Owner}
	p := e.access.of[c]
	if p == nil {
		if p = e.access.next(a.Now, c); p == nil {
			return nil
		}
	}
	if !p.until.IsZero() {
		p.until = a.Now.Add(promise)
	}
	return a.Template.Access(p.number, a.Local, a.Remote)
}

// next promises the lowest free number; nil when there is none.
func (s *access) next(now time.Time, c caller) *promised {
	for n := 1; n <= policy.MaxAccess; n++ {
		old := s.taken[n]
		if old != nil && (old.until.IsZero() || now.Before(old.until)) {
			continue
		}
		if old != nil {
			s.free(old)
		}
		p := &promised{caller: c, number: n, until: now.Add(promise)}
		s.taken[n], s.of[c] = p, p
		return p
	}
	return nil
}

func (s *access) free(p *promised) {
	delete(s.taken, p.number)
	delete(s.of, p.caller)
}

// open makes the interface that was promised to a peer whose first pair of SAs is up.
func (e *Engine) open(now time.Time, name string) {
	p := e.access.named(name)
	if p == nil || e.tunnels.Lookup(name) != nil {
		return
	}
	template := e.env.Config.Interface(p.template)
	if template == nil || template.Template == nil {
		return // it went while the SAs came up: they are obsolete
	}
	p.until = time.Time{}
	e.tunnels.Open(now, template.Access(p.number, p.Local, p.Remote))
}

// shut removes a Virtual-Access interface that has lost its last pair.
func (e *Engine) shut(now time.Time, name string) {
	p := e.access.named(name)
	if p == nil || !p.until.IsZero() {
		return
	}
	if t := e.tunnels.Lookup(name); t != nil && !t.Up() {
		e.tunnels.Close(now, name)
		e.access.free(p)
	}
}

// export describes the numbers of the interfaces that stand.
func (s *access) export(c *state.Codec) {
	var list []*promised
	for n := 1; n <= policy.MaxAccess && len(list) < len(s.taken); n++ {
		if p := s.taken[n]; p != nil && p.until.IsZero() {
			list = append(list, p)
		}
	}
	state.Pointers(c, &list, policy.MaxAccess, func(p *promised) {
		c.Int(&p.number)
		state.String(c, &p.template)
		state.String(c, &p.VRF)
		c.Addr(&p.Local)
		c.Addr(&p.Remote)
		state.String(c, &p.owner)
	})
	if !c.Reading() {
		return
	}
	for _, p := range list {
		c.Want(0 < p.number && p.number <= policy.MaxAccess && s.taken[p.number] == nil, "number of a Virtual-Access interface")
		s.taken[p.number], s.of[p.caller] = p, p
	}
}

// named is the promise of an interface's name, nil for none.
func (s *access) named(name string) *promised {
	n, ok := policy.AccessNumber(name)
	if !ok {
		return nil
	}
	return s.taken[n]
}
