package rtnetlink

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

const (
	greIgnoreDF      = 19 // IFLA_GRE_IGNORE_DF of linux/if_tunnel.h
	ignoreEncapLimit = 1  // IP6_TNL_F_IGN_ENCAP_LIMIT of linux/ip6_tunnel.h
)

// linkInfo says which kind of interface is to be made, and its parameters. The
// library's own for GRE has no ignore-df. door is the index of its VRF, 0 for none.
func linkInfo(l ipsec.Link, door int) *nl.RtAttr {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated(l.Kind.String()))
	key := binary.BigEndian.AppendUint32(nil, l.Key)
	switch l.Kind {
	case ipsec.VTI, ipsec.VTI6:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		data.AddRtAttr(nl.IFLA_VTI_LOCAL, l.Local.AsSlice())
		data.AddRtAttr(nl.IFLA_VTI_REMOTE, l.Remote.AsSlice())
		data.AddRtAttr(nl.IFLA_VTI_IKEY, key)
		data.AddRtAttr(nl.IFLA_VTI_OKEY, key)
	case ipsec.XFRM:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		data.AddRtAttr(nl.IFLA_XFRM_IF_ID, nl.Uint32Attr(l.Key))
		data.AddRtAttr(nl.IFLA_XFRM_LINK, nl.Uint32Attr(uint32(door)))
	case ipsec.VRF:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		data.AddRtAttr(nl.IFLA_VRF_TABLE, nl.Uint32Attr(l.Key))
	case ipsec.GREIP, ipsec.GREIPv6:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		data.AddRtAttr(nl.IFLA_GRE_LINK, nl.Uint32Attr(uint32(door)))
		data.AddRtAttr(nl.IFLA_GRE_LOCAL, l.Local.AsSlice())
		data.AddRtAttr(nl.IFLA_GRE_REMOTE, l.Remote.AsSlice())
		if l.HasKey {
			flags := binary.BigEndian.AppendUint16(nil, greKey)
			data.AddRtAttr(nl.IFLA_GRE_IFLAGS, flags)
			data.AddRtAttr(nl.IFLA_GRE_OFLAGS, flags)
			data.AddRtAttr(nl.IFLA_GRE_IKEY, key)
			data.AddRtAttr(nl.IFLA_GRE_OKEY, key)
		}
		data.AddRtAttr(nl.IFLA_GRE_TTL, nl.Uint8Attr(ttl(l)))
		if l.Kind == ipsec.GREIPv6 {
			// Otherwise a destination option stands before GRE, which the
			// peer does not expect.
			data.AddRtAttr(nl.IFLA_GRE_FLAGS, nl.Uint32Attr(ignoreEncapLimit))
			break
		}
		// Without tunnel path-mtu-discovery IOS never sets DF on the GRE
		// header, so that protected packets may be fragmented on a narrow
		// path. What is larger than the interface's MTU and must not be
		// fragmented is refused before it gets that far. With it the header
		// has the packet's DF, as the kernel does if DF is not ignored.
		ignore := uint8(1)
		if l.PathMTU {
			ignore = 0
		}
		data.AddRtAttr(nl.IFLA_GRE_PMTUDISC, nl.Uint8Attr(0))
		data.AddRtAttr(greIgnoreDF, nl.Uint8Attr(ignore))
	}
	return info
}

func ttl(l ipsec.Link) uint8 {
	if l.TTL == 0 {
		return defaultTTL
	}
	return l.TTL
}

// sameTunnel says whether a standing link has the kind and the parameters, but for its
// ends, that are not changed on it.
func sameTunnel(old netlink.Link, l ipsec.Link, door int) bool {
	switch o := old.(type) {
	case *netlink.Vti:
		return o.Type() == l.Kind.String() && o.IKey == l.Key && o.OKey == l.Key
	case *netlink.Gretun:
		key, flags := uint32(0), uint16(0)
		if l.HasKey {
			key, flags = l.Key, greKey
		}
		return o.Type() == l.Kind.String() && o.Ttl == ttl(l) && o.Link == uint32(door) &&
			o.IKey == key && o.OKey == key && o.IFlags == flags && o.OFlags == flags
	case *netlink.Xfrmi:
		return l.Kind == ipsec.XFRM && o.Ifid == l.Key && o.ParentIndex == door
	case *netlink.Vrf:
		return l.Kind == ipsec.VRF && o.Table == l.Key
	case *netlink.Dummy:
		return l.Kind == ipsec.Dummy
	}
	return false
}

// sameEnds says whether a link is of the kind and has the ends; an XFRM interface has
// its if_id in their place.
func sameEnds(link netlink.Link, l ipsec.Link) bool {
	switch o := link.(type) {
	case *netlink.Vti:
		return (l.Kind == ipsec.VTI || l.Kind == ipsec.VTI6) && equal(o.Local, l.Local) && equal(o.Remote, l.Remote)
	case *netlink.Gretun:
		return (l.Kind == ipsec.GREIP || l.Kind == ipsec.GREIPv6) && equal(o.Local, l.Local) && equal(o.Remote, l.Remote)
	case *netlink.Xfrmi:
		return l.Kind == ipsec.XFRM && o.Ifid == l.Key
	}
	return false
}

func equal(ip net.IP, a netip.Addr) bool {
	b, _ := netip.AddrFromSlice(ip)
	return b.Unmap() == a
}
