package userspace

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/rtnetlink"
)

// Dataplane is that of one network namespace.
type Dataplane struct {
	wire   *netio.ESP
	host   *rtnetlink.Interfaces
	asking sync.Mutex // of routes
	routes *rtnetlink.Interfaces
	random io.Reader
	events *events
	// unknown are packets of no SA: none has the SPI, the destination and the
	// encapsulation. The others are counted by their SAs.
	unknown atomic.Uint64

	table    table      // what comes in
	claiming sync.Mutex // of its SAs: puts what was kept before what comes, and guards:
	expected map[uint32]*kept
	kept     int       // octets, in expected
	given    *receiver // opens what was kept
	told     time.Time // of a packet of no SA

	mu       sync.Mutex // all below
	tunnels  map[string]*tunnel
	policies []ipsec.Policy
	in       map[ipsec.SAID]*inbound
	out      map[ipsec.SAID]*outbound
	order    uint64 // of installation
	// inherited are the names of TUN devices that the process before has left.
	inherited map[string]bool
	closed    sync.Once
	workers   sync.WaitGroup
}

var _ ipsec.Dataplane = (*Dataplane)(nil)

// New opens the data plane of the caller's network namespace. wire is its way to the
// peers, which stays the caller's to close, before the data plane; random keys the
// vectors of CBC. SetLink is to be called in this namespace too.
func New(wire *netio.ESP, random io.Reader) (*Dataplane, error) {
	host, err := rtnetlink.Open()
	if err != nil {
		return nil, err
	}
	routes, err := rtnetlink.Open()
	if err != nil {
		host.Close()
		return nil, err
	}
	d := &Dataplane{
		wire: wire, host: host, routes: routes, random: random, events: newEvents(), expected: map[uint32]*kept{},
		tunnels: map[string]*tunnel{}, in: map[ipsec.SAID]*inbound{}, out: map[ipsec.SAID]*outbound{}, inherited: map[string]bool{},
	}
	d.given = newReceiver(d)
	d.workers.Go(func() {
		// It fails where a socket does, and then IKE's on the same port do too.
		wire.Receive(max(1, runtime.GOMAXPROCS(0)/2), func() netio.Receiver { return newReceiver(d) })
	})
	return d, nil
}

// String names the data plane for show and logs.
func (*Dataplane) String() string { return "userspace: ESP and GRE in this process, TUN" }

// InvalidSPIs is how many packets came for no SA, or before theirs.
func (d *Dataplane) InvalidSPIs() uint64 { return d.unknown.Load() }

// Events reports Expired, Mapped, LinkLost, InvalidSPI and Acquire until Close.
func (d *Dataplane) Events() <-chan ipsec.Event { return d.events.out }

// Sweep removes everything that is recognisably ours. What an obold that was killed
// had as TUN devices went with it; those that one has left to another are here still.
func (d *Dataplane) Sweep() error {
	d.mu.Lock()
	links := slices.Collect(maps.Keys(d.tunnels))
	sas := slices.Concat(slices.Collect(maps.Keys(d.in)), slices.Collect(maps.Keys(d.out)))
	d.policies = nil
	clear(d.inherited)
	d.mu.Unlock()
	var errs []error
	for _, name := range links {
		errs = append(errs, d.RemoveLink(name))
	}
	for _, id := range sas {
		errs = append(errs, d.RemoveSA(id))
	}
	return errors.Join(append(errs, d.host.SweepLinks(), d.host.SweepRoutes())...)
}

// Close ends the events and the workers. The TUN devices go, all else that is
// installed on the host stays.
func (d *Dataplane) Close() error {
	d.closed.Do(func() {
		d.mu.Lock()
		for _, t := range d.tunnels {
			t.device.close()
		}
		clear(d.tunnels)
		for _, sa := range d.in {
			sa.timer.Stop()
		}
		for _, sa := range d.out {
			sa.timer.Stop()
		}
		d.mu.Unlock()
		close(d.events.closed)
		d.host.Close()
		d.asking.Lock()
		d.routes.Close()
		d.asking.Unlock()
	})
	return nil
}

// SetRoute adds a route. One that stands already is no error.
func (d *Dataplane) SetRoute(r ipsec.Route) error { return d.host.SetRoute(r) }

// RemoveRoute removes a route of ours. That there is none is no error.
func (d *Dataplane) RemoveRoute(r ipsec.Route) error { return d.host.RemoveRoute(r) }

// QuerySA reads the counters of an SA. What a tunnel could not send for want of one, the
// one that it sends by now tells of.
func (d *Dataplane) QuerySA(id ipsec.SAID) (ipsec.Counters, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if sa := d.in[id]; sa != nil {
		return sa.esp.Counters(), nil
	}
	if sa := d.out[id]; sa != nil {
		c := sa.esp.Counters()
		if t := sa.tunnel.Load(); t != nil {
			c.LifetimeErrors += t.unsent.Load()
		}
		return c, nil
	}
	return ipsec.Counters{}, fmt.Errorf("query %s: there is none", describe(id))
}

func describe(id ipsec.SAID) string {
	return fmt.Sprintf("SA %s %s -> %s spi 0x%08x", id.Protocol, id.Src, id.Dst, id.SPI)
}

// limited is what both directions have of esp's account.
type limited interface {
	Reached(now time.Time) (soft, hard bool)
	NextLimit() time.Time
	Update(ipsec.SA)
}

// tell reports the limits that an SA has reached; at the hard one it is gone.
func (d *Dataplane) tell(id ipsec.SAID, sa limited) {
	soft, hard := sa.Reached(time.Now())
	if !soft && !hard {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	in, out := d.in[id], d.out[id]
	if (in == nil || sa != limited(in.esp)) && (out == nil || sa != limited(out.esp)) {
		return // it was removed meanwhile
	}
	if hard {
		d.forget(id)
	}
	d.events.put(ipsec.Expired{SAID: id, Hard: hard})
}

// watch makes the timer of what time alone reaches.
func (d *Dataplane) watch(id ipsec.SAID, sa limited) *time.Timer {
	var timer *time.Timer
	set := func() {
		if at := sa.NextLimit(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
	}
	timer = time.AfterFunc(time.Hour, func() {
		d.tell(id, sa)
		set()
	})
	timer.Stop()
	set()
	return timer
}
