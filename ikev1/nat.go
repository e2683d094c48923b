package ikev1

import (
	"crypto/subtle"
	"net/netip"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// natHash is a NAT-D payload. RFC 3947 section 3.2: "HASH = HASH(CKY-I | CKY-R
// | IP | Port)", with the hash negotiated for phase 1.
func (s *Session) natHash(h *suite.Hash, a netip.AddrPort) []byte {
	return h.Sum(s.spiI[:], s.spiR[:], a.Addr().AsSlice(), []byte{byte(a.Port() >> 8), byte(a.Port())})
}

// addNATD adds the receiver's address first, then ours.
func (s *Session) addNATD(b *wire.Builder, h *suite.Hash) {
	b.Add(wire.PayloadNATD, wire.Raw(s.natHash(h, s.remote)))
	b.Add(wire.PayloadNATD, wire.Raw(s.natHash(h, s.local)))
}

// readNATD compares the peer's NAT-D payloads with the addresses we see. A peer
// may send none. A NAT is reported; the exchange goes on where it is, on the
// ports it began with.
func (s *Session) readNATD(h *suite.Hash, payloads []wire.Payload) {
	var hashes [][]byte
	for _, p := range payloads {
		if p.Type == wire.PayloadNATD {
			hashes = append(hashes, p.Body)
		}
	}
	if len(hashes) < 2 {
		return
	}
	mine, his := s.natHash(h, s.local), s.natHash(h, s.remote)
	found := NATChecked{SA: s.sa(), Self: true, Peer: true}
	for i, got := range hashes {
		want := his
		if i == 0 {
			want = mine
		}
		matches := subtle.ConstantTimeCompare(got, want) == 1
		s.report(NATDRead{SA: s.sa(), Index: i, Matches: matches})
		switch {
		case i == 0:
			found.Self = !matches
		case matches:
			found.Peer = false
		}
	}
	s.report(found)
}
