package ikev1

import (
	"bytes"
	"slices"
	"time"

	"github.com/obol-ike/obol/wire"
)

// inform sends an informational exchange: one message, HASH(1) and a payload.
// RFC 2409 section 5.7: "HASH(1) = prf(SKEYID_a, M-ID | N/D)". Nobody answers
// and nobody repeats it. The message id is returned, 0 when nothing was sent.
func (s *Session) inform(t wire.PayloadType, body wire.Appender) uint32 {
	id, err := s.newMessageID()
	if err != nil {
		return 0
	}
	b := wire.NewBuilder(nil, s.header(wire.ExchangeInformational, id))
	b.Add(wire.PayloadHash, wire.Raw(make([]byte, s.crypt.hash.Size)))
	b.Add(t, body)
	s.crypt.putHash(b, id, nil)
	datagram, _ := s.crypt.seal(s.header(wire.ExchangeInformational, id), b, s.crypt.exchangeIV(id))
	s.report(NodeCreated{SA: s.sa(), MessageID: id})
	s.transmit(wire.ExchangeInformational, id, datagram)
	s.report(NodePurged{SA: s.sa(), MessageID: id})
	return id
}

func (s *Session) sendNotify(n wire.NotifyV1) {
	if id := s.inform(wire.PayloadNotify, n); id != 0 {
		s.report(NotifySent{SA: s.sa(), Type: n.Type, Protocol: n.Protocol, SPI: n.SPI, MessageID: id})
	}
}

// sendDelete names an SA by the SPI that we receive on; the IKE SA by both
// cookies.
func (s *Session) sendDelete(p wire.ProtocolID, spi []byte) {
	if id := s.inform(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: p, SPIs: [][]byte{spi}}); id != 0 {
		s.report(DeleteSent{SA: s.sa(), Protocol: p, SPI: spi, MessageID: id})
	}
}

// initialContact, RFC 2407 section 4.6.3.3: the SPI is "the two ISAKMP cookies".
func (s *Session) initialContact() wire.NotifyV1 {
	return wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyInitialContact, SPI: concat(s.spiI[:], s.spiR[:])}
}

// sendPhase1Lifetime tells an initiator that offered more how long the IKE SA
// lives (RFC 2407 section 4.6.3.1).
func (s *Session) sendPhase1Lifetime() {
	data := wire.Attribute{Type: wire.AttrLifeType, Value: uint64(wire.LifeSeconds)}.Append(nil)
	data = wire.Attribute{Type: wire.AttrLifeDuration, Value: uint64(s.agreed.lifetime / time.Second)}.Append(data)
	s.sendNotify(wire.NotifyV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyResponderLifetime,
		SPI: concat(s.spiI[:], s.spiR[:]), Data: data,
	})
}

// receiveInformational takes a notify or a delete. What is not encrypted and
// hashed with the keys of an authenticated peer is reported and otherwise
// ignored: anyone may have sent it.
func (s *Session) receiveInformational(m *inbound) {
	if m.Flags&wire.FlagEncryption == 0 {
		s.reportUnprotected(m)
		return
	}
	c, err := s.openInformational(m)
	if err != nil {
		s.rejected(m.Header, err, 0)
		return
	}
	notifies, err := parseNotifies(c.payloads)
	switch {
	case err != nil || !onlyDPD(c.payloads, notifies):
		s.use(m)
	case s.checkDPD(notifies[0]) == nil: // else it may be a replay
		s.follow(m.local, m.remote)
		s.arrived()
	}
	if err != nil {
		s.rejected(m.Header, err, 0)
		return
	}
	deletes, err := parseDeletes(c.payloads)
	if err != nil {
		s.rejected(m.Header, err, 0)
		return
	}
	for _, n := range notifies {
		s.readNotify(n, m.MessageID)
	}
	for _, d := range deletes {
		s.readDelete(d, m.MessageID)
	}
	s.report(InformationalRead{SA: s.sa(), MessageID: m.MessageID})
}

// openInformational decrypts and checks HASH(1). A message id is good for one
// exchange: a replay is refused before it is decrypted.
func (s *Session) openInformational(m *inbound) (*opened, error) {
	if s.crypt == nil {
		return nil, reject(wire.NotifyInvalidFlags, "encrypted before there are keys")
	}
	c, err := s.openNew(m)
	if err != nil {
		return nil, err
	}
	if s.up == nil {
		return nil, reject(0, "informational exchange before the peer is authenticated")
	}
	return c, nil
}

// onlyDPD says whether a message is of dead peer detection alone. Its numbers
// guard it against replays (RFC 3706 section 6.2), so that its message id, one of
// thousands a day, need not be remembered.
func onlyDPD(payloads []wire.Payload, notifies []wire.NotifyV1) bool {
	for _, n := range notifies {
		if n.Type != wire.NotifyDPDRUThere && n.Type != wire.NotifyDPDRUThereAck {
			return false
		}
	}
	return len(notifies) == 1 && !slices.ContainsFunc(payloads, func(p wire.Payload) bool { return p.Type == wire.PayloadDelete })
}

// openNew opens the first message of an exchange of the peer.
func (s *Session) openNew(m *inbound) (*opened, error) {
	if m.MessageID == 0 || s.spent(m.MessageID) {
		return nil, reject(wire.NotifyInvalidMessageID, "message id %#x was used before", m.MessageID)
	}
	c, err := s.crypt.open(m, s.crypt.exchangeIV(m.MessageID))
	if err != nil {
		return nil, err
	}
	if err := c.checkHash(s.crypt.messageHash(messageID(m.MessageID), c.afterHash())); err != nil {
		return nil, err
	}
	s.report(NodeCreated{SA: s.sa(), MessageID: m.MessageID})
	return c, nil
}

// reportUnprotected shows what a message in the clear says.
func (s *Session) reportUnprotected(m *inbound) {
	notifies, err := parseNotifies(m.Payloads)
	if err != nil {
		s.rejected(m.Header, err, 0)
		return
	}
	for _, n := range notifies {
		s.report(NotifyReceived{SA: s.sa(), Type: n.Type, Protocol: n.Protocol, SPI: bytes.Clone(n.SPI), MessageID: m.MessageID})
		if n.Type < wire.NotifyConnected {
			s.rumour = n.Type
		}
	}
	s.report(MessageRejected{SA: s.sa(), Exchange: m.Exchange, MessageID: m.MessageID, Reason: "informational exchange in the clear", Clear: true})
}

func parseNotifies(payloads []wire.Payload) ([]wire.NotifyV1, error) {
	return parseAll(payloads, wire.PayloadNotify, wire.ParseNotifyV1)
}

func parseDeletes(payloads []wire.Payload) ([]wire.DeleteV1, error) {
	return parseAll(payloads, wire.PayloadDelete, wire.ParseDeleteV1)
}

// parseAll parses the payloads of a type: all of them, or none.
func parseAll[T any](payloads []wire.Payload, t wire.PayloadType, parse func([]byte) (T, error)) ([]T, error) {
	var out []T
	for _, p := range payloads {
		if p.Type != t {
			continue
		}
		v, err := wire.ParseBody(p, parse)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Session) readNotify(n wire.NotifyV1, id uint32) {
	s.reportNotify(n, id)
	s.heed(n, id)
}

// reportNotify shows a notification of an authenticated peer.
func (s *Session) reportNotify(n wire.NotifyV1, id uint32) {
	s.report(NotifyReceived{SA: s.sa(), Type: n.Type, Protocol: n.Protocol, SPI: bytes.Clone(n.SPI), MessageID: id, Authenticated: true})
}

// heed acts on a notification of an authenticated peer.
func (s *Session) heed(n wire.NotifyV1, id uint32) {
	switch {
	case n.Type == wire.NotifyInitialContact:
		s.report(InitialContact{SA: s.sa(), PeerID: s.up.peerID})
	case n.Type == wire.NotifyResponderLifetime:
		s.readLifetime(n)
	case n.Type == wire.NotifyDPDRUThere || n.Type == wire.NotifyDPDRUThereAck:
		s.readDPD(n, id)
	case n.Type < wire.NotifyConnected && s.quickRefused(n):
	case n.Type == wire.NotifyInvalidSPI:
		s.readInvalidSPI(n)
	}
}

// readLifetime honours a responder's lifetime that is shorter than ours.
func (s *Session) readLifetime(n wire.NotifyV1) {
	life := notifiedLifetime(n)
	switch {
	case life.Duration <= 0:
	case n.Protocol != wire.ProtocolISAKMP:
		for _, c := range s.pairs() {
			if c.has(n.SPI) && !c.retired {
				c.shorten(life.Duration)
			}
		}
	case life.Duration < s.agreed.lifetime:
		s.agreed.lifetime = life.Duration
		s.up.schedule(life.Duration, s.role)
		s.report(LifetimeAgreed{SA: s.sa(), Offered: s.agreed.offered, Actual: life.Duration, Restarted: true})
	}
}

// readDelete removes what the peer deleted. Some IOS releases name the
// receiver's SPI instead of their own: either is taken.
func (s *Session) readDelete(d wire.DeleteV1, id uint32) {
	for _, spi := range d.SPIs {
		if s.main == nil {
			return
		}
		e := DeleteReceived{SA: s.sa(), Protocol: d.Protocol, SPI: bytes.Clone(spi), MessageID: id}
		if d.Protocol == wire.ProtocolISAKMP {
			e.Known = bytes.Equal(spi, concat(s.spiI[:], s.spiR[:]))
			s.report(e)
			if e.Known {
				s.end("deleted by the peer")
			}
			continue
		}
		c := s.childBySPI(d.Protocol, spi)
		e.Known = c != nil
		s.report(e)
		s.deleted(c, d.Protocol, spi)
	}
}

// deleted removes the pair that the peer deleted, nil: none of ours, and says
// whether there was anything to remove: the last message of a quick mode may come
// after the delete of its SA.
func (s *Session) deleted(c *child, p wire.ProtocolID, spi []byte) bool {
	if c != nil {
		switch {
		case c.retired: // this answers our own delete
		case s.doubled(c):
			s.drain(c)
		default:
			s.dropChild(c, "deleted by the peer")
		}
		return true
	}
	i := slices.IndexFunc(s.quickModes(), func(q *quickMode) bool {
		_, done := q.state.(over)
		return !done && len(spi) == 4 && q.peer.named(p, spiOf(spi))
	})
	if i < 0 {
		return false
	}
	q := s.quickModes()[i]
	s.failQuick(q, "IKE deleted", q.state.awaits(), "deleted by the peer")
	return true
}
