package xfrm

import (
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// limits is what is remembered of an installed SA, to find out which expiry was
// missed when the kernel's queue overflowed.
type limits struct {
	id       ipsec.SAID // with the AH around it, which the kernel does not know of
	soft     ipsec.Lifetime
	softDone bool // reported
}

// remember notes an SA that is about to be installed or updated, and returns
// what was known of it before.
func (d *Dataplane) remember(sa ipsec.SA) *limits {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, _ := sa.Names()
	old := d.installed[key]
	d.installed[key] = &limits{id: sa.SAID, soft: sa.Soft}
	return old
}

// restore undoes remember.
func (d *Dataplane) restore(id ipsec.SAID, old *limits) {
	if old == nil {
		d.forget(id)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key, _ := id.Names()
	d.installed[key] = old
}

func (d *Dataplane) forget(id ipsec.SAID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, _ := id.Names()
	delete(d.installed, key)
}

// expired notes an expiry, gives the SA its full name and says whether it is
// news.
func (d *Dataplane) expired(e *ipsec.Expired) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, _ := e.SAID.Names()
	l := d.installed[key]
	if l == nil {
		return false // not of this process, or removed meanwhile
	}
	e.SAID = l.id
	if e.Hard {
		delete(d.installed, key)
		return true
	}
	news := !l.softDone
	l.softDone = true
	return news
}

// resynchronise reports the expiries that were lost: an SA of ours that the
// kernel does not have any more expired hard, one beyond its soft limit
// expired soft. A lost acquire is repeated by the kernel. False when the
// watcher is closed.
func (w *watcher) resynchronise(d *Dataplane) bool {
	list, err := d.states()
	if err != nil {
		return true // the sockets are being closed; Receive will say so
	}
	for _, e := range d.missed(list, time.Now()) {
		if !w.report(d, e) {
			return false
		}
	}
	return true
}

// missed compares what is installed with the kernel's list.
func (d *Dataplane) missed(list []state, now time.Time) []ipsec.Expired {
	standing := make(map[ipsec.SAID]state, len(list))
	for _, s := range list {
		standing[s.id] = s
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var events []ipsec.Expired
	for key, l := range d.installed {
		s, there := standing[key]
		switch {
		case !there:
			events = append(events, ipsec.Expired{SAID: l.id, Hard: true})
		case reached(l.soft, s.counters, now):
			events = append(events, ipsec.Expired{SAID: l.id})
		}
	}
	return events
}

// reached says whether an SA has come to the limit.
func reached(l ipsec.Lifetime, c ipsec.Counters, now time.Time) bool {
	return l.Duration > 0 && now.Sub(c.Added) >= l.Duration ||
		l.Kilobytes > 0 && c.Octets >= 1024*l.Kilobytes ||
		l.Packets > 0 && c.Packets >= l.Packets
}
