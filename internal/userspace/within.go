package userspace

import (
	"encoding/binary"
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

const (
	protocolFragment = 44
	headerFragment   = 8
)

// traffic is what packets between two addresses look like in front of ESP. Where a
// route to the peer leads into its own tunnel, each would go in again, for ever.
func traffic(ends *netio.Train) ipsec.Selector {
	local, remote := ends.Local.Addr(), ends.Remote.Addr()
	s := ipsec.Selector{Local: netip.PrefixFrom(local, local.BitLen()), Remote: netip.PrefixFrom(remote, remote.BitLen()), Protocol: uint8(ipsec.ESP)}
	if port := ends.Remote.Port(); port != 0 {
		s.Protocol, s.LocalPort, s.RemotePort = protocolUDP, ends.Local.Port(), port
	}
	return s
}

// limit is how many hops ESP around a packet may have that is ESP itself, within a tunnel
// within another: one less than that has. Where routes lead such packets from one tunnel
// into the other and back, each grows by every turn, and this ends them. Later fragments
// of UDP may be of that kind.
func limit(b []byte) (hops uint8, within bool) {
	var protocol uint8
	var later bool
	var own []byte
	switch b[0] >> 4 {
	case 4:
		n := int(b[0]&15) * 4
		if len(b) < max(n, headerIPv4) {
			return 0, false
		}
		hops, protocol, own = b[8], b[9], b[n:]
		later = binary.BigEndian.Uint16(b[6:])&0x1fff != 0
	case 6:
		if len(b) < headerIPv6 {
			return 0, false
		}
		hops, protocol, own = b[7], b[6], b[headerIPv6:]
		if protocol == protocolFragment && len(own) >= headerFragment {
			later = binary.BigEndian.Uint16(own[2:])&^7 != 0
			protocol, own = own[0], own[headerFragment:]
		}
	default:
		return 0, false
	}
	within = protocol == uint8(ipsec.ESP) ||
		protocol == protocolUDP && (later || len(own) >= 2 && binary.BigEndian.Uint16(own) == netio.PortNATT)
	if !within {
		return 0, false
	}
	return max(hops, 1) - 1, true
}
