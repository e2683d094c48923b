package esp

import "encoding/binary"

// Codepoints of explicit congestion notification (RFC 3168 section 5).
const (
	ecnMask = 3
	notECT  = 0
	ect1    = 1
	ce      = 3
)

// congest tells a packet what its outer header has seen on the way, as RFC 6040
// section 4.2 decides. It is false for a packet whose sender understands nothing but
// loss: "If the inner ECN field is Not-ECT and the outer ECN field is CE, the
// decapsulator MUST drop the packet."
func (h *header) congest(tos uint8) bool {
	own, _ := Inherited(h.packet)
	switch inner, outer := own&ecnMask, tos&ecnMask; {
	case inner == notECT:
		return outer != ce
	case inner != ce && (outer == ce || outer == ect1):
		h.mark(own&^ecnMask | outer)
	}
	return true
}

// mark changes type of service or traffic class. RFC 1624 has the checksum of IPv4
// follow: HC' = ~(~HC + ~m + m').
func (h *header) mark(tos uint8) {
	p := h.packet
	old := binary.BigEndian.Uint16(p)
	if h.src.Is6() {
		binary.BigEndian.PutUint16(p, old&0xf00f|uint16(tos)<<4)
		return
	}
	p[1] = tos
	sum := Word(^binary.BigEndian.Uint16(p[10:])) + Word(^old) + Word(binary.BigEndian.Uint16(p))
	binary.BigEndian.PutUint16(p[10:], ^Fold(sum))
}
