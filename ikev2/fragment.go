package ikev2

import (
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/obol-ike/obol/wire"
)

// What stands before a message in its packet, octets.
const (
	headerIPv4   = 20
	headerIPv6   = 40
	headerUDP    = 8
	nonESPMarker = 4 // RFC 7296 section 2.23, on every port but 500
	headerSKF    = 4 + wire.SKFLen
)

// minFragment is how much of a message each fragment carries at least, whatever
// the configured MTU: below it there would be more fragments than a peer takes.
const minFragment = 256

// fragmentRoom is the longest message that an IP packet of the MTU has room for.
func fragmentRoom(mtu int, local netip.AddrPort) int {
	room := mtu - headerIPv4 - headerUDP
	if local.Addr().Unmap().Is6() {
		room = mtu - headerIPv6 - headerUDP
	}
	if local.Port() != port {
		room -= nonESPMarker
	}
	return room
}

// port is that of IKE where no NAT is.
const port = 500

// fragments says whether a peer announces that it takes fragments (RFC 7383 section
// 2.3).
func fragments(notifies []wire.NotifyV2) bool {
	for _, n := range notifies {
		if n.Type == wire.V2FragmentationSupported {
			return true
		}
	}
	return false
}

// sealFragments makes the messages of at most room octets that carry the payloads
// inner, of which first is the type of the first. Each is protected by itself, and
// stands for the whole under the same message id.
func (d *direction) sealFragments(h wire.Header, first wire.PayloadType, inner []byte, room int, random io.Reader) ([][]byte, error) {
	size := max(d.fits(room-wire.HeaderLen-headerSKF), minFragment)
	total := max(1, (len(inner)+size-1)/size)
	out := make([][]byte, 0, total)
	for n := 1; n <= total; n++ {
		part := inner[(n-1)*size : min(n*size, len(inner))]
		length := wire.HeaderLen + headerSKF + d.sealedLen(len(part))
		h.NextPayload, h.Length = wire.PayloadSKF, uint32(length)
		m := h.Append(make([]byte, 0, length))
		m = binary.BigEndian.AppendUint16(append(m, byte(first), 0), uint16(length-wire.HeaderLen))
		m = binary.BigEndian.AppendUint16(m, uint16(n))
		m = binary.BigEndian.AppendUint16(m, uint16(total))
		m, err := d.seal(m, part, random)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
		// RFC 7383 section 2.5 has the Next Payload of all but the first fragment zero.
		first = wire.PayloadNone
	}
	return out, nil
}

// fits is how many octets can be sealed into so many.
func (d *direction) fits(sealed int) int {
	room := sealed - d.iv - d.icv
	return room - room%d.pad - 1
}
