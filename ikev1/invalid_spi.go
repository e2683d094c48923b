package ikev1

import (
	"encoding/binary"

	"github.com/obol-ike/obol/wire"
)

// readInvalidSPI takes the word of a peer that has no SA for what we send, as IOS
// sends it with crypto isakmp invalid-spi-recovery: its delete of the pair was
// lost. Only its own inbound SPI counts, which is our outbound one, and only on
// the pair that sends.
func (s *Session) readInvalidSPI(n wire.NotifyV1) {
	if len(n.SPI) != 4 {
		return
	}
	for _, c := range s.pairs() {
		if c.out.SPI == binary.BigEndian.Uint32(n.SPI) && c.out.Protocol == saProtocol(n.Protocol) && !c.retired && !c.pending() {
			s.deleteChild(c, "the peer has no SA for its SPI")
			return
		}
	}
}
