package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/ipsec"
)

// reconcileEvery is how long what others did to our interfaces, routes, policies and SAs
// may stay.
const reconcileEvery = time.Minute

// repairs counts what others had changed, and remembers what cannot be repaired: that is
// told once.
type repairs struct {
	done, failed atomic.Uint64
	broken       map[string]string // what, and why; of the queue's goroutine
	strays       map[string]bool   // likewise
}

// errStray is about what others have made with our marks: it is not ours to remove.
var errStray = errors.New("it is marked as obol's, and is none of this obold's")

// A difference is something that did not stand as it was asked for.
type difference struct {
	what, how string
	err       error // why it cannot be repaired; nil: it was
}

// reconcile compares a data plane with what has to stand there and repairs what differs:
// policies before links and links before routes, as they are made. What should not be
// there it tells.
func (r *repairs) reconcile(plane ipsec.Dataplane, i ipsec.Intent) (found []difference) {
	check := func(what string, differs func() (string, error), repair func() error) {
		how, err := differs()
		if err == nil && how != "" {
			err = repair()
		}
		if err == nil {
			delete(r.broken, what)
		}
		switch {
		case err == nil && how != "":
			r.done.Add(1)
			found = append(found, difference{what: what, how: how})
		case err != nil && r.broken[what] != err.Error():
			r.failed.Add(1)
			if r.broken == nil {
				r.broken = map[string]string{}
			}
			r.broken[what] = err.Error()
			found = append(found, difference{what, how, err})
		}
	}
	for _, p := range i.Policies {
		check(fmt.Sprintf("%s policy of %s mark 0x%x", p.Direction, p.Selector, p.Mark),
			func() (string, error) { return plane.PolicyDiffers(p) }, func() error { return plane.SetPolicy(p) })
	}
	for _, l := range i.Links {
		check("interface "+l.Name, func() (string, error) { return plane.LinkDiffers(l) }, func() error { return plane.SetLink(l) })
	}
	for _, route := range i.Routes {
		check("route to "+route.Dst.String(), func() (string, error) { return plane.RouteDiffers(route) }, func() error { return plane.SetRoute(route) })
	}
	strays, err := plane.Strays(i)
	check("what else is marked as obol's", func() (string, error) { return "", err }, nil)
	seen := map[string]bool{}
	for _, what := range strays {
		seen[what] = true
		if !r.strays[what] {
			r.failed.Add(1)
			found = append(found, difference{what: what, err: errStray})
		}
	}
	r.strays = seen
	return found
}

// vanished are the SAs that a data plane has no more. They cannot be made again, as
// nobody keeps their keys.
func vanished(plane ipsec.Dataplane, ids []ipsec.SAID) (gone []ipsec.SAID) {
	for _, id := range ids {
		if _, err := plane.QuerySA(id); errors.Is(err, syscall.ESRCH) {
			gone = append(gone, id)
		}
	}
	return gone
}

// reconcile does so once. The engine says what has to stand when what it has ordered so
// far is carried out, and that is when the data plane is looked at.
func (d *Daemon) reconcile() {
	d.shard.turn(func(time.Time) {
		intent := d.shard.engine.Intent()
		d.kernel.put(func(plane ipsec.Dataplane) {
			for _, f := range d.repairs.reconcile(plane, intent) {
				if f.err != nil {
					d.log.Error("not as configured, and it cannot be repaired", zap.String("what", f.what), zap.Error(f.err))
				} else {
					d.log.Warn("repaired, as somebody else has changed it", zap.String("what", f.what), zap.String("how", f.how))
				}
			}
			for _, id := range vanished(plane, intent.SAs) {
				d.repairs.done.Add(1)
				d.log.Warn("an SA has vanished, its pair is negotiated anew", spi("spi", id.SPI))
				// To its session that is what the end of its lifetime is: the peer is told,
				// and the tunnel negotiates.
				d.shard.answer(ipsec.Expired{SAID: id, Hard: true})
			}
		})
	})
}

// reconcileAlways does so until ctx ends.
func (d *Daemon) reconcileAlways(ctx context.Context) {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.reconcile()
		}
	}
}
