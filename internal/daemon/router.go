package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// The Daemon is what the commands of package control work on.
var _ control.Router = (*Daemon)(nil)

// debugQueue is how many reports a client may be behind: some twenty main
// modes.
const debugQueue = 2048

// Notice stands above every show text.
func (d *Daemon) Notice() string {
	if d.options.Plane == None {
		return show.NoDataPlane
	}
	return ""
}

// Config is the running configuration.
func (d *Daemon) Config() *policy.Config { return d.config.Load() }

// PKI is what the store holds now.
func (d *Daemon) PKI() *pki.Snapshot { return d.snapshot.Load() }

// Store is the store's directory, absolute.
func (d *Daemon) Store() string { return d.options.Store }

// Change lets one writer at the store and then gives its new state to the
// engine: what an exchange began with it keeps, the next one takes the new.
func (d *Daemon) Change(ctx context.Context, f func(*store.Store) error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if err := f(d.store); err != nil {
		return err
	}
	snapshot, _, err := load(d.store, d.Config()) // the remarks were told at the start
	if err != nil {
		return fmt.Errorf("the store changed, but the daemon goes on with what it had: %w", err)
	}
	return d.adopt(ctx, ike.Adopt{PKI: snapshot})
}

// View is a copy of the engine's state, and what the sockets and the data plane dropped.
func (d *Daemon) View(ctx context.Context) (view engine.View, err error) {
	err = d.shard.call(func(e *engine.Engine, now time.Time) { view = e.Views(now) })
	c := d.sockets.Counters()
	view.Counters.Dropped = c.Oversize + c.NoMarker
	view.Counters.InvalidSPIs = d.kernel.plane.InvalidSPIs()
	view.Counters.Repaired, view.Counters.Unrepaired = d.repairs.done.Load(), d.repairs.failed.Load()
	return view, err
}

// Counters asks the data plane, after everything ordered so far.
func (d *Daemon) Counters(ctx context.Context, ids []ipsec.SAID) (map[ipsec.SAID]ipsec.Counters, error) {
	answer := make(chan map[ipsec.SAID]ipsec.Counters, 1)
	d.kernel.put(func(plane ipsec.Dataplane) {
		counters := map[ipsec.SAID]ipsec.Counters{}
		for _, id := range ids {
			// An SA that went in between has no counters, and no error either.
			if c, err := plane.QuerySA(id); err == nil {
				counters[id] = c
			}
		}
		answer <- counters
	})
	select {
	case counters := <-answer:
		return counters, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Command hands a command to the engine.
func (d *Daemon) Command(ctx context.Context, cmd ike.Command) error {
	var refused error
	err := d.shard.call(func(e *engine.Engine, now time.Time) { refused = e.Command(now, cmd) })
	return errors.Join(err, refused)
}

// Subscribe follows what the engine reports.
func (d *Daemon) Subscribe() control.Subscription { return d.hub.subscribe(debugQueue, everything) }
