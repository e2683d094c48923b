package ikev2

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// InvalidSPI tells the peer that what it sends by an SPI comes for no SA: as in IKEv1
// by a delete of that SA, and with crypto isakmp invalid-spi-recovery by INVALID_SPI.
func (s *Session) InvalidSPI(now time.Time, id ipsec.SAID, recovery bool) {
	s.now = now
	switch {
	case !s.Established():
	case recovery:
		s.ask(s.ike, invalidSPI(id.SPI))
	default:
		s.deleteSPI(wireProtocol(id.Protocol), id.SPI, 0)
	}
}

// invalidSPI is our INVALID_SPI. RFC 7296 section 3.10.1: "The Notification Data
// contains the SPI of the invalid packet." A handover waits for its answer.
type invalidSPI uint32

func (invalidSPI) exchange() wire.ExchangeType { return wire.ExchangeInformationalV2 }

func (spi invalidSPI) build(s *Session, x *ikeSA, b *wire.Builder) error {
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2InvalidSPI, Data: binary.BigEndian.AppendUint32(nil, uint32(spi))})
	s.report(NotifySent{SA: s.sa(x), Type: wire.V2InvalidSPI})
	return nil
}

func (invalidSPI) answered(s *Session, x *ikeSA, _ *message) error {
	s.report(InformationalAnswered{SA: s.sa(x)})
	return nil
}

func (invalidSPI) abandoned(*Session, *ikeSA, string) {}

// readInvalidSPI takes the word of a peer that has no SA for what we send.
func (s *Session) readInvalidSPI(n wire.NotifyV2) {
	if len(n.Data) != 4 {
		return
	}
	spi := binary.BigEndian.Uint32(n.Data)
	if i := slices.IndexFunc(s.children, func(c *child) bool { return c.out.SPI == spi && !c.retired && !c.mute }); i >= 0 {
		s.deleteChild(s.children[i], "the peer has no SA for its SPI")
	}
}
