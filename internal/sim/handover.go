package sim

import (
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
)

// patience is the daemon's: how long what is under way may take before a handover.
const patience = 5 * time.Second

// HandOver lets another process go on with a router, with other random numbers, once
// nothing is under way or patience is over. For a gap in between nobody hears what
// comes in; the kernel goes on.
func (r *Router) HandOver(gap time.Duration) error {
	if err := r.Command(ike.HandOver{}); err != nil {
		return err
	}
	r.handOver(r.world.Now.Add(patience), gap)
	return nil
}

// Export is what the next process would get.
func (r *Router) Export() []byte { return r.engine.Export(r.world.Now) }

func (r *Router) handOver(end time.Time, gap time.Duration) {
	if !r.engine.Quiet() && r.world.Now.Before(end) {
		r.world.later(10*time.Millisecond, func() { r.handOver(end, gap) })
		return
	}
	state, at := r.engine.Export(r.world.Now), r.world.Now
	r.apply()
	r.engine = nil
	r.processes++
	r.world.later(gap, func() {
		var err error
		if r.engine, err = engine.Restore(r.world.Now, r.env(), r.options, state, at); err != nil {
			panic(err) // it was written by the same code
		}
		missed, err := r.Dataplane.Adopt(r.engine.Standing())
		if err != nil {
			panic(err) // the recording data plane knows no error here
		}
		for _, e := range missed {
			r.engine.HandleKernel(r.world.Now, e)
		}
		r.apply()
	})
}

// env is what an engine gets: every process has other random numbers.
func (r *Router) env() ike.Env {
	return ike.Env{
		Config: r.config, PKI: r.pki, Rand: r.world.random(fmt.Sprintf("%s %d", r.Name, r.processes)),
		Keys: func(k ike.Keys) { r.world.Keys = append(r.world.Keys, k.Clone()) },
	}
}
