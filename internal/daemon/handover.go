package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// handOverPatience is how long what is under way may take until it is handed over.
const handOverPatience = 5 * time.Second

// errHandOver ends the daemon so that another process goes on.
var errHandOver = errors.New("handed over")

// followHandOver ends everything for a signal, once nothing is under way.
func (d *Daemon) followHandOver(ctx context.Context, end context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-d.options.HandOver:
	}
	patience := time.NewTimer(handOverPatience)
	defer patience.Stop()
	select {
	case <-ctx.Done():
		return
	case <-d.shard.handOver():
	case <-patience.C:
	}
	end(errHandOver)
}

// A carrier is a data plane in this process: what it knows of its SAs goes over too.
type carrier interface {
	Export(now time.Time) ([]byte, error)
	Import(octets []byte, at time.Time) error
}

// handOver ends the engine and leaves its state to the next process, the sockets too
// where systemd keeps them, and the kernel as it is. Without a state the next process
// begins anew: it sweeps the kernel, and tells the peers.
func (d *Daemon) handOver(ctx context.Context) {
	l := legacy{plane: d.options.Plane, sources: d.Config().Sources}
	err := d.shard.call(func(e *engine.Engine, now time.Time) { l.engine, l.at = e.Export(now), now })
	d.shard.stop()
	if err == nil {
		err = d.kernel.close(ctx)
	}
	if plane, ok := d.plane.(carrier); ok && err == nil {
		l.sas, err = plane.Export(l.at)
	}
	if err == nil {
		err = d.bequeath(l)
	}
	clear(l.engine)
	clear(l.sas)
	if err == nil && d.options.Plane != Userspace { // whose sockets share their ports, and are opened anew
		err = d.supervisor.keep(d.sockets.Conns())
	}
	if err != nil {
		d.log.Error("handing over", zap.Error(err))
	}
	d.hub.close()
}

// firstEngine is that of the process before, which goes over to the configuration of
// now, or a new one. What else the process before has left in the data plane goes.
func (d *Daemon) firstEngine(cfg *policy.Config, snapshot *pki.Snapshot, options engine.Options) (*engine.Engine, error) {
	now := time.Now()
	e, err := d.restore(now, snapshot, options)
	if err != nil {
		fmt.Fprintf(d.options.Stderr, "obold: what the process before has left is not used: %v\n", err)
	}
	if e == nil {
		if err := sweep(d.plane); err != nil {
			return nil, fmt.Errorf("cleaning up after an earlier obold: %w", err)
		}
		return engine.New(now, ike.Env{Config: cfg, PKI: snapshot, Rand: rand.Reader}, options), nil
	}
	missed, err := d.plane.Adopt(e.Standing())
	if err == nil {
		err = e.Command(now, ike.Adopt{Config: cfg})
	}
	if err != nil {
		return nil, fmt.Errorf("taking over from an earlier obold: %w", err)
	}
	for _, event := range missed {
		e.HandleKernel(now, event)
	}
	return e, nil
}

// restore makes an engine of what the process before has left, nil when that is
// nothing.
func (d *Daemon) restore(now time.Time, snapshot *pki.Snapshot, options engine.Options) (*engine.Engine, error) {
	l, err := d.inherit()
	if l == nil || err != nil {
		return nil, err
	}
	defer clear(l.engine)
	defer clear(l.sas)
	cfg, errs := policy.Compile(l.sources...)
	if len(errs) > 0 {
		return nil, errs[:1]
	}
	if _, err := findDevices(cfg, io.Discard); err != nil {
		return nil, err
	}
	at := now.Add(-time.Since(l.at))
	e, err := engine.Restore(now, ike.Env{Config: cfg, PKI: snapshot, Rand: rand.Reader}, options, l.engine, at)
	if err != nil {
		return nil, err
	}
	if plane, ok := d.plane.(carrier); ok {
		if err := plane.Import(l.sas, at); err != nil {
			return nil, err
		}
	}
	return e, nil
}
