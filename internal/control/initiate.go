package control

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
)

// defaultWait is how many seconds initiate waits: six transmissions of a
// message that nobody answers take 60 s.
const defaultWait = 90

// progressEvery is how often a waiting initiate says that it still waits.
const progressEvery = 5 * time.Second

// initiate starts a tunnel and waits until it is up, or its negotiation has
// failed. 0 seconds: it starts it and does not wait.
func (e *exec) initiate(name string, seconds int, verbose bool) int {
	reports := e.router.Subscribe() // before anything can happen
	defer reports.Close()
	before, began := e.isUp(name), time.Now()
	err := e.router.Command(e.ctx, ike.Initiate{Tunnel: name})
	if unknown, ok := errors.AsType[*engine.NoTunnelError](err); ok {
		e.failf("%v", unknown)
		return ExitInvalid
	}
	if err != nil {
		return e.failf("%v", err)
	}
	if before {
		fmt.Fprintf(e.out, "%s is up already\n", name)
		return ExitDone
	}
	if seconds == 0 {
		return ExitDone
	}
	timeout := time.After(time.Duration(seconds) * time.Second)
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	for {
		select {
		case r, open := <-reports.Reports():
			if !open {
				return e.failf("%s: obold is stopping", name)
			}
			switch event := r.Event.(type) {
			case ike.ChildUp:
				if event.Tunnel == name {
					return e.up(name, began)
				}
			case ike.NegotiationFailed:
				if event.Tunnel == name {
					return e.failf("%s: %s: %s", name, event.Stage, event.Reason)
				}
			}
		case <-progress.C:
			// The event may be among the lost ones.
			if e.isUp(name) {
				return e.up(name, began)
			}
			if verbose {
				fmt.Fprintf(e.err, "%s: negotiating, %d s of %d s\n", name, int(time.Since(began).Seconds()), seconds)
			}
		case <-e.ctx.Done():
			return e.failf("%s: obold is stopping", name)
		case <-timeout:
			return e.failf("%s: not up after %d s%s", name, seconds, e.standing(name))
		}
	}
}

func (e *exec) up(name string, began time.Time) int {
	fmt.Fprintf(e.out, "%s is up after %.1f s\n", name, time.Since(began).Seconds())
	return ExitDone
}

// standing says where a tunnel's negotiation stands, "" when none is under way.
func (e *exec) standing(name string) string {
	view, err := e.router.View(e.ctx)
	if err != nil {
		return ""
	}
	for _, t := range view.Tunnels {
		for _, s := range view.Sessions {
			if t.Name == name && s.Initiator && s.Remote.Addr() == t.Destination {
				return fmt.Sprintf(": still negotiating with %s, in %s", t.Destination, s.State)
			}
		}
		for _, s := range view.IKEv2 {
			if t.Name == name && s.Initiator && s.Remote.Addr() == t.Destination {
				return fmt.Sprintf(": still negotiating with %s, in %s", t.Destination, s.State)
			}
		}
	}
	return ""
}

// isUp says whether the tunnel has SAs now.
func (e *exec) isUp(name string) bool {
	view, err := e.router.View(e.ctx)
	return err == nil && slices.ContainsFunc(view.Tunnels, func(t tunnel.View) bool {
		return t.Name == name && len(t.Children) > 0
	})
}
