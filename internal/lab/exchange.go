package lab

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
)

// Exchange is a direction as it went over the network of the laboratory: what was
// sent (World.Sent), what either router reported (Reports), what stands in its data
// plane. Debug lines, captures and pages are renderings of it.
type Exchange struct {
	World                *sim.World
	Initiator, Responder *sim.Router
	Tunnel               string // the initiator's
}

const (
	// patience is how long an exchange may take: no machine repeats itself longer.
	patience = 5 * time.Minute
	// echo is how long the world goes on after the decision: what is on its way
	// arrives, and nothing is repeated yet.
	echo = time.Second
)

// exchange runs an attempt until it is decided. took says of each report whether
// that is so.
func (a attempt) exchange(took func(router int, e ike.Event) (decided bool)) (*Exchange, error) {
	w := sim.New(a.seed())
	w.Now = a.pair.Now
	var routers [2]*sim.Router
	for i, r := range a.pair.Routers {
		routers[i] = w.Add(r.Name, r.Config, r.Snapshot, engine.Options{Options: tunnel.Options{Manual: true}})
	}
	x := &Exchange{World: w, Initiator: routers[a.initiator], Responder: routers[1-a.initiator], Tunnel: a.itf.Name}
	if err := x.Initiator.Command(ike.Initiate{Tunnel: a.itf.Name}); err != nil {
		return x, err
	}
	var read [2]int
	w.Until(patience, func() bool {
		for i, r := range routers {
			for ; read[i] < len(r.Reports); read[i]++ {
				if took(i, r.Reports[read[i]].Event) {
					return true
				}
			}
		}
		return false
	})
	w.Run(echo)
	return x, nil
}

// seed is another one for each direction: in one capture every SA has SPIs of its
// own.
func (a attempt) seed() uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", a.initiator, a.itf.Name)
	return h.Sum64()
}
