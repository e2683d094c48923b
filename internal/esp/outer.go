package esp

import (
	"encoding/binary"
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Inherited is what the header in front of ESP takes from the packet in it (RFC
// 4301 section 5.1.2): type of service or traffic class, ECN with it (RFC 6040
// section 4.1), and whether it may be fragmented. IPv6 never may. The packet has at
// least its own header.
func Inherited(packet []byte) (tos uint8, dont bool) {
	if packet[0]>>4 == 6 {
		return uint8(binary.BigEndian.Uint16(packet) >> 4), true
	}
	return packet[1], binary.BigEndian.Uint16(packet[6:])&dontFlag != 0
}

// An Envelope is what packets of an SA travel in: a header of IP and, with
// encapsulation, of UDP (RFC 3948).
type Envelope struct {
	Src, Dst netip.Addr
	Encap    *ipsec.Encap // nil: none
	TTL      uint8
}

const udpHeader = 8

// Headroom is the octets of the headers.
func (e *Envelope) Headroom() int {
	n := headerSize(e.Src)
	if e.Encap != nil {
		n += udpHeader
	}
	return n
}

// Wrap appends to dst the headers and the packet of ESP, which may lie in the room
// of dst as with Seal. id tells IPv4 packets apart that may be fragmented.
func (e *Envelope) Wrap(dst, sealed []byte, tos uint8, dont bool, id uint16) []byte {
	start, n := len(dst), len(sealed)
	body := start + e.Headroom()
	if cap(dst) < body {
		dst = append(dst[:cap(dst)], make([]byte, body-cap(dst))...)
	}
	dst = append(dst[:body], sealed...)
	if e.Encap == nil {
		appendIP(dst[:start], e.Src, e.Dst, uint8(ipsec.ESP), e.TTL, tos, dont, id, n)
		return dst
	}
	n += udpHeader
	udp := appendIP(dst[:start], e.Src, e.Dst, protocolUDP, e.TTL, tos, dont, id, n)
	start = len(udp)
	udp = binary.BigEndian.AppendUint16(udp, e.Encap.LocalPort)
	udp = binary.BigEndian.AppendUint16(udp, e.Encap.RemotePort)
	udp = binary.BigEndian.AppendUint16(udp, uint16(n))
	binary.BigEndian.AppendUint16(udp, 0)
	if e.Src.Is6() {
		// RFC 3948 section 2.1 leaves the checksum out with IPv4; RFC 8200 section
		// 8.1 does not, and has ones for zeros.
		sum := checksum(pseudo(e.Src, e.Dst, protocolUDP, n), dst[start:])
		if sum == 0 {
			sum = 0xffff
		}
		binary.BigEndian.PutUint16(dst[start+6:], sum)
	}
	return dst
}
