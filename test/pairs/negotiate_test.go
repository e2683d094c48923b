package pairs

import (
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/test/script"
)

// attempt is what came of one direction.
type attempt struct {
	up    bool
	lines map[string][]string // debug lines, by router
}

// negotiate lets one router begin, in memory.
func negotiate(t *testing.T, p *Pair, first string) attempt {
	t.Helper()
	setup, err := p.Setup()
	if err != nil {
		t.Fatal(err)
	}
	world := sim.New(p.Seed)
	var begins *sim.Router
	for _, r := range setup.Routers {
		config, errs := policy.Compile(policy.Source{Name: r.Name + ".cfg", Text: []byte(r.Config)})
		if len(errs) > 0 {
			t.Fatalf("%v\n%s", errs, r.Config)
		}
		x := world.Add(r.Name, config, script.Snapshot(config, r.Trustpoints(0)), engine.Options{Options: tunnel.Options{Manual: true}})
		if r.Name == first {
			begins = x
		}
	}
	if err := begins.Command(ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		t.Fatal(err)
	}
	up := func() bool {
		return !slices.ContainsFunc(world.Routers, func(x *sim.Router) bool { return len(x.Views().Tunnels[0].Children) == 0 })
	}
	failed := func() bool {
		return slices.ContainsFunc(begins.Reports, func(r ike.Report) bool { _, failed := r.Event.(ike.NegotiationFailed); return failed })
	}
	world.Until(90*time.Second, func() bool { return up() || failed() })
	a := attempt{up: up(), lines: map[string][]string{}}
	for _, x := range world.Routers {
		for _, report := range x.Reports {
			for _, l := range ioslog.Lines(report) {
				a.lines[x.Name] = append(a.lines[x.Name], l.Text)
			}
		}
	}
	return a
}
