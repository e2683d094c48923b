package ikev2

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"

	"github.com/obol-ike/obol/wire"
)

// natHash, RFC 7296 section 2.23: "The data associated with the
// NAT_DETECTION_SOURCE_IP notification is a SHA-1 digest of the SPIs (in the order
// they appear in the header), IP address, and port from which this packet was
// sent."
func natHash(i, r wire.SPI, a netip.AddrPort) []byte {
	h := sha1.New()
	h.Write(i[:])
	h.Write(r[:])
	h.Write(a.Addr().Unmap().AsSlice())
	h.Write(binary.BigEndian.AppendUint16(nil, a.Port()))
	return h.Sum(nil)
}

// natNotifies are the two of a message from local to remote.
func natNotifies(i, r wire.SPI, local, remote netip.AddrPort) [2]wire.NotifyV2 {
	return [2]wire.NotifyV2{
		{Type: wire.V2NATDetectionSource, Data: natHash(i, r, local)},
		{Type: wire.V2NATDetectionDestination, Data: natHash(i, r, remote)},
	}
}

// natFound is what a message told of NATs on its way.
type natFound struct {
	able       bool // the peer knows NAT traversal
	self, peer bool // who sits behind a NAT
}

// readNAT compares the notifies of a message with its addresses, of which local is
// ours. RFC 7296 section 2.23: "There MAY be multiple NAT_DETECTION_SOURCE_IP
// payloads in a message if the sender does not know which of several network
// attachments will be used to send the packet."
func readNAT(notifies []wire.NotifyV2, i, r wire.SPI, local, remote netip.AddrPort) natFound {
	mine, his := natHash(i, r, local), natHash(i, r, remote)
	var source, destination bool
	found := natFound{self: true, peer: true}
	for _, n := range notifies {
		switch n.Type {
		case wire.V2NATDetectionSource:
			source = true
			if subtle.ConstantTimeCompare(n.Data, his) == 1 {
				found.peer = false
			}
		case wire.V2NATDetectionDestination:
			destination = true
			if subtle.ConstantTimeCompare(n.Data, mine) == 1 {
				found.self = false
			}
		}
	}
	if !source || !destination {
		return natFound{}
	}
	found.able = true
	return found
}
