package xfrm

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

func family(a netip.Addr) uint16 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func toXfrm(a netip.Addr) (x nl.XfrmAddress) {
	copy(x[:], a.AsSlice())
	return x
}

// fromXfrm needs the family: the kernel's address does not tell it.
func fromXfrm(x nl.XfrmAddress, family uint16) netip.Addr {
	if family == unix.AF_INET6 {
		return netip.AddrFrom16(x)
	}
	return netip.AddrFrom4([4]byte(x[:4]))
}

func toIPNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// toSelector turns a selector, seen from this host, into that of the packets
// which go in the direction.
func toSelector(s ipsec.Selector, d ipsec.Direction) nl.XfrmSelector {
	if d != ipsec.Out {
		s = s.Mirror()
	}
	x := nl.XfrmSelector{
		Saddr: toXfrm(s.Local.Addr()), PrefixlenS: uint8(s.Local.Bits()),
		Daddr: toXfrm(s.Remote.Addr()), PrefixlenD: uint8(s.Remote.Bits()),
		Family: family(s.Remote.Addr()), Proto: s.Protocol,
		Sport: nl.Swap16(s.LocalPort), Dport: nl.Swap16(s.RemotePort),
	}
	if s.LocalPort != 0 {
		x.SportMask = 0xffff
	}
	if s.RemotePort != 0 {
		x.DportMask = 0xffff
	}
	return x
}

// fromSelector is the selector of an outgoing packet as seen from this host.
func fromSelector(x nl.XfrmSelector) ipsec.Selector {
	return ipsec.Selector{
		Local:    netip.PrefixFrom(fromXfrm(x.Saddr, x.Family), int(x.PrefixlenS)),
		Remote:   netip.PrefixFrom(fromXfrm(x.Daddr, x.Family), int(x.PrefixlenD)),
		Protocol: x.Proto, LocalPort: nl.Swap16(x.Sport), RemotePort: nl.Swap16(x.Dport),
	}
}
