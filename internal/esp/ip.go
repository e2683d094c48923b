package esp

import (
	"encoding/binary"
	"net/netip"
)

// IP protocol numbers.
const (
	protocolHopByHop = 0
	protocolICMP     = 1
	protocolIPv4     = 4
	protocolTCP      = 6
	protocolUDP      = 17
	protocolDCCP     = 33
	protocolIPv6     = 41
	protocolRouting  = 43
	protocolFragment = 44
	protocolAH       = 51
	protocolICMPv6   = 58
	protocolNone     = 59
	protocolOptions  = 60
	protocolSCTP     = 132
	protocolUDPLite  = 136
)

const (
	ipv4Header = 20 // octets without options
	ipv6Header = 40
	moreFlag   = 0x2000 // more fragments, in octets 6 and 7 of IPv4
	dontFlag   = 0x4000 // don't fragment
)

// A header is what counts of a packet of IP. In transport mode there is none but
// what stood in front of ESP.
type header struct {
	src, dst netip.Addr
	packet   []byte // of its own length
	protocol uint8  // of the payload; of IPv6 perhaps an extension
	payload  []byte
	later    bool // an IPv4 fragment that is not the first
}

// parse reads a packet that is at least as long as it says: what is behind is
// padding (RFC 4303 section 2.7).
func parse(packet []byte) (header, bool) {
	if len(packet) < ipv4Header {
		return header{}, false
	}
	switch packet[0] >> 4 {
	case 4:
		n, total := int(packet[0]&15)*4, int(binary.BigEndian.Uint16(packet[2:]))
		if n < ipv4Header || total < n || total > len(packet) {
			return header{}, false
		}
		return header{
			src: netip.AddrFrom4([4]byte(packet[12:])), dst: netip.AddrFrom4([4]byte(packet[16:])), packet: packet[:total],
			protocol: packet[9], payload: packet[n:total], later: binary.BigEndian.Uint16(packet[6:])&0x1fff != 0,
		}, true
	case 6:
		total := ipv6Header + int(binary.BigEndian.Uint16(packet[4:]))
		if total > len(packet) {
			return header{}, false
		}
		return header{
			src: netip.AddrFrom16([16]byte(packet[8:])), dst: netip.AddrFrom16([16]byte(packet[24:])), packet: packet[:total],
			protocol: packet[6], payload: packet[ipv6Header:total],
		}, true
	}
	return header{}, false
}

// own is the protocol number of the packet in another.
func (h *header) own() uint8 {
	if h.src.Is4() {
		return protocolIPv4
	}
	return protocolIPv6
}

// fragment says whether the packet is a fragment of IPv4, also the first.
func (h *header) fragment() bool {
	return h.src.Is4() && binary.BigEndian.Uint16(h.packet[6:])&(moreFlag|0x1fff) != 0
}

// maxExtensions is how many extension headers are passed over: each is of use once,
// destination options twice (RFC 8200 section 4.1).
const maxExtensions = 8

// upper is the protocol above IP and its octets, behind the extension headers of
// IPv6; of a fragment that is not the first there are none. It is false where they
// lie about their lengths.
func (h *header) upper() (protocol uint8, b []byte, ok bool) {
	if h.src.Is4() {
		if h.later {
			return h.protocol, nil, true
		}
		return h.protocol, h.payload, true
	}
	protocol, b = h.protocol, h.payload
	for range maxExtensions {
		n := 0
		switch protocol {
		default:
			return protocol, b, true
		case protocolHopByHop, protocolRouting, protocolOptions:
			n = 8
		case protocolFragment:
			if len(b) < 8 {
				return 0, nil, false
			}
			if binary.BigEndian.Uint16(b[2:])&^7 != 0 {
				return b[0], nil, true
			}
			protocol, b = b[0], b[8:]
			continue
		}
		if len(b) < n {
			return 0, nil, false
		}
		if n += 8 * int(b[1]); len(b) < n {
			return 0, nil, false
		}
		protocol, b = b[0], b[n:]
	}
	return 0, nil, false
}

// appendIP appends a header for n octets of a protocol. The identification is of
// IPv4 only.
func appendIP(b []byte, src, dst netip.Addr, protocol, ttl, tos uint8, dont bool, id uint16, n int) []byte {
	if src.Is6() {
		b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(tos)<<20)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = append(b, protocol, ttl)
		s, d := src.As16(), dst.As16()
		return append(append(b, s[:]...), d[:]...)
	}
	start := len(b)
	b = append(b, 4<<4|ipv4Header/4, tos)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+n))
	b = binary.BigEndian.AppendUint16(b, id)
	flags := uint16(0)
	if dont {
		flags = dontFlag
	}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, ttl, protocol, 0, 0)
	s, d := src.As4(), dst.As4()
	b = append(append(b, s[:]...), d[:]...)
	binary.BigEndian.PutUint16(b[start+10:], checksum(0, b[start:]))
	return b
}

// headerSize is the octets of a header of the address's family.
func headerSize(a netip.Addr) int {
	if a.Is6() {
		return ipv6Header
	}
	return ipv4Header
}
