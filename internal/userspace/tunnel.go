package userspace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

// defaultTTL of GRE packets is IOS's tunnel ttl.
const defaultTTL = 255

// A tunnel is a link of ours and its TUN device.
type tunnel struct {
	link   ipsec.Link
	mss    atomic.Pointer[ipsec.MSS] // nil: segments may be of any size
	device *device
	gre    atomic.Pointer[esp.GRE] // nil: packets go as they are
	way    atomic.Pointer[way]
	turn   sync.Mutex    // of the worker that opens packets for it
	unsent atomic.Uint64 // packets, for want of an SA
	done   chan struct{} // its worker has ended
}

// A way is what a tunnel sends by.
type way struct {
	policy ipsec.Policy
	sas    []*outbound // the newest first
	asked  atomic.Bool // for an SA
}

// SetLink makes the link, or changes what differs. A tunnel that is not GRE any more, or
// GRE with another key, is made anew; one with other ends keeps its addresses and routes.
// A VTI and an XFRM interface are one device here.
func (d *Dataplane) SetLink(l ipsec.Link) error {
	if l.Kind == ipsec.Dummy {
		return d.host.SetLink(l)
	}
	d.mu.Lock()
	t := d.tunnels[l.Name]
	d.mu.Unlock()
	if t != nil && (t.ended() || !same(t.link, l)) {
		if err := d.RemoveLink(l.Name); err != nil {
			return err
		}
		t = nil
	}
	if t != nil {
		err := d.host.ChangeLink(l)
		if err == nil && (t.link.Kind != l.Kind || t.link.Key != l.Key || t.link.Local != l.Local || t.link.Remote != l.Remote || t.link.TTL != l.TTL || t.link.PathMTU != l.PathMTU || t.link.MSS != l.MSS) {
			d.place(t, l)
		}
		return err
	}
	d.mu.Lock()
	inherited := d.inherited[l.Name]
	delete(d.inherited, l.Name)
	d.mu.Unlock()
	device, err := openDevice(l.Name, inherited)
	if err != nil {
		return fmt.Errorf("make interface %s: %w", l.Name, err)
	}
	if err := d.host.AdoptLink(l); err != nil {
		return errors.Join(err, device.close())
	}
	t = &tunnel{device: device, done: make(chan struct{})}
	d.place(t, l)
	go newSender(d, t).run()
	return nil
}

// LinkDiffers says what of a link does not stand as it was set.
func (d *Dataplane) LinkDiffers(l ipsec.Link) (string, error) {
	d.mu.Lock()
	t := d.tunnels[l.Name]
	d.mu.Unlock()
	switch {
	case l.Kind != ipsec.Dummy && (t == nil || t.ended()):
		return "its device is gone", nil
	case l.Kind == ipsec.Dummy:
		return d.host.LinkDiffers(l)
	}
	return d.host.SettingsDiffer(l)
}

// RouteDiffers says how a route does not stand as it was set.
func (d *Dataplane) RouteDiffers(r ipsec.Route) (string, error) { return d.host.RouteDiffers(r) }

// PolicyDiffers finds nothing: policies are in this process.
func (d *Dataplane) PolicyDiffers(ipsec.Policy) (string, error) { return "", nil }

// Strays names interfaces and routes: SAs and policies are in this process.
func (d *Dataplane) Strays(i ipsec.Intent) ([]string, error) { return d.host.Strays(i) }

// place gives a tunnel its ends, and what goes between them.
func (d *Dataplane) place(t *tunnel, l ipsec.Link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tunnels[l.Name] = t
	t.link = l
	if t.mss.Store(nil); l.MSS != (ipsec.MSS{}) {
		t.mss.Store(&l.MSS)
	}
	t.gre.Store(gre(l))
	d.attach(t)
}

// lost reports a tunnel whose device has gone without us. Until it is set again, what
// would come by it is refused.
func (d *Dataplane) lost(t *tunnel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tunnels[t.link.Name] == t {
		d.events.put(ipsec.LinkLost{Name: t.link.Name})
	}
}

// ended says that somebody else has removed the device.
func (t *tunnel) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// same says whether a tunnel needs not be made anew.
func same(a, b ipsec.Link) bool {
	if gre(a) == nil && gre(b) == nil {
		return true
	}
	return a.Kind == b.Kind && a.Key == b.Key && a.HasKey == b.HasKey
}

func gre(l ipsec.Link) *esp.GRE {
	if l.Kind != ipsec.GREIP && l.Kind != ipsec.GREIPv6 {
		return nil
	}
	return &esp.GRE{Src: l.Local, Dst: l.Remote, Key: l.Key, HasKey: l.HasKey, TTL: cmp.Or(l.TTL, defaultTTL), PathMTU: l.PathMTU}
}

// RemoveLink removes a link, and with a TUN device its addresses and routes. That
// there is none is no error.
func (d *Dataplane) RemoveLink(name string) error {
	d.mu.Lock()
	t := d.tunnels[name]
	delete(d.tunnels, name)
	if t != nil {
		t.way.Store(nil)
		d.bring(0, t)
	}
	d.mu.Unlock()
	if t == nil {
		return d.host.RemoveLink(name)
	}
	err := t.device.close()
	<-t.done
	return err
}

// SetPolicy adds or replaces.
func (d *Dataplane) SetPolicy(p ipsec.Policy) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.policy(p); i >= 0 {
		d.policies[i] = p
	} else {
		d.policies = append(d.policies, p)
	}
	d.attachAll(p)
	return nil
}

// RemovePolicy removes a policy. That there is none is no error.
func (d *Dataplane) RemovePolicy(p ipsec.Policy) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.policy(p); i >= 0 {
		d.policies = slices.Delete(d.policies, i, i+1)
		d.attachAll(p)
	}
	return nil
}

// policy is the number of the one with the name of p: direction, selector, mark and if_id.
func (d *Dataplane) policy(p ipsec.Policy) int {
	return slices.IndexFunc(d.policies, func(q ipsec.Policy) bool {
		return q.Direction == p.Direction && q.Selector == p.Selector && q.Mark == p.Mark && q.IfID == p.IfID
	})
}

// governs says whether a policy is about what a tunnel carries: by the mark or the
// if_id, which is the key of a VTI and of an XFRM interface, or by the ends of GRE.
func (t *tunnel) governs(p ipsec.Policy) bool {
	switch {
	case t.link.Kind == ipsec.XFRM:
		return p.IfID == t.link.Key
	case t.gre.Load() == nil:
		return p.Mark == t.link.Key && p.IfID == 0
	}
	return p.Selector.Protocol == ipsec.GRE && p.Mark == 0 && p.Selector.Local.Contains(t.link.Local) && p.Selector.Remote.Contains(t.link.Remote)
}

// attachAll attaches the tunnels that a policy is about anew.
func (d *Dataplane) attachAll(p ipsec.Policy) {
	for _, t := range d.tunnels {
		if t.governs(p) {
			d.attach(t)
		}
	}
}

// attach ties a tunnel to its policies and to their SAs.
func (d *Dataplane) attach(t *tunnel) {
	find := func(direction ipsec.Direction) *ipsec.Policy {
		for i, p := range d.policies {
			if p.Direction == direction && t.governs(p) {
				return &d.policies[i]
			}
		}
		return nil
	}
	if p := find(ipsec.Out); p != nil {
		w := &way{policy: *p, sas: d.newest(p.ReqID)}
		for i, sa := range w.sas {
			if sa.tunnel.Store(nil); i == 0 {
				sa.tunnel.Store(t)
			}
		}
		t.way.Store(w)
	} else {
		t.way.Store(nil)
	}
	if p := find(ipsec.In); p != nil {
		d.bring(p.ReqID, t)
	} else {
		d.bring(0, t)
	}
}

// bring makes what comes by SAs of a request id the tunnel's, and nothing else.
func (d *Dataplane) bring(id ipsec.ReqID, t *tunnel) {
	for _, sa := range d.in {
		switch {
		case id != 0 && sa.reqID == id:
			sa.tunnel.Store(t)
		case sa.tunnel.Load() == t:
			sa.tunnel.Store(nil)
		}
	}
}

// connect attaches the tunnels whose policies have a request id, after a change of
// its SAs.
func (d *Dataplane) connect(id ipsec.ReqID) {
	for _, p := range d.policies {
		if p.ReqID == id && p.Direction == ipsec.Out {
			d.attachAll(p)
		}
	}
}
