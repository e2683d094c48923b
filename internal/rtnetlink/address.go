package rtnetlink

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// An address is one of a link, as the kernel has it.
type address struct {
	netip.Prefix
	peer     netip.Prefix // the other end of the link; the address itself where there is none
	protocol uint8        // who has set it
}

// addressesOf lists the addresses of a link. The kernel lists those of that link only
// because Open asks for strictness: all addresses for each of a thousand links would be a
// million.
func (i *Interfaces) addressesOf(l netlink.Link) (list []address, err error) {
	index := l.Attrs().Index
	messages, err := Whole(func() ([][]byte, error) {
		r := i.request(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		m := nl.NewIfAddrmsg(unix.AF_UNSPEC)
		m.Index = uint32(index)
		r.AddData(m)
		return r.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
	})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for _, b := range messages {
		if len(b) < unix.SizeofIfAddrmsg {
			continue
		}
		if a, of, ok := parseAddress(b); ok && of == index { // a kernel before 4.20 lists others too
			list = append(list, a)
		}
	}
	return list, nil
}

// parseAddress reads struct ifaddrmsg and its attributes: IFA_LOCAL is our end of a link
// where IFA_ADDRESS is the other one, and an address of IPv6 may have the latter only.
func parseAddress(b []byte) (a address, index int, ok bool) {
	m := nl.DeserializeIfAddrmsg(b)
	attributes, err := nl.ParseRouteAttr(b[unix.SizeofIfAddrmsg:])
	if err != nil {
		return a, 0, false
	}
	prefix := func(v []byte) netip.Prefix {
		addr, _ := netip.AddrFromSlice(v)
		return netip.PrefixFrom(addr, int(m.Prefixlen))
	}
	for _, attribute := range attributes {
		switch v := attribute.Value; attribute.Attr.Type {
		case unix.IFA_LOCAL:
			a.Prefix = prefix(v)
		case unix.IFA_ADDRESS:
			a.peer = prefix(v)
		case ifaProto:
			if len(v) == 1 {
				a.protocol = v[0]
			}
		}
	}
	if !a.IsValid() {
		a.Prefix = a.peer
	}
	return a, int(m.Index), a.IsValid()
}

// removeAddress takes an address away from a link.
func (i *Interfaces) removeAddress(l netlink.Link, a address) error {
	k := &netlink.Addr{IPNet: toIPNet(a.Prefix)}
	if a.peer != a.Prefix {
		k.Peer = toIPNet(a.peer)
	}
	return i.handle.AddrDel(l, k)
}
