package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// Dataplane is a kernel that records. It behaves like the real one where that
// matters to the engine: routes go with their link, an SA is gone at its hard
// lifetime, an SA that is there cannot be installed again.
type Dataplane struct {
	SAs      map[ipsec.SAID]ipsec.SA
	Policies []ipsec.Policy
	Links    []ipsec.Link
	Routes   []ipsec.Route
	Log      []string          // every order
	Expected map[uint32]uint64 // packets that came before their inbound SA, by its SPI
	// Violations are orders that a kernel would refuse, and moments at which
	// plaintext could have left.
	Violations []string
	Installed  []ipsec.SA // every SA that was ever there, with its keys
	// Refuse, when set, may refuse an SA.
	Refuse func(ipsec.SA) error

	order   []ipsec.SAID // of installation
	packets map[ipsec.SAID]uint64
	told    time.Time // of a packet of no SA
	router  *Router
	events  chan ipsec.Event
}

var _ ipsec.Dataplane = (*Dataplane)(nil)

func newDataplane(r *Router) *Dataplane {
	return &Dataplane{SAs: map[ipsec.SAID]ipsec.SA{}, packets: map[ipsec.SAID]uint64{}, Expected: map[uint32]uint64{}, router: r, events: make(chan ipsec.Event)}
}

func (d *Dataplane) String() string { return "simulated, recording" }

func (d *Dataplane) log(format string, args ...any) {
	d.Log = append(d.Log, fmt.Sprintf(format, args...))
}

func (d *Dataplane) violate(format string, args ...any) {
	at := d.router.world.Now.Sub(Epoch)
	d.Violations = append(d.Violations, fmt.Sprintf("%v: ", at)+fmt.Sprintf(format, args...))
}

// ExpectSA keeps packets of ESP, with UDP encapsulation or without.
func (d *Dataplane) ExpectSA(id ipsec.SAID, _ *ipsec.Encap) error {
	d.log("sa expect %v -> %v %#x", id.Src, id.Dst, id.SPI)
	if id.Protocol == ipsec.ESP {
		d.Expected[id.SPI] = 0
	}
	return nil
}

// InstallSA keeps an SA until its hard lifetime.
func (d *Dataplane) InstallSA(sa ipsec.SA) error {
	d.log("sa add %v %v -> %v %#x", sa.Direction, sa.Src, sa.Dst, sa.SPI)
	if d.Refuse != nil {
		if err := d.Refuse(sa); err != nil {
			return err
		}
	}
	if _, ok := d.SAs[sa.SAID]; ok {
		return errors.New("install SA: file exists")
	}
	d.SAs[sa.SAID] = sa
	d.order = append(d.order, sa.SAID)
	d.Installed = append(d.Installed, sa)
	if n, waited := d.Expected[sa.SPI]; waited && sa.Direction == ipsec.In {
		delete(d.Expected, sa.SPI)
		d.packets[sa.SAID] = n
	}
	d.expire(sa, sa.Soft.Duration, false)
	d.expire(sa, sa.Hard.Duration, true)
	return nil
}

func (d *Dataplane) expire(sa ipsec.SA, after time.Duration, hard bool) {
	if after == 0 {
		return
	}
	d.router.kernel(after, func() ipsec.Event {
		if _, ok := d.SAs[sa.SAID]; !ok {
			return nil
		}
		if hard {
			d.forget(sa.SAID)
		}
		return ipsec.Expired{SAID: sa.SAID, Hard: hard}
	})
}

func (d *Dataplane) forget(id ipsec.SAID) {
	delete(d.SAs, id)
	delete(d.packets, id)
	delete(d.Expected, id.SPI)
	d.order = slices.DeleteFunc(d.order, func(o ipsec.SAID) bool { return o == id })
}

// UpdateSA changes an SA that is there, in what the kernel lets it: not its keys.
func (d *Dataplane) UpdateSA(sa ipsec.SA) error {
	d.log("sa update %v %#x", sa.Direction, sa.SPI)
	old, ok := d.SAs[sa.SAID]
	switch {
	case !ok:
		return errors.New("update SA: no such process")
	case (old.Encap == nil) != (sa.Encap == nil):
		return errors.New("update SA: invalid argument")
	}
	old.Encap, old.Soft, old.Hard = sa.Encap, sa.Soft, sa.Hard
	d.SAs[sa.SAID] = old
	return nil
}

// RemoveSA is no error when the SA has expired.
func (d *Dataplane) RemoveSA(id ipsec.SAID) error {
	d.log("sa del %v -> %v %#x", id.Src, id.Dst, id.SPI)
	d.forget(id)
	return nil
}

// QuerySA knows the packets that the world has passed.
func (d *Dataplane) QuerySA(id ipsec.SAID) (ipsec.Counters, error) {
	if _, ok := d.SAs[id]; !ok {
		return ipsec.Counters{}, errors.New("query SA: no such process")
	}
	return ipsec.Counters{Packets: d.packets[id]}, nil
}

// samePolicy says whether two policies are one in the kernel: direction,
// selector, mark and if_id are the key.
func samePolicy(a, b ipsec.Policy) bool {
	return a.Direction == b.Direction && a.Selector == b.Selector && a.Mark == b.Mark && a.IfID == b.IfID
}

// SetPolicy adds or replaces.
func (d *Dataplane) SetPolicy(p ipsec.Policy) error {
	d.log("policy set %v %v", p.Direction, p.Selector)
	d.Policies = slices.DeleteFunc(d.Policies, func(o ipsec.Policy) bool { return samePolicy(o, p) })
	d.Policies = append(d.Policies, p)
	return nil
}

// RemovePolicy checks that no link is left without it.
func (d *Dataplane) RemovePolicy(p ipsec.Policy) error {
	d.log("policy del %v %v", p.Direction, p.Selector)
	d.Policies = slices.DeleteFunc(d.Policies, func(o ipsec.Policy) bool { return samePolicy(o, p) })
	for _, l := range d.Links {
		if l.Up {
			d.checkPlaintext(l)
		}
	}
	return nil
}

// SetLink makes a link or changes it. Going down takes its routes away, and so does what
// makes it one of another kind.
func (d *Dataplane) SetLink(l ipsec.Link) error {
	d.log("link set %s %s", l.Name, upDown(l.Up))
	if old, ok := d.Link(l.Name); ok && old.Kind != l.Kind {
		d.dropRoutes(l.Name)
	}
	d.Links = slices.DeleteFunc(d.Links, func(o ipsec.Link) bool { return o.Name == l.Name })
	d.Links = append(d.Links, l)
	if !l.Up {
		d.dropRoutes(l.Name)
		return nil
	}
	d.checkPlaintext(l)
	return nil
}

// checkPlaintext notes when what a link sends would be caught by no policy.
func (d *Dataplane) checkPlaintext(l ipsec.Link) {
	itf := d.router.config.Interface(l.Name)
	if l.Kind != ipsec.XFRM && (itf == nil || itf.Tunnel == nil || itf.Tunnel.Protection == nil) {
		return
	}
	for _, direction := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		if !slices.ContainsFunc(d.Policies, func(p ipsec.Policy) bool {
			if l.Kind == ipsec.XFRM {
				return p.Direction == direction && p.IfID == l.Key
			}
			if l.Kind == ipsec.VTI || l.Kind == ipsec.VTI6 {
				return p.Direction == direction && p.Local == l.Local && p.Remote == l.Remote && p.Mark == l.Key
			}
			return p.Direction == direction && p.Selector.Local.Addr() == l.Local && p.Selector.Remote.Addr() == l.Remote
		}) {
			d.violate("%s is up without its %v policy", l.Name, direction)
		}
	}
}

// RemoveLink takes the routes of the link with it.
func (d *Dataplane) RemoveLink(name string) error {
	d.log("link del %s", name)
	d.Links = slices.DeleteFunc(d.Links, func(o ipsec.Link) bool { return o.Name == name })
	d.dropRoutes(name)
	return nil
}

func (d *Dataplane) dropRoutes(dev string) {
	d.Routes = slices.DeleteFunc(d.Routes, func(r ipsec.Route) bool { return r.Dev == dev })
}

// SetRoute refuses a route through a link that is down, as the kernel does.
func (d *Dataplane) SetRoute(r ipsec.Route) error {
	d.log("route set %v dev %s", r.Dst, r.Dev)
	if l, ok := d.Link(r.Dev); d.ours(r.Dev) && (!ok || !l.Up) {
		return fmt.Errorf("route %v: %s is down", r.Dst, r.Dev)
	}
	if !slices.Contains(d.Routes, r) {
		d.Routes = append(d.Routes, r)
	}
	return nil
}

func (d *Dataplane) ours(dev string) bool {
	itf := d.router.config.Interface(dev)
	return itf != nil && itf.Kind != policy.Physical
}

// RemoveRoute of an absent route is no error.
func (d *Dataplane) RemoveRoute(r ipsec.Route) error {
	d.log("route del %v dev %s", r.Dst, r.Dev)
	d.Routes = slices.DeleteFunc(d.Routes, func(o ipsec.Route) bool { return o == r })
	return nil
}

// LinkDiffers finds nothing: nobody else is there.
func (d *Dataplane) LinkDiffers(ipsec.Link) (string, error) { return "", nil }

// RouteDiffers finds nothing.
func (d *Dataplane) RouteDiffers(ipsec.Route) (string, error) { return "", nil }

// PolicyDiffers finds nothing.
func (d *Dataplane) PolicyDiffers(ipsec.Policy) (string, error) { return "", nil }

// Strays are of the real kernel.
func (d *Dataplane) Strays(ipsec.Intent) ([]string, error) { return nil, nil }

// InvalidSPIs are not counted: they are told of.
func (d *Dataplane) InvalidSPIs() uint64 { return 0 }

// Events is of no use here: the world hands events to the engine itself.
func (d *Dataplane) Events() <-chan ipsec.Event { return d.events }

// Adopt keeps the SAs that are named.
func (d *Dataplane) Adopt(standing []ipsec.SA) (missed []ipsec.Expired, err error) {
	for _, id := range slices.Clone(d.order) {
		if !slices.ContainsFunc(standing, func(sa ipsec.SA) bool { return sa.SAID == id }) {
			d.log("sa sweep %v -> %v %#x", id.Src, id.Dst, id.SPI)
			d.forget(id)
		}
	}
	for _, sa := range standing {
		if _, there := d.SAs[sa.SAID]; !there {
			missed = append(missed, ipsec.Expired{SAID: sa.SAID, Hard: true})
		}
	}
	return missed, nil
}

// Sweep forgets everything.
func (d *Dataplane) Sweep() error {
	clear(d.SAs)
	clear(d.packets)
	clear(d.Expected)
	d.Policies, d.Links, d.Routes, d.order = nil, nil, nil, nil
	return nil
}

// Close has nothing to close.
func (d *Dataplane) Close() error { return nil }

// Link finds a link by one of its names.
func (d *Dataplane) Link(name string) (ipsec.Link, bool) {
	for _, l := range d.Links {
		if l.Name == name || l.AltName == name && name != "" {
			return l, true
		}
	}
	return ipsec.Link{}, false
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
