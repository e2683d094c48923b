package ikev1

import (
	"hash/crc32"

	"github.com/obol-ike/obol/wire"
)

// fragmentMTU is the IP packet above which a message goes in fragments. What IOS
// has for IKEv1 is not known; for IKEv2 its default is 576 octets.
const fragmentMTU = 576

// What stands before a message in its IPv4 packet.
const (
	headersUDP   = 20 + 8
	nonESPMarker = 4 // RFC 3948 section 2.2, on every port but 500
)

// readFragmentation notes whether the peer announces fragments. Both ends have to.
func (s *Session) readFragmentation(vendorID []byte) {
	if s.config.ISAKMP.Fragmentation && wire.FragmentsPhase1(vendorID) {
		s.knows.fragments = true
	}
}

// announce adds the vendor ID of fragmentation to those of a first message. As
// with those of NAT-T a responder answers with it only who has named it: whoever
// forges a bare MM1 is not to have a longer one sent to his victim.
func (s *Session) announce(ids [][]byte) [][]byte {
	if !s.config.ISAKMP.Fragmentation || s.role == Responder && !s.knows.fragments {
		return ids
	}
	return append(ids[:len(ids):len(ids)], wire.VendorFragmentationIOS)
}

// sendFragments sends a message in fragments, if it is to go so.
func (s *Session) sendFragments(message []byte) bool {
	room := fragmentMTU - headersUDP
	if s.local.Port() != port {
		room -= nonESPMarker
	}
	if !s.knows.fragments || len(message) <= room {
		return false
	}
	parts := split(message, room)
	s.report(Fragmented{SA: s.sa(), Length: len(message), Fragments: len(parts)})
	for _, data := range parts {
		s.sendDatagram(data)
	}
	return true
}

// split cuts a message into fragments of at most size octets each. The id is a
// checksum of the message: another message has another one, a repetition the same,
// so that its fragments fill the gaps of the first time. The encryption flag is
// that of what is inside: the fragment payload is in the clear.
func split(message []byte, size int) [][]byte {
	h, err := wire.ParseHeader(message)
	if err != nil || size <= wire.FragmentOverhead {
		return [][]byte{message}
	}
	h.Flags &^= wire.FlagEncryption
	f := wire.Fragment{ID: uint16(crc32.ChecksumIEEE(message))}
	var out [][]byte
	for rest := message; len(rest) > 0; rest = rest[len(f.Data):] {
		f.Number++
		f.Data = rest[:min(len(rest), size-wire.FragmentOverhead)]
		f.Last = len(f.Data) == len(rest)
		b := wire.NewBuilder(make([]byte, 0, wire.FragmentOverhead+len(f.Data)), h)
		b.Add(wire.PayloadFragment, f)
		out = append(out, b.Bytes())
	}
	return out
}
