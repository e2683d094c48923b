package esp

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"

	"github.com/obol-ike/obol/internal/ipsec"
)

// A GRE tunnel (RFC 2784, with the key of RFC 2890) between two hosts, of IPv4 and
// IPv6 packets. It is safe for several goroutines.
type GRE struct {
	Src, Dst netip.Addr
	Key      uint32
	HasKey   bool
	Checksum bool // of what is sent; one that comes is verified always
	TTL      uint8
	PathMTU  bool // the header has the packet's DF; it is clear otherwise
	id       atomic.Uint32
}

// Flags of the first two octets.
const (
	greChecksum = 0x8000
	greKey      = 0x2000
	greSequence = 0x1000
	greKnown    = greChecksum | greKey | greSequence
)

// Ethernet types.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// Headroom is the octets in front of a packet: IP and GRE.
func (g *GRE) Headroom() int { return headerSize(g.Src) + g.size() }

// size of the header of what is sent.
func (g *GRE) size() int {
	n := 4
	if g.Checksum {
		n += 4
	}
	if g.HasKey {
		n += 4
	}
	return n
}

// Encapsulate appends to dst the packet of IP, host to host, that carries another,
// which may lie in the room of dst as with Outbound.Seal. The error is a Drop
// for the SA to count: Malformed.
//
//	IP, flags and version 2, protocol 2, [checksum 2, reserved 2], [key 4], packet
func (g *GRE) Encapsulate(dst, packet []byte) ([]byte, error) {
	h, ok := parse(packet)
	if !ok {
		return nil, Malformed
	}
	tos, dont := Inherited(h.packet)
	ether := uint16(etherIPv4)
	if h.src.Is6() {
		ether = etherIPv6
	}
	start, n := len(dst), len(h.packet)
	body := start + g.Headroom()
	if cap(dst) < body {
		dst = append(dst[:cap(dst)], make([]byte, body-cap(dst))...)
	}
	dst = append(dst[:body], h.packet...)
	b := appendIP(dst[:start], g.Src, g.Dst, ipsec.GRE, g.TTL, tos, dont && g.PathMTU, uint16(g.id.Add(1)), g.size()+n)
	start = len(b)
	flags := uint16(0)
	if g.Checksum {
		flags |= greChecksum
	}
	if g.HasKey {
		flags |= greKey
	}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint16(b, ether)
	if g.Checksum {
		b = binary.BigEndian.AppendUint32(b, 0)
	}
	if g.HasKey {
		binary.BigEndian.AppendUint32(b, g.Key)
	}
	if g.Checksum {
		binary.BigEndian.PutUint16(dst[start+4:], checksum(0, dst[start:]))
	}
	return dst, nil
}

// Decapsulate is the packet in what an SA carried: GRE itself in transport mode,
// next 47, or a packet of IP between the hosts, next 4 or 41. tos is that of the
// header in front of ESP, which is GRE's own in transport mode. The packet lies in
// payload. The error is a Drop, for the SA to count.
func (g *GRE) Decapsulate(next uint8, payload []byte, tos uint8) ([]byte, error) {
	packet, drop := g.decapsulate(next, payload, tos)
	if drop != 0 {
		return nil, drop
	}
	return packet, nil
}

func (g *GRE) decapsulate(next uint8, payload []byte, tos uint8) ([]byte, Drop) {
	delivery := header{src: g.Dst, dst: g.Src, protocol: next, payload: payload}
	if next == protocolIPv4 || next == protocolIPv6 {
		var ok bool
		if delivery, ok = parse(payload); !ok || delivery.fragment() {
			return nil, Malformed
		}
		if delivery.src != g.Dst || delivery.dst != g.Src {
			return nil, Outside
		}
		tos, _ = Inherited(delivery.packet)
	}
	// Linux sends a limit of tunnels in tunnels in front of GRE (RFC 2473 section 5.1).
	protocol, payload, ok := delivery.upper()
	if !ok {
		return nil, Malformed
	}
	if protocol != ipsec.GRE {
		return nil, Next
	}
	own, packet, drop := g.header(payload)
	if drop != 0 {
		return nil, drop
	}
	h, ok := parse(packet)
	switch {
	case !ok:
		return nil, Malformed
	case h.own() != own:
		return nil, GREHeader
	case !h.congest(tos):
		return nil, Congested
	}
	return h.packet, 0
}

// header reads the header. RFC 2784 section 2.3: "A receiver MUST discard a packet
// where any of bits 1-5 are non-zero, unless that receiver implements RFC 1701."; RFC
// 2890 takes the bits of key and sequence number back, and bits 6-12 are ignored. A
// sequence number is passed over: order is not asked for.
func (g *GRE) header(b []byte) (own uint8, packet []byte, drop Drop) {
	if len(b) < 4 {
		return 0, nil, Truncated
	}
	flags, whole := binary.BigEndian.Uint16(b), b
	const discarded, version = 0xfc00 &^ greKnown, 7
	if flags&(discarded|version) != 0 {
		return 0, nil, GREHeader
	}
	switch binary.BigEndian.Uint16(b[2:]) {
	case etherIPv4:
		own = protocolIPv4
	case etherIPv6:
		own = protocolIPv6
	default:
		return 0, nil, GREHeader
	}
	n := 4
	for _, f := range [...]uint16{greChecksum, greKey, greSequence} {
		if flags&f != 0 {
			n += 4
		}
	}
	if len(b) < n {
		return 0, nil, Truncated
	}
	b = b[4:]
	if flags&greChecksum != 0 {
		if checksum(0, whole) != 0 {
			return 0, nil, GREChecksum
		}
		b = b[4:]
	}
	if (flags&greKey != 0) != g.HasKey || g.HasKey && binary.BigEndian.Uint32(b) != g.Key {
		return 0, nil, GREKey
	}
	return own, whole[n:], 0
}
