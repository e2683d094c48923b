package ikev1

import (
	"bytes"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// awaitingEvidence: the peer's chain is trusted and its signature holds; whether a
// certificate was revoked is being asked. The state before waits, with the message that
// it has to judge again.
type awaitingEvidence struct {
	mainMode
	message *inbound
	until   time.Time
	looks   int          // at the chain
	told    int          // outputs of the last look, which the next one repeats
	early   ike.Datagram // of a quick mode, for which phase 1 is over; no Data: none came
}

func (*awaitingEvidence) handle(*Session, *inbound) (mainMode, error) {
	return nil, reject(0, "phase 1 waits for evidence about the peer's certificate")
}

// awaitEvidence waits after a look that told so much.
func (s *Session) awaitEvidence(st mainMode, m *inbound, queries []pki.Query, told int) {
	wait := &awaitingEvidence{until: s.now.Add(ike.LookupTime)}
	if before, again := s.main.(*awaitingEvidence); again {
		wait.until, wait.looks, wait.early = before.until, before.looks, before.early
	}
	wait.looks++
	wait.mainMode, wait.message, wait.told = st, m, told
	s.main = wait
	s.out = append(s.out, ike.Inquire{Queries: queries})
}

// mayAsk says whether the session may wait for servers, or wait on.
func (s *Session) mayAsk() bool {
	st, ok := s.main.(*awaitingEvidence)
	return !ok || s.now.Before(st.until) && st.looks < ike.MaxLooks
}

// Waits says that the peer's signature holds, and that servers are asked about its
// certificate.
func (s *Session) Waits() bool {
	_, ok := s.main.(*awaitingEvidence)
	return ok
}

// HandleEvidence looks at a peer's proof again, for which there is more evidence now.
func (s *Session) HandleEvidence(now time.Time) {
	s.now = now
	st, ok := s.main.(*awaitingEvidence)
	if !ok {
		return
	}
	s.look(st.mainMode, st.message, st.told)
	if s.up != nil && st.early.Data != nil {
		s.Handle(now, st.early)
	}
}

// leave tells a peer whose last message of phase 1 is the one that waits: for it the
// IKE SA stands, under keys that it has proved to have. One that is not there yet could
// be told in the clear only (RFC 2409 section 5.7: "without an accompanying HASH
// payload"), which nobody believes.
func (st *awaitingEvidence) leave(s *Session) {
	switch st.mainMode.(type) {
	case sentMM5, sentAG2:
	default:
		return
	}
	m := st.message
	if m.Flags&wire.FlagEncryption != 0 {
		copy(s.crypt.iv[:], m.Rest[len(m.Rest)-s.crypt.encr.Block:])
	}
	s.follow(m.local, m.remote)
	s.up = new(established) // numbers its exchanges
	s.sendDelete(wire.ProtocolISAKMP, concat(s.spiI[:], s.spiR[:]))
	s.up = nil
}

// keepEarly keeps the first message of a quick mode that an initiator begins with its
// AG3, which is being looked at.
func (s *Session) keepEarly(d ike.Datagram) bool {
	st, ok := s.main.(*awaitingEvidence)
	if ok && st.early.Data == nil {
		st.early = d
		st.early.Data = bytes.Clone(d.Data)
	}
	return ok
}

// evidenceTimeout goes on with what is known when the time is over. While it is not,
// nothing is repeated: the peer has answered.
func (s *Session) evidenceTimeout() (waits bool) {
	st, ok := s.main.(*awaitingEvidence)
	if ok && !s.now.Before(st.until) {
		s.HandleEvidence(s.now)
		return false
	}
	return ok
}
