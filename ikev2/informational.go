package ikev2

import (
	"slices"

	"github.com/obol-ike/obol/wire"
)

// deletion is our request to delete child SAs of one protocol, by the SPIs that
// we receive on, or the IKE SA.
type deletion struct {
	protocol wire.ProtocolID
	spis     []uint32
	notify   wire.NotifyTypeV2 // beside it, 0: none
}

func (*deletion) exchange() wire.ExchangeType { return wire.ExchangeInformationalV2 }

func (d *deletion) build(s *Session, x *ikeSA, b *wire.Builder) error {
	if d.notify != 0 {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: d.notify})
		s.report(NotifySent{SA: s.sa(x), Type: d.notify})
	}
	b.Add(wire.PayloadDeleteV2, wire.DeleteV2{Protocol: d.protocol, SPIs: d.spis})
	if d.protocol == wire.ProtocolISAKMP {
		s.report(DeleteSent{SA: s.sa(x), Protocol: d.protocol})
	}
	for _, spi := range d.spis {
		s.report(DeleteSent{SA: s.sa(x), Protocol: d.protocol, SPI: spi})
	}
	return nil
}

// answered, RFC 7296 section 1.4.1: "the response in the INFORMATIONAL exchange
// will contain Delete payloads for the paired SAs going in the other direction",
// or nothing when both ends delete at once. They are gone here in either case.
func (d *deletion) answered(s *Session, x *ikeSA, m *message) error {
	s.report(InformationalAnswered{SA: s.sa(x)})
	if d.protocol == wire.ProtocolISAKMP {
		s.drop(x, "deleted")
	}
	return nil
}

func (*deletion) abandoned(*Session, *ikeSA, string) {}

// answerInformational takes what the peer tells: deletions, notifications, or
// nothing, which asks whether we live.
func (s *Session) answerInformational(x *ikeSA, m *message, r *reply) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	var deletes []wire.DeleteV2
	for _, p := range m.payloads {
		if p.Type != wire.PayloadDeleteV2 {
			continue
		}
		d, err := wire.ParseBody(p, wire.ParseDeleteV2)
		if err != nil {
			return err
		}
		deletes = append(deletes, d)
	}
	for _, n := range notifies {
		s.report(NotifyReceived{SA: s.sa(x), Type: n.Type, Authenticated: true})
		// RFC 7296 section 2.21.2 has an initiator tell so that our proof does not
		// hold; section 2.21.3 has the other fatal in both peers.
		if n.Type == wire.V2AuthenticationFailed || n.Type == wire.V2InvalidSyntax {
			s.send(r)
			r.held = true
			s.end(x, (&refusal{notify: n.Type}).Error())
			return nil
		}
	}
	for _, d := range deletes {
		if d.Protocol == wire.ProtocolISAKMP {
			s.report(DeleteReceived{SA: s.sa(x), Protocol: d.Protocol, Known: true})
			s.send(r)
			r.held = true
			s.end(x, "deleted by the peer")
			return nil
		}
	}
	for _, protocol := range []wire.ProtocolID{wire.ProtocolESP, wire.ProtocolAH} {
		if ours := s.deletedByPeer(x, protocol, deletes); len(ours) > 0 {
			r.Add(wire.PayloadDeleteV2, wire.DeleteV2{Protocol: protocol, SPIs: ours})
		}
	}
	return nil
}

// deletedByPeer removes the pairs that the peer deletes and returns our halves of
// them, as RFC 7296 section 1.4.1 has it: SAs go in pairs.
func (s *Session) deletedByPeer(x *ikeSA, protocol wire.ProtocolID, deletes []wire.DeleteV2) (ours []uint32) {
	for _, d := range deletes {
		if d.Protocol != protocol {
			continue
		}
		for _, spi := range d.SPIs {
			c := s.childBySPI(protocol, spi)
			s.report(DeleteReceived{SA: s.sa(x), Protocol: protocol, SPI: spi, Known: c != nil})
			if c != nil && !slices.Contains(ours, c.in.SPI) {
				ours = append(ours, c.in.SPI)
				s.dropChild(c, "deleted by the peer")
			}
		}
	}
	return ours
}
