package control

import (
	"errors"
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
)

// progressEvery is how often a waiting command says that it still waits.
const progressEvery = 5 * time.Second

// An outcome is what a command about a tunnel waits for.
type outcome struct {
	tunnel      string
	command     ike.Command
	seconds     int // 0: it does not wait
	verbose     bool
	doing, done string               // "negotiating", "up"
	already     func() bool          // says whether it is so before the command
	is          func(ike.Event) bool // the event that says so
	stands      func() bool          // the state that does
}

// follow gives the command and waits until what it is to bring about is so, or has
// failed.
func (e *exec) follow(o outcome) int {
	reports := e.router.Subscribe() // before anything can happen
	defer reports.Close()
	before, began := o.already(), time.Now()
	err := e.router.Command(e.ctx, o.command)
	if unknown, ok := errors.AsType[*engine.NoTunnelError](err); ok {
		e.failf("%v", unknown)
		return ExitInvalid
	}
	if err != nil {
		return e.failf("%v", err)
	}
	if before {
		fmt.Fprintf(e.out, "%s is %s already\n", o.tunnel, o.done)
		return ExitDone
	}
	if o.seconds == 0 {
		return ExitDone
	}
	is := func() int {
		// With the SAs come an interface that is up, and its routes: they stand too when
		// the data plane answers.
		if _, err := e.router.Counters(e.ctx, nil); err != nil {
			return e.failf("%s: %v", o.tunnel, err)
		}
		fmt.Fprintf(e.out, "%s is %s after %.1f s\n", o.tunnel, o.done, time.Since(began).Seconds())
		return ExitDone
	}
	timeout := time.After(time.Duration(o.seconds) * time.Second)
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	for {
		select {
		case r, open := <-reports.Reports():
			if !open {
				return e.failf("%s: obold is stopping", o.tunnel)
			}
			if o.is(r.Event) {
				return is()
			}
			if failed, ok := r.Event.(ike.NegotiationFailed); ok && failed.Tunnel == o.tunnel {
				return e.failf("%s: %s: %s", o.tunnel, failed.Stage, failed.Reason)
			}
		case <-progress.C:
			// The event may be among the lost ones.
			if o.stands() {
				return is()
			}
			if o.verbose {
				fmt.Fprintf(e.err, "%s: %s, %d s of %d s\n", o.tunnel, o.doing, int(time.Since(began).Seconds()), o.seconds)
			}
		case <-e.ctx.Done():
			return e.failf("%s: obold is stopping", o.tunnel)
		case <-timeout:
			return e.failf("%s: not %s after %d s%s", o.tunnel, o.done, o.seconds, e.standing(o.tunnel))
		}
	}
}
