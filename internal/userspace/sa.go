package userspace

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// An inbound SA. Who found it in the table may use it after its removal, for the
// packets that he has.
type inbound struct {
	sa     ipsec.SA // with its keys, for the next process
	id     ipsec.SAID
	reqID  ipsec.ReqID
	esp    *esp.Inbound
	timer  *time.Timer
	remote atomic.Pointer[netip.AddrPort] // where its packets come from; port 0: not in UDP
	told   atomic.Pointer[netip.AddrPort] // the last other address that was reported
	tunnel atomic.Pointer[tunnel]         // whose policy has its request id
}

// An outbound SA.
type outbound struct {
	sa       ipsec.SA // with its keys, for the next process
	id       ipsec.SAID
	reqID    ipsec.ReqID
	selector ipsec.Selector
	order    uint64 // the newest has the highest
	mode     ipsec.Mode
	df       ipsec.DF
	esp      *esp.Outbound
	timer    *time.Timer
	ends     atomic.Pointer[netio.Train] // addresses
	tunnel   atomic.Pointer[tunnel]      // that sends by it, nil: by a newer one
}

// InstallSA adds an SA; an inbound one gets what ExpectSA has kept. One that stands
// already is an error.
func (d *Dataplane) InstallSA(sa ipsec.SA) error {
	in, err := d.install(sa)
	if err != nil {
		return fmt.Errorf("install %s %s: %w", sa.Direction, describe(sa.SAID), err)
	}
	if in != nil {
		d.admit(in)
	}
	return nil
}

func (d *Dataplane) install(sa ipsec.SA) (*inbound, error) {
	if sa.Protocol != ipsec.ESP || sa.AH != nil {
		return nil, ErrAH
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sa.EncrKey, sa.IntegKey = slices.Clone(sa.EncrKey), slices.Clone(sa.IntegKey)
	return d.add(sa)
}

// add keeps the SA's keys.
func (d *Dataplane) add(sa ipsec.SA) (*inbound, error) {
	if d.in[sa.SAID] != nil || d.out[sa.SAID] != nil {
		return nil, errors.New("it exists")
	}
	if sa.Direction == ipsec.Out {
		return nil, d.installOut(sa)
	}
	return d.installIn(sa)
}

// ErrAH refuses SAs of AH: "IPsec implementations MUST support ESP and MAY support
// AH" (RFC 4301 section 3.2).
var ErrAH = errors.New("AH is for the kernel, userspace carries ESP")

func (d *Dataplane) installOut(sa ipsec.SA) error {
	e, err := esp.NewOutbound(sa, d.random, time.Now())
	if err != nil {
		return err
	}
	d.order++
	o := &outbound{sa: sa, id: sa.SAID, reqID: sa.ReqID, selector: sa.Selector, mode: sa.Mode, df: sa.DF, order: d.order, esp: e}
	o.ends.Store(ends(sa))
	o.timer = d.watch(sa.SAID, e)
	d.out[sa.SAID] = o
	d.connect(sa.ReqID)
	return nil
}

func (d *Dataplane) installIn(sa ipsec.SA) (*inbound, error) {
	if d.table.find(sa.SPI) != nil {
		return nil, errors.New("its SPI is that of another")
	}
	e, err := esp.NewInbound(sa, time.Now())
	if err != nil {
		return nil, err
	}
	i := &inbound{sa: sa, id: sa.SAID, reqID: sa.ReqID, esp: e}
	i.remote.Store(&ends(sa).Remote)
	i.timer = d.watch(sa.SAID, e)
	d.in[sa.SAID] = i
	d.connect(sa.ReqID)
	return i, nil
}

// ends are the addresses of an SA, ours first, with the ports of encapsulation.
func ends(sa ipsec.SA) *netio.Train {
	local, remote := sa.Src, sa.Dst
	if sa.Direction == ipsec.In {
		local, remote = remote, local
	}
	var ports ipsec.Encap
	if sa.Encap != nil {
		ports = *sa.Encap
	}
	return &netio.Train{Local: netip.AddrPortFrom(local, ports.LocalPort), Remote: netip.AddrPortFrom(remote, ports.RemotePort)}
}

// UpdateSA changes the lifetimes and the UDP encapsulation of an SA that is
// installed. Its addresses are its name and stay.
func (d *Dataplane) UpdateSA(sa ipsec.SA) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch in, out := d.in[sa.SAID], d.out[sa.SAID]; {
	case in != nil:
		in.sa.Soft, in.sa.Hard, in.sa.Encap = sa.Soft, sa.Hard, sa.Encap
		in.remote.Store(&ends(sa).Remote)
		in.told.Store(nil)
		in.esp.Update(sa)
		in.timer.Stop()
		in.timer = d.watch(sa.SAID, in.esp)
	case out != nil:
		out.sa.Soft, out.sa.Hard, out.sa.Encap = sa.Soft, sa.Hard, sa.Encap
		out.ends.Store(ends(sa))
		out.esp.Update(sa)
		out.timer.Stop()
		out.timer = d.watch(sa.SAID, out.esp)
	default:
		return fmt.Errorf("update %s: there is none", describe(sa.SAID))
	}
	return nil
}

// RemoveSA removes an SA. That it is gone already, by expiry as a rule, is no error.
// One that was expected only is none any more.
func (d *Dataplane) RemoveSA(id ipsec.SAID) error {
	d.unexpect(id)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(id)
	return nil
}

// forget takes an SA out of everything.
func (d *Dataplane) forget(id ipsec.SAID) {
	if sa := d.in[id]; sa != nil {
		sa.timer.Stop()
		wipeKeys(sa.sa)
		d.table.remove(id.SPI)
		delete(d.in, id)
	}
	if sa := d.out[id]; sa != nil {
		sa.timer.Stop()
		wipeKeys(sa.sa)
		delete(d.out, id)
		d.connect(sa.reqID)
	}
}

func wipeKeys(sa ipsec.SA) {
	sa.EncrKey.Wipe()
	sa.IntegKey.Wipe()
}

// newest lists the outbound SAs of a request id, the newest first: it is the one
// that the kernel takes too.
func (d *Dataplane) newest(id ipsec.ReqID) []*outbound {
	var list []*outbound
	for _, sa := range d.out {
		if sa.reqID == id {
			list = append(list, sa)
		}
	}
	slices.SortFunc(list, func(a, b *outbound) int { return int(int64(b.order) - int64(a.order)) })
	return list
}
