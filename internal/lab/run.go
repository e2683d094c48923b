package lab

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/lint"
)

// Options of a run.
type Options struct {
	Initiator string // name of the router that begins; "" or "both": each in turn
}

// Both is the word for each router in turn.
const Both = "both"

// Run negotiates every tunnel of the pair in every direction that is asked for.
func Run(p *Pair, o Options) (*Result, error) {
	only := -1
	if o.Initiator != "" && o.Initiator != Both {
		if only = p.Router(o.Initiator); only < 0 {
			return nil, fmt.Errorf("%w: %s; there are %s and %s", ErrNoSuchRouter, o.Initiator, p.Routers[0].Name, p.Routers[1].Name)
		}
	}
	r := &Result{Schema: Schema, Directions: []Direction{}, Findings: append([]lint.Finding{}, p.Findings...), WhatIf: []WhatIf{}}
	r.Directions = append(r.Directions, negotiate(p.attempts(only))...)
	return r, nil
}

// negotiate decides attempts, as many at a time as there are processors: each has a
// world of its own.
func negotiate(attempts []attempt) []Direction {
	directions := make([]Direction, len(attempts))
	processors := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i, a := range attempts {
		processors <- struct{}{}
		all.Go(func() {
			directions[i] = a.run()
			<-processors
		})
	}
	all.Wait()
	return directions
}

// run decides one attempt.
func (a attempt) run() Direction {
	me, peer := a.routers()
	d := Direction{Tunnel: a.itf.Name, IKE: a.version(), Initiator: Side{Name: me.Name, Why: []string{}}, Responder: Side{Name: peer.Name, Why: []string{}}, Where: []lint.Place{}}
	if x := a.obstacle(); x != nil {
		d.down(x)
		return d
	}
	w := newWatch(a)
	exchange, err := a.exchange(w.take)
	d.Exchange = exchange
	if err != nil {
		d.down(a.unwilling(err))
		return d
	}
	d.Initiator, d.Responder = w.accounts[a.initiator].side, w.accounts[1-a.initiator].side
	if w.up[0] && w.up[1] {
		d.Result, d.Stage = Up, stageUp
		return d
	}
	d.down(w.explain())
	return d
}

const stageUp = "UP"

// down writes the verdict of a direction that failed.
func (d *Direction) down(x *explanation) {
	d.Result, d.Stage, d.Code, d.Cause, d.Cure = Down, x.stage, x.code, x.cause, x.cure
	for _, w := range x.where {
		if w.File != "" {
			d.Where = append(d.Where, w)
		}
	}
}

// watch follows both routers until the attempt is decided.
type watch struct {
	attempt
	accounts [2]*account
	up       [2]bool
	end      *ending
}

// ending is how an attempt failed.
type ending struct {
	by       int       // the router that refused, or gave up
	stage    string    // the message
	reason   ike.Event // what it refused for, nil when no event says
	sentence string    // its own words
	silent   bool      // nobody said why
}

func newWatch(a attempt) *watch {
	w := &watch{attempt: a}
	for i := range w.accounts {
		w.accounts[i] = &account{
			router: a.pair.Routers[i], peer: a.pair.Routers[1-i], initiator: i == a.initiator,
			side: Side{Name: a.pair.Routers[i].Name, Why: []string{}},
		}
	}
	return w
}

// take hears one report. It says whether the attempt is decided: at the first
// refusal, and not when somebody has given up repeating.
func (w *watch) take(router int, e ike.Event) bool {
	if _, ok := e.(ike.ChildUp); ok {
		w.up[router] = true
		return w.up[0] && w.up[1]
	}
	a := w.accounts[router]
	a.hear(e)
	if w.end = a.ended(e); w.end != nil {
		w.end.by = router
		a.flush()
		return true
	}
	return false
}
