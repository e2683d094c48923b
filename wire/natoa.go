package wire

import "net/netip"

// NATOA is the body of a NAT original address payload (RFC 3947 section 5.2):
// an ID type, three reserved octets, and the address.
type NATOA struct {
	Type IDType // IDIPv4Addr or IDIPv6Addr
	Addr netip.Addr
}

// ParseNATOA parses the body of a NAT-OA payload.
func ParseNATOA(body []byte) (NATOA, error) {
	if len(body) < 4 {
		return NATOA{}, malformed(PayloadNATOA, len(body), "%d octets are too few", len(body))
	}
	n := NATOA{Type: IDType(body[0])}
	if n.Type != IDIPv4Addr && n.Type != IDIPv6Addr {
		return n, refuse(PayloadNATOA, 0, NotifyInvalidIDInformation, "%s, not an address", n.Type)
	}
	if body[1] != 0 || body[2] != 0 || body[3] != 0 {
		return n, malformed(PayloadNATOA, 1, "RESERVED is not 0")
	}
	addr, _ := netip.AddrFromSlice(body[4:])
	if len(body)-4 != idLengths[n.Type] {
		return n, refuse(PayloadNATOA, 4, NotifyInvalidIDInformation, "%s of %d octets, not %d", n.Type, len(body)-4, idLengths[n.Type])
	}
	n.Addr = addr
	return n, nil
}

// Append appends the body of a NAT-OA payload.
func (n NATOA) Append(dst []byte) []byte {
	return append(append(dst, byte(n.Type), 0, 0, 0), n.Addr.AsSlice()...)
}
