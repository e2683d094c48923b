package xfrm

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

const (
	aliasPrefix = "obol:"
	// linkGroup marks a link as ours from the moment it is made, before it has
	// its alias: a daemon killed in between leaves a link that is recognised.
	linkGroup = 0x6f62
	// defaultTTL of GRE packets is IOS's tunnel ttl.
	defaultTTL = 255
	greKey     = 0x2000 // the key-present flag of RFC 2890
)

// oursLink says whether a link is ours.
func oursLink(a *netlink.LinkAttrs) bool {
	return a.Alias == aliasPrefix+a.Name || a.Alias == "" && a.Group == linkGroup
}

// link finds a link of ours; nil when there is no such link, an error when
// it is not ours.
func (d *Dataplane) link(name string) (netlink.Link, error) {
	l, err := d.handle.LinkByName(name)
	var absent netlink.LinkNotFoundError
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for interface %s: %w", name, err)
	case !oursLink(l.Attrs()):
		return nil, fmt.Errorf("interface %s exists and is not obol's", name)
	}
	return l, nil
}

// SetLink makes the link, or changes what differs. A link of another kind, with
// other ends or another key is made anew.
func (d *Dataplane) SetLink(l ipsec.Link) error {
	old, err := d.link(l.Name)
	if err != nil {
		return err
	}
	if old != nil && !sameTunnel(old, l) {
		if err := d.RemoveLink(l.Name); err != nil {
			return err
		}
		old = nil
	}
	if old == nil {
		if old, err = d.makeLink(l); err != nil {
			return err
		}
	}
	if err := d.adjust(old, l); err != nil {
		return fmt.Errorf("set interface %s: %w", l.Name, err)
	}
	return nil
}

// adjust changes what can be changed on a link that stands. It goes down first
// and up last, so that nothing is sent with half of the settings.
func (d *Dataplane) adjust(old netlink.Link, l ipsec.Link) error {
	a := old.Attrs()
	up := a.Flags&net.FlagUp != 0
	if up && !l.Up {
		if err := d.handle.LinkSetDown(old); err != nil {
			return fmt.Errorf("down: %w", err)
		}
	}
	if l.MTU != 0 && l.MTU != a.MTU {
		if err := d.handle.LinkSetMTU(old, l.MTU); err != nil {
			return fmt.Errorf("mtu %d: %w", l.MTU, err)
		}
	}
	if err := d.setAddresses(old, l.Addresses); err != nil {
		return err
	}
	if !up && l.Up {
		if err := d.handle.LinkSetUp(old); err != nil {
			return fmt.Errorf("up: %w", err)
		}
	}
	return nil
}

// setAddresses adds the addresses that are missing and removes those too many.
// Link-local IPv6 addresses are the kernel's own business.
func (d *Dataplane) setAddresses(l netlink.Link, want []netip.Prefix) error {
	list, err := d.handle.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	missing := map[netip.Prefix]bool{}
	for _, p := range want {
		missing[p] = true
	}
	for _, a := range list {
		p, ok := fromIPNet(a.IPNet)
		if !ok || p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if missing[p] {
			delete(missing, p)
		} else if err := d.handle.AddrDel(l, &a); err != nil {
			return fmt.Errorf("remove address %s: %w", p, err)
		}
	}
	for _, p := range want { // in order: the first one is the primary address
		if !missing[p] {
			continue
		}
		delete(missing, p)
		if err := d.handle.AddrAdd(l, &netlink.Addr{IPNet: toIPNet(p)}); err != nil {
			return fmt.Errorf("add address %s: %w", p, err)
		}
	}
	return nil
}

// RemoveLink takes a link down and removes it. That there is none is no error.
func (d *Dataplane) RemoveLink(name string) error {
	l, err := d.link(name)
	if l == nil {
		return err
	}
	return d.deleteLink(l)
}

func (d *Dataplane) deleteLink(l netlink.Link) error {
	err := d.handle.LinkDel(l)
	if err != nil && !errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("remove interface %s: %w", l.Attrs().Name, err)
	}
	return nil
}

// makeLink makes a link, down and without addresses.
func (d *Dataplane) makeLink(l ipsec.Link) (netlink.Link, error) {
	r := d.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(l.Name)))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(linkGroup)))
	r.AddData(linkInfo(l))
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, syscall.EEXIST) { // the name is free, as we know
		err = fmt.Errorf("%s has the same ends and the kernel could not tell the two apart: %w", d.twin(l), err)
	}
	if err != nil {
		return nil, fmt.Errorf("make %s interface %s: %w", l.Kind, l.Name, err)
	}
	made, err := d.link(l.Name)
	if err == nil && made == nil {
		err = fmt.Errorf("make %s interface %s: it is gone", l.Kind, l.Name)
	}
	if err == nil {
		err = d.finish(made)
	}
	if err != nil && made != nil {
		return nil, errors.Join(err, d.deleteLink(made))
	}
	return made, err
}

// finish gives a new link its name as ours, and keeps the kernel from speaking
// IPv6 on it by itself: router solicitations would ask for SAs that IOS, where
// an interface has no IPv6 until told so, never asks for.
func (d *Dataplane) finish(l netlink.Link) error {
	name := l.Attrs().Name
	if err := d.handle.LinkSetAlias(l, aliasPrefix+name); err != nil {
		return fmt.Errorf("alias of interface %s: %w", name, err)
	}
	err := d.handle.LinkSetIP6AddrGenMode(l, nl.IN6_ADDR_GEN_MODE_NONE)
	if err != nil && !errors.Is(err, syscall.EAFNOSUPPORT) { // no IPv6 at all
		return fmt.Errorf("IPv6 of interface %s: %w", name, err)
	}
	return nil
}

// twin names the interface that has the ends of l: the kernel tells two VTIs
// apart by nothing else, and two GRE interfaces by their keys too.
func (d *Dataplane) twin(l ipsec.Link) string {
	list, err := d.handle.LinkList()
	if err != nil {
		return "another interface"
	}
	for _, other := range list {
		if sameEnds(other, l) {
			return "interface " + other.Attrs().Name
		}
	}
	return "another interface"
}
