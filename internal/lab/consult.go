package lab

import (
	"slices"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// Consult is Run with advice: what obol check finds in both configurations, and of
// tunnels that do not come up which single changes would bring them up.
func Consult(p *Pair, o Options) (*Result, error) {
	r, err := Run(p, o)
	if err != nil {
		return nil, err
	}
	r.Findings = slices.Concat(p.check([2]*policy.Config{p.Routers[0].Config, p.Routers[1].Config}), r.Findings)
	if r.Up() {
		return r, nil
	}
	all := r.Directions
	if attempts := p.attempts(-1); len(all) < len(attempts) { // one initiator was asked for
		all = negotiate(attempts)
	}
	r.WhatIf = p.whatIf(all)
	return r, nil
}

// check is what there is to find in two configurations of the routers.
func (p *Pair) check(configs [2]*policy.Config) []lint.Finding {
	var routers []lint.Router
	for i, r := range p.Routers {
		order := r.Order.Trustpoints
		if len(configs[i].Enrolled) > 0 {
			order = configs[i].Enrolled
		}
		routers = append(routers, lint.Router{Name: r.Name, Config: configs[i], Enrolled: order})
	}
	return lint.Check(p.Now, routers...)
}
