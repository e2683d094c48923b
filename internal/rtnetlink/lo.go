package rtnetlink

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

const (
	// addressProtocol marks our addresses of lo, with the number of our routes.
	addressProtocol = routeProtocol
	ifaProto        = 11 // IFA_PROTO of linux/if_addr.h, since Linux 5.18
)

// setLo gives lo the addresses of a loopback interface, where the kernel has no
// dummy interfaces. As a subnet of lo would be local whole, they are host
// addresses there. Those that the process before has left are taken as they are.
func (i *Interfaces) setLo(l ipsec.Link) error {
	var want []netip.Prefix
	if l.Up {
		for _, p := range l.Addresses {
			want = append(want, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
		}
	}
	if err := i.removeLo(i.onLo[l.Name]); err != nil {
		return err
	}
	lo, err := i.lo()
	if err != nil {
		return err
	}
	inherited, err := i.inheritedOnLo(lo)
	if err != nil {
		return err
	}
	l.Addresses = nil // those that are on lo
	i.onLo[l.Name] = l
	for _, p := range want {
		if !slices.Contains(inherited, p) {
			if err := i.addLo(lo, p); err != nil {
				return fmt.Errorf("set interface %s, on lo, as this kernel has no dummy interfaces: address %s: %w", l.Name, p.Addr(), err)
			}
		}
		l.Addresses = append(l.Addresses, p)
		i.onLo[l.Name] = l
	}
	return nil
}

func (i *Interfaces) lo() (netlink.Link, error) {
	lo, err := i.handle.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("look for interface lo: %w", err)
	}
	return lo, nil
}

// addLo adds an address of ours, and takes it away again where the kernel does not
// remember whose it is: it could not be swept.
func (i *Interfaces) addLo(lo netlink.Link, p netip.Prefix) error {
	family := unix.AF_INET
	if p.Addr().Is6() {
		family = unix.AF_INET6
	}
	r := i.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	m := nl.NewIfAddrmsg(family)
	m.Index, m.Prefixlen, m.Flags = uint32(lo.Attrs().Index), uint8(p.Bits()), uint8(addressFlags(p.Addr()))
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.IFA_LOCAL, p.Addr().AsSlice()))
	r.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, p.Addr().AsSlice()))
	r.AddData(nl.NewRtAttr(ifaProto, []byte{addressProtocol}))
	if _, err := r.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return err
	}
	ours, err := i.addressesOfLo(lo)
	for _, a := range ours {
		if a == p {
			return nil
		}
	}
	if err == nil {
		err = errors.New("it has no address protocols either (Linux 5.18 or later has)")
	}
	return errors.Join(err, i.handle.AddrDel(lo, &netlink.Addr{IPNet: toIPNet(p)}))
}

// addressesOfLo are ours.
func (i *Interfaces) addressesOfLo(lo netlink.Link) (ours []netip.Prefix, err error) {
	list, err := i.addressesOf(lo)
	for _, a := range list {
		if a.protocol == addressProtocol {
			ours = append(ours, a.Prefix)
		}
	}
	return ours, err
}

// inheritedOnLo are those of ours that no loopback interface of this process has.
func (i *Interfaces) inheritedOnLo(lo netlink.Link) ([]netip.Prefix, error) {
	ours, err := i.addressesOfLo(lo)
	for _, l := range i.onLo {
		ours = slices.DeleteFunc(ours, func(p netip.Prefix) bool { return slices.Contains(l.Addresses, p) })
	}
	return ours, err
}

// removeLo takes the addresses of a loopback interface away from lo.
func (i *Interfaces) removeLo(l ipsec.Link) error {
	lo, err := i.lo()
	if err != nil {
		return err
	}
	for _, p := range l.Addresses {
		if err := i.deleteFromLo(lo, p); err != nil {
			return err
		}
	}
	delete(i.onLo, l.Name)
	return nil
}

func (i *Interfaces) deleteFromLo(lo netlink.Link, p netip.Prefix) error {
	err := i.handle.AddrDel(lo, &netlink.Addr{IPNet: toIPNet(p)})
	if err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return fmt.Errorf("remove address %s of lo: %w", p.Addr(), err)
	}
	return nil
}

// sweepLo takes our addresses away from lo, whichever interface they stood for.
func (i *Interfaces) sweepLo() error {
	lo, err := i.lo()
	if err != nil {
		return err
	}
	list, err := i.addressesOfLo(lo)
	for _, p := range list {
		err = errors.Join(err, i.deleteFromLo(lo, p))
	}
	clear(i.onLo)
	return err
}
