package esp

import (
	"encoding/binary"
	"net/netip"
)

// ICMP errors quote no more of a packet than leaves them at these sizes, octets.
const (
	maxErrorV4 = 576  // RFC 1812 section 4.3.2.3
	maxErrorV6 = 1280 // RFC 4443 section 2.4
	errorTTL   = 64
)

const (
	unreachable = 3 // type; of IPv4
	fragNeeded  = 4 // its code
	tooBigV6    = 2 // type
	icmpHeader  = 8
	firstInfoV6 = 128 // ICMPv6: what is below is an error
)

// TooBig appends to dst the answer to the sender of a packet that is larger than mtu
// octets and may not be fragmented: destination unreachable, fragmentation needed
// (RFC 1191 section 4), or packet too big (RFC 4443 section 3.2). from is who says
// so, an address of the packet's family. It is false where no answer may be given:
// to an ICMP error, to a later fragment, to nobody in particular (RFC 1122 section
// 3.2.2, RFC 4443 section 2.4).
func TooBig(dst, packet []byte, mtu int, from netip.Addr) ([]byte, bool) {
	h, ok := parse(packet)
	if !ok || from.Is4() != h.src.Is4() || !h.answerable() {
		return dst, false
	}
	if h.src.Is4() {
		quote := h.packet[:min(len(h.packet), maxErrorV4-ipv4Header-icmpHeader)]
		n := icmpHeader + len(quote)
		dst = appendIP(dst, from, h.src, protocolICMP, errorTTL, 0, false, 0, n)
		body := len(dst)
		dst = append(dst, unreachable, fragNeeded, 0, 0, 0, 0)
		dst = append(binary.BigEndian.AppendUint16(dst, uint16(min(mtu, 0xffff))), quote...)
		binary.BigEndian.PutUint16(dst[body+2:], checksum(0, dst[body:]))
		return dst, true
	}
	quote := h.packet[:min(len(h.packet), maxErrorV6-ipv6Header-icmpHeader)]
	n := icmpHeader + len(quote)
	dst = appendIP(dst, from, h.src, protocolICMPv6, errorTTL, 0, false, 0, n)
	body := len(dst)
	dst = append(dst, tooBigV6, 0, 0, 0)
	dst = append(binary.BigEndian.AppendUint32(dst, uint32(mtu)), quote...)
	binary.BigEndian.PutUint16(dst[body+2:], checksum(pseudo(from, h.src, protocolICMPv6, n), dst[body:]))
	return dst, true
}

// answerable says whether an ICMP error may answer the packet.
func (h *header) answerable() bool {
	if h.src.IsUnspecified() || h.src.IsMulticast() || h.src.IsLoopback() || h.dst.IsMulticast() && h.src.Is4() {
		return false
	}
	protocol, b, ok := h.upper()
	switch {
	case !ok || b == nil:
		return false
	case protocol == protocolICMP && h.src.Is4():
		return len(b) > 0 && icmpQuery(b[0])
	case protocol == protocolICMPv6 && h.src.Is6():
		return len(b) > 0 && b[0] >= firstInfoV6
	}
	return true
}

// icmpQuery says whether a message of IPv4's ICMP is none of the errors of RFC 1122
// section 3.2.2: unreachable, redirect, source quench, time exceeded, parameter
// problem.
func icmpQuery(kind uint8) bool {
	switch kind {
	case unreachable, 4, 5, 11, 12:
		return false
	}
	return true
}
