package rtnetlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
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
func (i *Interfaces) link(name string) (netlink.Link, error) {
	l, err := i.handle.LinkByName(name)
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

// SetLink makes the link, or changes what differs. A link of another kind or with
// another key is made anew; one with other ends keeps its addresses and routes. A
// loopback interface becomes addresses of lo where the kernel has no dummy interfaces.
func (i *Interfaces) SetLink(l ipsec.Link) error {
	if l.Kind == ipsec.VRF {
		if host, err := i.hostsVRF(l.Name); host || err != nil {
			return err
		}
	}
	old, err := i.link(l.Name)
	if err != nil {
		return err
	}
	door, err := i.vrfIndex(l.Door)
	if err != nil {
		return fmt.Errorf("interface %s: %w", l.Name, err)
	}
	if old != nil && !sameTunnel(old, l, door) {
		if err := i.RemoveLink(l.Name); err != nil {
			return err
		}
		old = nil
	}
	if old == nil && l.Kind == ipsec.Dummy && l.VRF == "" && errors.Is(i.Probe(l.Kind), syscall.EOPNOTSUPP) {
		return i.setLo(l)
	}
	switch {
	case old == nil:
		old, err = i.makeLink(l, door)
	case hasEnds(l.Kind) && !sameEnds(old, l):
		err = i.sendLink("move", 0, l, door)
	case l.Kind == ipsec.GREIP && i.copiesDF[l.Name] != l.PathMTU:
		err = i.sendLink("change", 0, l, door)
	}
	if err != nil {
		return err
	}
	if err := i.adjust(old, l); err != nil {
		return fmt.Errorf("set interface %s: %w", l.Name, err)
	}
	_ = i.adjustMSS(l.Name, l.MSS) // the link carries packets without; LinkDiffers tells
	return nil
}

// AdoptLink makes a link ours that the caller has just made, or got from the process
// before, a TUN device, and changes what differs. ChangeLink is for later.
func (i *Interfaces) AdoptLink(l ipsec.Link) error {
	made, err := i.handle.LinkByName(l.Name)
	if err == nil {
		err = i.handle.LinkSetGroup(made, linkGroup)
	}
	if err == nil {
		err = i.finish(made, l)
	}
	if err == nil {
		err = i.adjust(made, l)
	}
	if err != nil {
		return fmt.Errorf("set interface %s: %w", l.Name, err)
	}
	return nil
}

// ChangeLink changes what differs on a link of ours. Its name may be another's by now,
// and that one is left as it is.
func (i *Interfaces) ChangeLink(l ipsec.Link) error {
	old, err := i.link(l.Name)
	if err == nil && old == nil {
		err = errors.New("it has another name by now")
	}
	if err == nil {
		err = i.adjust(old, l)
	}
	if err != nil {
		return fmt.Errorf("set interface %s: %w", l.Name, err)
	}
	return nil
}

// adjust changes what can be changed on a link that stands. It goes down first
// and up last, so that nothing is sent with half of the settings.
func (i *Interfaces) adjust(old netlink.Link, l ipsec.Link) error {
	a := old.Attrs()
	up := a.Flags&net.FlagUp != 0
	if up && !l.Up {
		if err := i.handle.LinkSetDown(old); err != nil {
			return fmt.Errorf("down: %w", err)
		}
	}
	if err := i.enslave(old, l.VRF); err != nil {
		return err
	}
	if l.MTU != 0 && l.MTU != a.MTU {
		if err := i.handle.LinkSetMTU(old, l.MTU); err != nil {
			return fmt.Errorf("mtu %d: %w", l.MTU, err)
		}
	}
	if err := i.setAddresses(old, l.Addresses); err != nil {
		return err
	}
	if !up && l.Up {
		if err := i.handle.LinkSetUp(old); err != nil {
			return fmt.Errorf("up: %w", err)
		}
	}
	return nil
}

// setAddresses adds the addresses that are missing and removes those too many.
// Link-local IPv6 addresses are the kernel's own business.
func (i *Interfaces) setAddresses(l netlink.Link, want []netip.Prefix) error {
	list, err := i.addressesOf(l)
	if err != nil {
		return err
	}
	missing := map[netip.Prefix]bool{}
	for _, p := range want {
		missing[p] = true
	}
	for _, a := range list {
		if a.Addr().Is6() && a.Addr().IsLinkLocalUnicast() {
			continue
		}
		if missing[a.Prefix] {
			delete(missing, a.Prefix)
		} else if err := i.removeAddress(l, a); err != nil {
			return fmt.Errorf("remove address %s: %w", a, err)
		}
	}
	for _, p := range want { // in order: the first one is the primary address
		if !missing[p] {
			continue
		}
		delete(missing, p)
		if err := i.handle.AddrAdd(l, &netlink.Addr{IPNet: toIPNet(p), Flags: addressFlags(p.Addr())}); err != nil {
			return fmt.Errorf("add address %s: %w", p, err)
		}
	}
	return nil
}

// addressFlags have an address of IPv6 usable when SetLink returns. The kernel lets it
// be bound only after duplicate address detection, and that waits in a queue of its own
// even where, as on a tunnel and a loopback, nobody else is there to ask.
func addressFlags(a netip.Addr) int {
	if a.Is6() {
		return unix.IFA_F_NODAD
	}
	return 0
}

// RemoveLink takes a link down and removes it. That there is none is no error.
func (i *Interfaces) RemoveLink(name string) error {
	if l, ok := i.onLo[name]; ok {
		return i.removeLo(l)
	}
	unadjusted := i.adjustMSS(name, ipsec.MSS{})
	l, err := i.link(name)
	if err != nil {
		if host, _ := i.hostsVRF(name); host {
			return nil
		}
	}
	if l != nil {
		err = i.deleteLink(l)
	}
	return errors.Join(err, unadjusted)
}

func (i *Interfaces) deleteLink(l netlink.Link) error {
	err := i.handle.LinkDel(l)
	if err != nil && !errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("remove interface %s: %w", l.Attrs().Name, err)
	}
	return nil
}

// makeLink makes a link, down and without addresses.
func (i *Interfaces) makeLink(l ipsec.Link, door int) (netlink.Link, error) {
	if err := i.sendLink("make", unix.NLM_F_CREATE|unix.NLM_F_EXCL, l, door); err != nil {
		return nil, err
	}
	made, err := i.link(l.Name)
	if err == nil && made == nil {
		err = fmt.Errorf("make %s interface %s: it is gone", l.Kind, l.Name)
	}
	if err == nil {
		err = i.finish(made, l)
	}
	if err != nil && made != nil {
		return nil, errors.Join(err, i.deleteLink(made))
	}
	return made, err
}

// sendLink has the kernel make a link, or change the parameters of one that stands.
func (i *Interfaces) sendLink(what string, flags int, l ipsec.Link, door int) error {
	r := i.request(unix.RTM_NEWLINK, flags|unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(l.Name)))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(linkGroup)))
	r.AddData(linkInfo(l, door))
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, syscall.EEXIST) { // the name is free or its own, as we know
		err = fmt.Errorf("%s has the same ends and the kernel could not tell the two apart: %w", i.twin(l), err)
	}
	if err != nil {
		return fmt.Errorf("%s %s interface %s: %w", what, l.Kind, l.Name, err)
	}
	i.copiesDF[l.Name] = l.PathMTU
	return nil
}

// finish gives a new link its name as ours and its second name, and keeps the kernel from speaking
// IPv6 on it by itself: router solicitations would ask for SAs that IOS, where
// an interface has no IPv6 until told so, never asks for.
func (i *Interfaces) finish(made netlink.Link, l ipsec.Link) error {
	name := made.Attrs().Name
	if err := i.handle.LinkSetAlias(made, aliasPrefix+name); err != nil {
		return fmt.Errorf("alias of interface %s: %w", name, err)
	}
	if l.AltName != "" && !slices.Contains(made.Attrs().AltNames, l.AltName) {
		if err := i.handle.LinkAddAltName(made, l.AltName); err != nil {
			return fmt.Errorf("second name %s of interface %s: %w", l.AltName, name, err)
		}
	}
	err := i.handle.LinkSetIP6AddrGenMode(made, nl.IN6_ADDR_GEN_MODE_NONE)
	if err != nil && !errors.Is(err, syscall.EAFNOSUPPORT) { // no IPv6 at all
		return fmt.Errorf("IPv6 of interface %s: %w", name, err)
	}
	return nil
}

// twin names the interface that has the ends of l: the kernel tells two VTIs
// apart by nothing else, and two GRE interfaces by their keys too.
func (i *Interfaces) twin(l ipsec.Link) string {
	list, err := Whole(i.handle.LinkList)
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
