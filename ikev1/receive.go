package ikev1

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// maxMessage is the largest message taken, in octets: MM5 with eight
// certificates of ordinary size stays below half of it.
const maxMessage = 32 << 10

// inbound is a message of the peer.
type inbound struct {
	*wire.Message
	digest        digest // of the datagram
	local, remote netip.AddrPort
}

// Handle takes a datagram of the peer. Whatever is wrong with it is reported
// and harms no state: before authentication anyone may have sent it.
func (s *Session) Handle(now time.Time, d ike.Datagram) {
	s.now = now
	if s.up != nil && len(s.up.used) >= maxExchanges {
		s.Delete(now, "message ids are used up")
	}
	if s.main == nil {
		return
	}
	h, err := wire.ParseHeader(d.Data)
	if err != nil {
		s.rejected(h, malformed(err), 0)
		return
	}
	came := s.sa()
	came.Local, came.Remote = d.Local, d.Remote
	s.report(PacketReceived{SA: came, Exchange: h.Exchange, MessageID: h.MessageID, Length: len(d.Data)})
	if h.NextPayload != wire.PayloadFragment {
		s.receive(h, d)
		return
	}
	if s.comes(h, d) {
		s.receiveFragment(h, d)
	}
}

// receive takes a whole message, in one datagram or put together of fragments.
// What is repeated may come from the port that phase 1 has left, and is answered
// on the new one.
func (s *Session) receive(h wire.Header, d ike.Datagram) {
	digest := digestOf(d.Data)
	if s.duplicate(h, digest) || !s.comes(h, d) {
		return
	}
	if err := s.checkHeader(h, len(d.Data)); err != nil {
		s.rejected(h, err, 0)
		return
	}
	if h.Exchange == wire.ExchangeQuickMode && s.keepEarly(d) {
		return
	}
	m, err := wire.Parse(bytes.Clone(d.Data))
	if err == nil {
		err = knownPayloads(m.Payloads)
	}
	if err != nil {
		s.rejected(h, err, 0)
		return
	}
	in := &inbound{Message: m, digest: digest, local: d.Local, remote: d.Remote}
	switch h.Exchange {
	case s.exchange:
		s.receiveMain(in)
	case wire.ExchangeQuickMode:
		s.receiveQuick(in)
	case wire.ExchangeInformational:
		s.receiveInformational(in)
	}
}

// checkHeader refuses what no state of this SA could take.
func (s *Session) checkHeader(h wire.Header, size int) error {
	if size > maxMessage {
		return reject(wire.NotifyPayloadMalformed, "message of %d octets, at most %d are taken", size, maxMessage)
	}
	if h.Version != wire.V1 {
		return reject(wire.NotifyInvalidMajorVersion, "version %#x", uint8(h.Version))
	}
	// The responder's cookie comes with MM2. Until then a notify may carry any.
	learning := s.role == Initiator && s.spiR.IsZero()
	if h.InitiatorSPI != s.spiI || !learning && h.ResponderSPI != s.spiR ||
		learning && h.ResponderSPI.IsZero() && h.Exchange != wire.ExchangeInformational {
		return reject(wire.NotifyInvalidCookie, "cookies %s %s are not those of this SA", h.InitiatorSPI, h.ResponderSPI)
	}
	if h.Flags&wire.FlagAuthOnly != 0 {
		return reject(wire.NotifyInvalidFlags, "authentication only is not supported")
	}
	switch h.Exchange {
	case s.exchange, wire.ExchangeQuickMode, wire.ExchangeInformational:
	default:
		return reject(wire.NotifyInvalidExchangeType, "exchange type %s has no place in this SA", h.Exchange)
	}
	return nil
}

// knownPayloads refuses the payloads of IKEv2. Others that we do not know are
// passed over, private ones among them.
func knownPayloads(payloads []wire.Payload) error {
	for _, p := range payloads {
		if p.Type >= 33 && p.Type < 128 {
			return reject(wire.NotifyInvalidPayloadType, "payload type %d is not of IKEv1", uint8(p.Type))
		}
	}
	return nil
}

// duplicate answers a message that the peer repeats.
func (s *Session) duplicate(h wire.Header, d digest) bool {
	if st, ok := s.main.(*awaitingEvidence); ok && d == st.message.digest {
		s.report(Duplicate{SA: s.sa(), Exchange: h.Exchange, MessageID: h.MessageID, Skipped: true})
		return true
	}
	r, refused := &s.resend, s.refused
	q := s.node(h.MessageID)
	if q != nil && h.Exchange == wire.ExchangeQuickMode {
		r, refused = &q.resend, nil
	}
	if d != r.accepted && (refused == nil || d != refused.datagram) {
		return false
	}
	if q != nil {
		s.postpone(q)
	}
	answer := r.mayAnswer(s.now)
	s.report(Duplicate{SA: s.sa(), Exchange: h.Exchange, MessageID: h.MessageID, Skipped: !answer})
	if answer {
		s.repeat(r, h.Exchange, h.MessageID)
	}
	return true
}

// repeat sends the stored datagram of an exchange once more.
func (s *Session) repeat(r *retransmission, x wire.ExchangeType, id uint32) {
	r.repeated(s.now)
	s.report(Retransmission{SA: s.sa(), Exchange: x, MessageID: id, Attempt: int(r.count), Limit: retransmitLimit})
	s.transmit(x, id, r.datagram)
}

// rejected reports a message that was dropped.
func (s *Session) rejected(h wire.Header, err error, answered wire.NotifyType) {
	r := asRejection(err)
	s.report(MessageRejected{SA: s.sa(), Exchange: h.Exchange, MessageID: h.MessageID, Reason: r.reason, Notify: answered, Malformed: !r.verdict})
}
