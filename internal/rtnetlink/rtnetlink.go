// Package rtnetlink is the host's side of the interfaces of a configuration:
// links, addresses and static routes, over NETLINK_ROUTE. Both data planes use it:
// the kernel's, which makes tunnels as links of the kernel, and the one in
// userspace, whose tunnels are TUN devices that it hands over here.
//
// What is ours is recognisable without a state file:
//
//	link      alias "obol:NAME"
//	route     protocol 111 (ASCII "o")
//	address   protocol 111, on lo, where the kernel has no dummy interfaces
//	rules     table inet obol of nf_tables, for ip tcp adjust-mss
package rtnetlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Interfaces are those of one network namespace. Their methods are for one
// goroutine at a time.
type Interfaces struct {
	handle  *netlink.Handle
	sockets map[int]*nl.SocketHandle // our own messages
	onLo    map[string]ipsec.Link    // loopback interfaces that are addresses of lo
	// copiesDF are the GRE links that were told to: the library does not read it.
	copiesDF  map[string]bool
	adjusting adjusting
}

// Open gives those of the caller's network namespace. Later calls work in that
// namespace, whichever thread makes them.
func Open() (*Interfaces, error) {
	i := &Interfaces{sockets: map[int]*nl.SocketHandle{}, onLo: map[string]ipsec.Link{}, copiesDF: map[string]bool{}, adjusting: adjusting{links: map[string]ipsec.MSS{}}}
	var err error
	if i.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		i.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	i.sockets[unix.NETLINK_ROUTE] = &nl.SocketHandle{Socket: s}
	if err := s.SetExtAck(true); err != nil { // the kernel's own words in its errors
		i.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	// Lists of what was asked for only, since Linux 4.20; an older kernel has no such option.
	err = unix.SetsockoptInt(s.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	if err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
		i.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	// Without nf_tables it is ip tcp adjust-mss that cannot be. A socket opened later would
	// be of the namespace of whichever thread opens it.
	i.adjusting.tables, _ = nftables.New(nftables.AsLasting())
	return i, nil
}

// Close gives back the sockets. What was made stays.
func (i *Interfaces) Close() {
	for _, s := range i.sockets {
		s.Close()
	}
	if i.adjusting.tables != nil {
		i.adjusting.tables.CloseLasting()
	}
	i.handle.Close()
}

// request starts a message of our own that goes over our own sockets.
func (i *Interfaces) request(message, flags int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(message, flags)
	r.Sockets = i.sockets
	return r
}

// Probe says whether the kernel has a kind of link: it asks for an interface
// without transmit queues. The kernel looks up the kind, loading its module, before
// it refuses such a number, so no interface is made either way.
func (i *Interfaces) Probe(k ipsec.LinkKind) error {
	r := i.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_NUM_TX_QUEUES, nl.Uint32Attr(0)))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated(k.String()))
	r.AddData(info)
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

func toIPNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func fromIPNet(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	ones, bits := n.Mask.Size()
	if a = a.Unmap(); !ok || bits != a.BitLen() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, ones), true
}
