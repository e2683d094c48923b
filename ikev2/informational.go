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
	peers    []uint32          // those that we sent on, of the same pairs; 0: not known
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
		s.dropClosed(x)
	}
	for _, c := range s.children {
		if c.retired && wireProtocol(c.in.Protocol) == d.protocol && slices.Contains(d.spis, c.in.SPI) {
			s.drain(c)
		}
	}
	return nil
}

// abandoned asks again under the IKE SA that has the child SAs now.
func (d *deletion) abandoned(s *Session, x *ikeSA, _ string) {
	if d.protocol != wire.ProtocolISAKMP && s.Established() && s.ike != x {
		s.ask(s.ike, d)
	}
}

// deleteSPI tells the peer that a pair goes, by the SPI that we receive on. peer
// is the one that we sent on, 0 when there was none.
func (s *Session) deleteSPI(p wire.ProtocolID, own, peer uint32) {
	if s.Established() {
		s.ask(s.ike, &deletion{protocol: p, spis: []uint32{own}, peers: []uint32{peer}})
	}
}

// deleting says whether a deletion of ours is under way: of the pair that the peer
// receives on with an SPI.
func (s *Session) deleting(p wire.ProtocolID, peer uint32) bool {
	return slices.ContainsFunc(s.deletions(), func(d *deletion) bool { return d.protocol == p && slices.Contains(d.peers, peer) })
}

// deletions are those of ours that have no answer yet.
func (s *Session) deletions() (list []*deletion) {
	for _, x := range s.all {
		for _, f := range x.flights {
			if d, ok := f.request.(*deletion); ok {
				list = append(list, d)
			}
		}
		for _, r := range x.queue {
			if d, ok := r.(*deletion); ok {
				list = append(list, d)
			}
		}
	}
	return list
}

// answerInformational takes what the peer tells: deletions, notifications, or
// nothing, which asks whether we live.
func (s *Session) answerInformational(x *ikeSA, m *message, r *reply) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	if len(m.payloads) == 0 {
		s.report(Probed{SA: s.sa(x)})
		s.report(Probed{SA: s.sa(x), Sent: true, Response: true})
		return nil
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
		if n.Type == wire.V2InvalidSPI {
			s.readInvalidSPI(n)
		}
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
			if c == nil && len(s.requests) > 0 && len(s.overtook) < maxPairs {
				s.overtook = append(s.overtook, spi)
			}
			// RFC 7296 section 2.25.1: "If a peer receives a request to close a Child SA
			// that it is currently trying to close, it SHOULD reply without a Delete
			// payload."
			if c != nil && !c.retired && !slices.Contains(ours, c.in.SPI) {
				ours = append(ours, c.in.SPI)
				s.deletedPair(c)
			}
		}
	}
	return ours
}

// deletedPair takes the peer's word that a pair goes. One that has a successor
// still receives for a while what was under way.
func (s *Session) deletedPair(c *child) {
	if !slices.ContainsFunc(s.children, func(o *child) bool { return o.rekeys == c.in.SPI && !o.retired }) {
		s.dropChild(c, "deleted by the peer")
		return
	}
	s.hasten(c)
	s.drain(c)
}
