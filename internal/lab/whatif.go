package lab

import (
	"fmt"
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

// whatIf tries single changes of either configuration and gives those after which a
// tunnel comes up that does not now, from both sides, and every other one that does.
func (p *Pair) whatIf() []WhatIf {
	attempts := p.attempts(-1)
	before := verdicts(attempts)
	faults := p.faults([2]*policy.Config{p.Routers[0].Config, p.Routers[1].Config})
	help, tried, run := []WhatIf{}, 0, 0
	seen := map[string]bool{}
	for n, a := range attempts {
		if before[n] == Up {
			continue
		}
		for _, c := range a.changes() {
			if key := fmt.Sprint(c.router, c.words); seen[key] || tried == maxTried || run == maxRun || len(help) == maxHelp {
				continue
			} else {
				seen[key] = true
			}
			tried++
			if !p.promising(c, faults) {
				continue
			}
			run++
			changed, err := p.With(c.router, c.text)
			if err != nil {
				continue
			}
			then := changed.attempts(-1)
			after := verdicts(then)
			if helps(attempts, before, after, n) {
				r := p.Routers[c.router]
				w := WhatIf{Change: c.words, Side: r.Name, File: r.File, Line: c.line}
				for i, b := range then {
					me, _ := b.routers()
					w.Result = append(w.Result, Outcome{Tunnel: b.itf.Name, Initiator: me.Name, Result: after[i]})
				}
				help = append(help, w)
			}
		}
	}
	return help
}

func verdicts(attempts []attempt) (all []Verdict) {
	for _, a := range attempts {
		all = append(all, a.run().Result)
	}
	return all
}

// helps says whether the tunnel of the n-th attempt comes up from both sides after a
// change, and nothing that came up before goes down. A change moves no tunnel.
func helps(attempts []attempt, before, after []Verdict, n int) bool {
	if len(after) != len(before) {
		return false
	}
	for i, a := range attempts {
		same := a.itf == attempts[n].itf || a.itf == attempts[n].peer
		if after[i] != Up && (same || before[i] == Up) {
			return false
		}
	}
	return true
}

// promising says whether a change compiles, and leaves fewer faults to be found
// without a negotiation, if there are any.
func (p *Pair) promising(c change, faults int) bool {
	configs := [2]*policy.Config{p.Routers[0].Config, p.Routers[1].Config}
	config, errs := policy.Compile(policy.Source{Name: p.Routers[c.router].File, Text: c.text})
	if errs != nil {
		return false
	}
	configs[c.router] = config
	return faults == 0 || p.faults(configs) < faults
}

func (p *Pair) faults(configs [2]*policy.Config) (n int) {
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
// router that refuses and of the other one, in turn.
func (a attempt) changes() (all []change) {
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
		ends[i] = slices.Concat(e.addTrustpoint(), e.enrolment(), e.dropTrustpoint(), e.matchPeer(a), e.order(), e.dropRule())
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
