package tunnel

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// A Set holds the interfaces of a configuration: tunnels, loopbacks and the
// static routes. The zero Set is empty.
type Set struct {
	opts      Options
	cfg       *policy.Config
	tunnels   []*Tunnel // in configuration order
	vrfs      []ipsec.Link
	loopbacks []ipsec.Link
	routes    []route // as configured
	standing  []route // of these, in the kernel
	out       []ike.Output
	now       time.Time
}

// Poll gives the next output.
func (s *Set) Poll() (ike.Output, bool) {
	if len(s.out) == 0 {
		return nil, false
	}
	o := s.out[0]
	s.out = s.out[1:]
	return o, true
}

// All tunnels, in configuration order.
func (s *Set) All() []*Tunnel { return s.tunnels }

// Lookup finds a tunnel, nil when there is none.
func (s *Set) Lookup(name string) *Tunnel {
	for _, t := range s.tunnels {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// Adopt goes over to a configuration. A tunnel whose definition is the same
// stays as it is, with its SAs; its addresses, MTU and routes are brought up to
// date.
func (s *Set) Adopt(now time.Time, cfg *policy.Config, opts Options) {
	s.now = now
	gone := remade(s.cfg, cfg)
	old := s.tunnels
	s.cfg, s.opts = cfg, opts
	s.adoptRoutes()
	s.withdraw(func(r route) bool {
		return !slices.Contains(s.routes, r) || gone[r.through] || !s.carries(r.through)
	})
	for _, t := range old {
		if gone[t.Name()] && t.itf.ClonedFrom == "" {
			s.unmake(t)
		}
	}
	s.tunnels = nil
	unused := s.adoptVRFs()
	s.adoptLoopbacks()
	for _, itf := range cfg.Interfaces {
		if itf.Kind != policy.TunnelInterface {
			continue
		}
		i := slices.IndexFunc(old, func(t *Tunnel) bool { return t.Name() == itf.Name })
		if i >= 0 && !gone[itf.Name] {
			s.keep(old[i], itf)
		} else {
			s.make(itf, nil)
		}
	}
	for _, t := range old {
		if t.itf.ClonedFrom != "" {
			s.keep(t, cmp.Or(cfg.Current(t.itf), t.itf))
		}
	}
	s.removeLinks(unused)
	s.announce()
}

// Open makes a Virtual-Access interface.
func (s *Set) Open(now time.Time, itf *policy.Interface) {
	s.now = now
	s.make(itf, nil)
}

// Close takes one down, and its policies.
func (s *Set) Close(now time.Time, name string) {
	s.now = now
	s.tunnels = slices.DeleteFunc(s.tunnels, func(t *Tunnel) bool {
		if t.Name() != name {
			return false
		}
		s.unmake(t)
		return true
	})
}

// remade are the tunnels of a configuration that another one removes or makes anew.
func remade(old, cfg *policy.Config) map[string]bool {
	if old == nil { // the first
		return nil
	}
	names := map[string]bool{}
	for _, c := range policy.Compare(old, cfg).Interfaces {
		names[c.Name] = c.Tunnel && c.Fate >= policy.Renegotiated
	}
	return names
}

// make sets up a tunnel that was not there, or what an earlier process has left of it:
// its policies stand before its link.
func (s *Set) make(itf *policy.Interface, left *remains) {
	t := &Tunnel{itf: itf, changed: s.now}
	s.tunnels = append(s.tunnels, t)
	if itf.Tunnel == nil {
		return
	}
	t.remote = itf.Tunnel.Destination
	if t.protected() {
		t.firstChoice()
	}
	if left != nil {
		t.takeOver(left)
	}
	s.refresh(t)
	for _, p := range t.policies() {
		s.emit(ike.SetPolicy{Policy: p})
	}
	if !t.parked() {
		t.link = makeLink(t, addresses(s.cfg, itf))
		s.emit(ike.SetLink{Link: t.link})
	}
	if left == nil || left.up != t.link.Up {
		s.reportLine(t)
	}
	t.Restart(s.now)
}

// keep goes over to a new block of a tunnel whose SAs stay.
func (s *Set) keep(t *Tunnel, itf *policy.Interface) {
	t.itf = itf
	s.tunnels = append(s.tunnels, t)
	if itf.Tunnel == nil {
		return
	}
	s.refresh(t)
	s.relink(t)
	if !t.manual && !t.Up() && !t.negotiating && t.next.IsZero() {
		t.Restart(s.now)
	}
}

// refresh takes over what other parts of the configuration, and the options,
// say about a tunnel.
func (s *Set) refresh(t *Tunnel) {
	t.manual, t.rand = s.opts.Manual, s.opts.Rand
	t.pathMTU = s.path(t.itf.Tunnel)
	was := t.recursive
	t.recursive = recursive(s.cfg, t.itf, s.routes)
	if t.recursive && !was {
		s.report(RecursiveRouting{Interface: t.Name()})
	}
}

// path is the MTU of the way to a tunnel's destination.
func (s *Set) path(tu *policy.Tunnel) int {
	if s.opts.PathMTU != nil {
		if n := s.opts.PathMTU(tu.Source, tu.Destination); n != 0 {
			return n
		}
	}
	if itf := s.cfg.Interface(tu.SourceInterface); itf != nil && itf.MTU != 0 {
		return itf.MTU
	}
	return defaultPathMTU
}

// unmake takes a tunnel down: the link first, so that nothing is sent that a
// policy would have caught.
func (s *Set) unmake(t *Tunnel) {
	if t.itf.Tunnel == nil || t.parked() {
		return
	}
	s.emit(ike.SetLink{Link: t.link, Remove: true})
	if t.link.Up {
		s.report(LineProtocol{Interface: t.Name(), Reason: "removed"})
	}
	for _, p := range t.policies() {
		s.emit(ike.SetPolicy{Policy: p, Remove: true})
	}
}

// Remove takes down everything: routes, links, and the policies last.
func (s *Set) Remove(now time.Time) {
	s.now = now
	s.withdraw(func(route) bool { return true })
	var policies []ipsec.Policy
	for _, t := range s.tunnels {
		if t.itf.Tunnel == nil || t.parked() {
			continue
		}
		s.emit(ike.SetLink{Link: t.link, Remove: true})
		policies = append(policies, t.policies()...)
	}
	s.removeLinks(s.loopbacks)
	s.removeLinks(s.vrfs)
	for _, p := range policies {
		s.emit(ike.SetPolicy{Policy: p, Remove: true})
	}
	s.tunnels, s.loopbacks, s.vrfs, s.routes = nil, nil, nil, nil
}

// Why a pair has to go that has just come up, or has to for its sake, or is to be
// rekeyed.
const (
	Simultaneous = "simultaneous negotiation"
	Crossed      = "rekeyed from both ends" // this one is to be rekeyed
	Obsolete     = "configuration changed"
)

// ChildUp gives a pair of SAs to its tunnel. When a pair has to go, this one or
// another, or to be rekeyed, inSPI is its inbound SPI, and why says the reason.
func (s *Set) ChildUp(now time.Time, up ike.ChildUp) (inSPI uint32, why string) {
	s.now = now
	t := s.Lookup(up.Tunnel)
	if t == nil || !t.takes(up.In) {
		return up.In.SPI, Obsolete
	}
	before := t.policies()
	inSPI, why = t.add(now, up)
	s.update(t, before)
	return inSPI, why
}

// ChildDown takes a pair of SAs away from its tunnel.
func (s *Set) ChildDown(now time.Time, down ike.ChildDown) {
	s.now = now
	if t := s.Lookup(down.Tunnel); t != nil {
		if before := t.policies(); t.remove(now, down.InSPI) {
			s.update(t, before)
		}
	}
}

// relink brings a link up to date. Routes go before a link goes down, or is made anew as
// one of another kind, and come after it has come up: the kernel drops them with the link.
func (s *Set) relink(t *Tunnel) {
	if t.parked() {
		return
	}
	l := makeLink(t, addresses(s.cfg, t.itf))
	was := t.link
	if reflect.DeepEqual(l, was) {
		return
	}
	t.link = l
	if was.Up && (!l.Up || l.Kind != was.Kind) {
		s.withdraw(func(r route) bool { return r.through == t.Name() })
	}
	s.emit(ike.SetLink{Link: l})
	if was.Up != l.Up {
		t.changed = s.now
		s.reportLine(t)
	}
	if l.Up {
		s.announce()
	}
}

// Restore makes a link again that somebody else has removed, and the routes through it,
// which went with it.
func (s *Set) Restore(now time.Time, name string) {
	s.now = now
	t := s.Lookup(name)
	if t == nil || t.itf.Tunnel == nil || t.parked() {
		return
	}
	s.report(LinkLost{Interface: name})
	s.withdraw(func(r route) bool { return r.through == name })
	s.emit(ike.SetLink{Link: t.link})
	s.announce()
}

func (s *Set) reportLine(t *Tunnel) {
	s.report(LineProtocol{Interface: t.Name(), Up: t.link.Up, Reason: t.down()})
}

func (s *Set) adoptLoopbacks() {
	var links []ipsec.Link
	for _, itf := range s.cfg.Interfaces {
		if itf.Kind == policy.Loopback {
			links = append(links, dummy(itf))
		}
	}
	for _, old := range s.loopbacks {
		if !slices.ContainsFunc(links, func(l ipsec.Link) bool { return l.Name == old.Name }) {
			s.emit(ike.SetLink{Link: old, Remove: true})
		}
	}
	for _, l := range links {
		if !slices.ContainsFunc(s.loopbacks, func(old ipsec.Link) bool { return reflect.DeepEqual(old, l) }) {
			s.emit(ike.SetLink{Link: l})
		}
	}
	s.loopbacks = links
}

func (s *Set) emit(o ike.Output)      { s.out = append(s.out, o) }
func (s *Set) report(event ike.Event) { s.emit(ike.Report{At: s.now, Event: event}) }
