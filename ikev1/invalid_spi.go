package ikev1

import (
	"encoding/binary"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
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

// InvalidSPI tells the peer that what it sends by an SPI comes for no SA: as IOS does,
// by a delete of that SA, and with crypto isakmp invalid-spi-recovery by INVALID_SPI.
func (s *Session) InvalidSPI(now time.Time, id ipsec.SAID, recovery bool) {
	s.now = now
	protocol, spi := wireProtocol(id.Protocol), spiBytes(id.SPI)
	if recovery {
		s.sendNotify(wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: protocol, Type: wire.NotifyInvalidSPI, SPI: spi})
	} else {
		s.sendDelete(protocol, spi)
	}
}
