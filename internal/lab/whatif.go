package lab

import (
	"slices"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// Limits of a search for changes that help.
const (
	maxTried = 96 // changes that are looked at
	maxRun   = 16 // of those, changes that are negotiated
	maxHelp  = 8  // changes that are told
)

// search is for changes that bring up a tunnel that does not come up now, from both
// sides, and leave every other one up that is.
type search struct {
	*Pair
	attempts   []attempt
	before     []Direction // of each attempt
	faults     int         // errors that are found without negotiating
	seen       map[string]bool
	tried, run int
}

// whatIf tries single changes of either configuration. before are all directions.
func (p *Pair) whatIf(before []Direction) []WhatIf {
	s := search{Pair: p, attempts: p.attempts(-1), before: before, seen: map[string]bool{}}
	s.faults = p.errors([2]*policy.Config{p.Routers[0].Config, p.Routers[1].Config})
	help := []WhatIf{}
	for n, a := range s.attempts {
		if before[n].Result == Up {
			continue
		}
		for _, c := range a.changes(before[n]) {
			if s.tried == maxTried || s.run == maxRun || len(help) == maxHelp {
				return help
			}
			if outcomes := s.try(c, n); outcomes != nil {
				r := p.Routers[c.router]
				help = append(help, WhatIf{Change: c.words, Side: r.Name, File: r.File, Line: c.line, Result: outcomes})
			}
		}
	}
	return help
}

// try negotiates a changed pair. It gives the outcomes when the tunnel of the n-th
// attempt comes up from both sides, and no other one goes down.
func (s *search) try(c change, n int) (outcomes []Outcome) {
	if s.seen[c.words] {
		return nil // for the other direction of the tunnel
	}
	s.seen[c.words] = true
	s.tried++
	if !s.promising(c) {
		return nil
	}
	s.run++
	changed, err := s.With(c.router, c.text)
	if err != nil {
		return nil
	}
	attempts := changed.attempts(-1)
	if len(attempts) != len(s.attempts) {
		return nil
	}
	// Those of the tunnel itself first: most changes end with them.
	var order []int
	own := 0
	for i, a := range s.attempts {
		if a.itf == s.attempts[n].itf || a.itf == s.attempts[n].peer {
			order = slices.Insert(order, own, i)
			own++
		} else {
			order = append(order, i)
		}
	}
	outcomes = make([]Outcome, len(attempts))
	for k, part := range [][]int{order[:own], order[own:]} {
		some := make([]attempt, len(part))
		for j, i := range part {
			some[j] = attempts[i]
		}
		for j, d := range negotiate(some) {
			i := part[j]
			if d.Result != Up && (k == 0 || s.before[i].Result == Up) {
				return nil
			}
			outcomes[i] = Outcome{Tunnel: d.Tunnel, Initiator: d.Initiator.Name, Result: d.Result}
		}
	}
	return outcomes
}

// promising says whether a change compiles, and leaves fewer errors to be found
// without negotiating, if there are any.
func (s *search) promising(c change) bool {
	configs := [2]*policy.Config{s.Routers[0].Config, s.Routers[1].Config}
	config, errs := policy.Compile(policy.Source{Name: s.Routers[c.router].File, Text: c.text})
	if errs != nil {
		return false
	}
	configs[c.router] = config
	return s.faults == 0 || s.errors(configs) < s.faults
}

// errors counts what is found without negotiating.
func (p *Pair) errors(configs [2]*policy.Config) (n int) {
	for _, f := range p.check(configs) {
		if f.Severity == lint.Error {
			n++
		}
	}
	return n
}

// A change is the configuration of one router after one line, or one block, has
// been edited.
type change struct {
	router int
	words  string // one sentence
	line   int    // of the line to change, or after which one is added
	text   []byte
}

// changes are those that may help an attempt, the smallest first: those of the
// two routers in turn.
func (a attempt) changes(d Direction) (all []change) {
	var ends [2][]change
	for i := range ends {
		itf := a.itf
		if i != a.initiator {
			itf = a.peer
		}
		if itf == nil || itf.Tunnel == nil || itf.Tunnel.Protection == nil {
			continue
		}
		e := editor{pair: a.pair, router: i, Router: a.pair.Routers[i], profile: profileOf(itf.Tunnel.Protection)}
		ends[i] = slices.Concat(e.addTrustpoint(), e.enrolment(), e.dropTrustpoint(), e.matchPeer(a, d), e.order(), e.dropRule())
	}
	for k := range max(len(ends[0]), len(ends[1])) {
		for _, list := range ends {
			if k < len(list) {
				all = append(all, list[k])
			}
		}
	}
	return all
}
