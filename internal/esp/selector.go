package esp

import (
	"encoding/binary"
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Within says whether a packet of IP, of that direction, is traffic of a selector.
// A packet without ports, also for being a later fragment, is none of a selector
// with ports (RFC 4301 section 7.1).
func Within(packet []byte, s *ipsec.Selector, d ipsec.Direction) bool {
	h, ok := parse(packet)
	return ok && h.within(s, d)
}

func (h *header) within(s *ipsec.Selector, d ipsec.Direction) bool {
	local, remote := h.src, h.dst
	if d != ipsec.Out {
		local, remote = remote, local
	}
	if !contains(s.Local, local) || !contains(s.Remote, remote) {
		return false
	}
	if s.Protocol == 0 {
		return s.LocalPort == 0 && s.RemotePort == 0
	}
	protocol, b, ok := h.upper()
	if !ok || protocol != s.Protocol {
		return false
	}
	if s.LocalPort == 0 && s.RemotePort == 0 {
		return true
	}
	if len(b) < 4 || !hasPorts(protocol) {
		return false
	}
	mine, theirs := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if d != ipsec.Out {
		mine, theirs = theirs, mine
	}
	return (s.LocalPort == 0 || s.LocalPort == mine) && (s.RemotePort == 0 || s.RemotePort == theirs)
}

// contains is Prefix.Contains, which takes its time over the prefix of a VTI.
func contains(p netip.Prefix, a netip.Addr) bool {
	if p.IsValid() && p.Bits() == 0 {
		return p.Addr().Is4() == a.Is4()
	}
	return p.Contains(a)
}

func hasPorts(protocol uint8) bool {
	switch protocol {
	case protocolTCP, protocolUDP, protocolDCCP, protocolSCTP, protocolUDPLite:
		return true
	}
	return false
}
