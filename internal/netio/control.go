package netio

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlSpace is enough for what the system tells beside a datagram and for what
// we tell it: an IPv6 packet's information, a traffic class, a hop limit and a segment
// size, 40 and three times 24 octets.
const controlSpace = 112

// A control is that, read or to be written.
type control struct {
	local   netip.Addr // of this host: what the peer asked, or where a datagram leaves
	tos     uint8      // type of service or traffic class
	hops    uint8      // TTL or hop limit, 0: the system's own; written only
	segment int        // octets of each datagram of several in one, 0: it is one
}

// parseControl reads what recvmsg gives. A field that the system did not tell is
// zero.
func parseControl(b []byte) (c control) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(b) {
			return c
		}
		v := b[unix.CmsgLen(0):n]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(v) >= unix.SizeofInet4Pktinfo:
			c.local = netip.AddrFrom4([4]byte(v[8:]))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(v) >= unix.SizeofInet6Pktinfo:
			c.local = netip.AddrFrom16([16]byte(v)).Unmap()
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(v) >= 1:
			c.tos = v[0]
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS && len(v) >= 4:
			c.tos = uint8(binary.NativeEndian.Uint32(v))
		case h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(v) >= 4:
			c.segment = int(binary.NativeEndian.Uint32(v))
		}
		b = b[min(unix.CmsgSpace(n-unix.CmsgLen(0)), len(b)):]
	}
	return c
}

// put writes what sendmsg is to know into b, of controlSpace octets, and gives how
// many it took. v6 is the socket's family.
func (c control) put(b []byte, v6 bool) int {
	n := 0
	add := func(level, kind int32, size int) []byte {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[n]))
		h.Level, h.Type = level, kind
		h.SetLen(unix.CmsgLen(size))
		v := b[n+unix.CmsgLen(0):][:size]
		clear(v)
		n += unix.CmsgSpace(size)
		return v
	}
	if v6 {
		a := c.local.As16()
		copy(add(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo), a[:])
	} else {
		a := c.local.As4()
		copy(add(unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)[4:], a[:]) // ipi_spec_dst
	}
	level, class, hops := int32(unix.IPPROTO_IP), int32(unix.IP_TOS), int32(unix.IP_TTL)
	if v6 {
		level, class, hops = unix.IPPROTO_IPV6, unix.IPV6_TCLASS, unix.IPV6_HOPLIMIT
	}
	if c.tos != 0 {
		binary.NativeEndian.PutUint32(add(level, class, 4), uint32(c.tos))
	}
	if c.hops != 0 {
		binary.NativeEndian.PutUint32(add(level, hops, 4), uint32(c.hops))
	}
	if c.segment != 0 {
		binary.NativeEndian.PutUint16(add(unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2), uint16(c.segment))
	}
	return n
}
