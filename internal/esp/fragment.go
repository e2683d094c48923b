package esp

import "encoding/binary"

// Room is the largest packet, in octets, that Seal makes a packet of ESP of at most
// n octets of: in transport mode the largest payload. It is 0 where nothing fits.
func (o *Outbound) Room(n int) int {
	n -= o.Headroom() + o.transform.icv
	return max(0, n/o.transform.unit*o.transform.unit-trailerLen)
}

// Fragment appends to dst the fragment that begins at an octet of the payload of an
// IPv4 packet without DF, at most mtu octets with its header (RFC 791 section 3.2),
// and gives where the next begins: 0 after the last. It is false for what may not
// be fragmented, or not so small. To be begun at 0.
func Fragment(dst, packet []byte, mtu, at int) (fragment []byte, next int, ok bool) {
	h, ok := parse(packet)
	if !ok || !h.src.Is4() || binary.BigEndian.Uint16(packet[6:])&dontFlag != 0 {
		return dst, 0, false
	}
	size, first := len(h.packet)-len(h.payload), int(binary.BigEndian.Uint16(packet[6:]))
	n := (mtu - size) &^ 7 // "on 8 octet boundaries"
	flags := uint16(first + at/8)
	switch {
	case n <= 0 || at < 0 || at%8 != 0 || at > len(h.payload) || first&0x1fff+at/8 > 0x1fff:
		return dst, 0, false
	case len(h.payload)-at <= mtu-size:
		n = len(h.payload) - at
	default:
		next = at + n
		flags |= moreFlag
	}
	start := len(dst)
	dst = append(append(dst, h.packet[:size]...), h.payload[at:at+n]...)
	head := dst[start : start+size]
	binary.BigEndian.PutUint16(head[2:], uint16(size+n))
	binary.BigEndian.PutUint16(head[6:], flags)
	if at > 0 {
		firstOnly(head[ipv4Header:])
	}
	binary.BigEndian.PutUint16(head[10:], 0)
	binary.BigEndian.PutUint16(head[10:], checksum(0, head))
	return dst, next, true
}

// Options of IPv4.
const (
	optionEnd  = 0
	optionNone = 1
	optionCopy = 0x80 // goes into every fragment
)

// firstOnly blanks the options that only the first fragment has.
func firstOnly(options []byte) {
	for len(options) > 0 && options[0] != optionEnd {
		n := 1
		if options[0] != optionNone {
			if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
				return
			}
			n = int(options[1])
		}
		if options[0]&optionCopy == 0 {
			for i := range n {
				options[i] = optionNone
			}
		}
		options = options[n:]
	}
}
