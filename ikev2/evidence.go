package ikev2

import (
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// awaitingEvidence: the peer's chain is trusted and its signature holds; whether a
// certificate was revoked is being asked. The phase before waits, with the message that
// it has to judge again.
type awaitingEvidence struct {
	proving
	at      State
	message *message
	peer    *peerProof
	until   time.Time
	looks   int // at the chain
	told    int // outputs of the last look, which the next one repeats
}

func (st *awaitingEvidence) state() State { return st.at }
func (*awaitingEvidence) handle(*Session, *message) (phase, error) {
	return nil, reject(0, "IKE_AUTH waits for evidence about the peer's certificate")
}

// consider lets a phase judge the peer's proof, and waits where servers are asked.
func (s *Session) consider(st proving, m *message, p *peerProof, bad error) (phase, error) {
	before := len(s.out)
	next, err := st.proved(s, m, p, bad)
	return s.awaitEvidence(&awaitingEvidence{proving: st, message: m, peer: p, until: s.now.Add(ike.LookupTime)}, before, next, err)
}

// awaitEvidence takes what a look gave that began after so many outputs.
func (s *Session) awaitEvidence(st *awaitingEvidence, before int, next phase, err error) (phase, error) {
	u, ok := errors.AsType[*ike.Unchecked](err)
	if !ok {
		return next, err
	}
	st.looks++
	st.at, st.told = s.state, len(s.out)-before+st.told
	s.out = append(s.out, ike.Inquire{Queries: u.Queries})
	return st, nil
}

// mayAsk says whether the session may wait for servers, or wait on.
func (s *Session) mayAsk() bool {
	st, ok := s.phase.(*awaitingEvidence)
	return !ok || s.now.Before(st.until) && st.looks < ike.MaxLooks
}

// Waits says that the peer's signature holds, and that servers are asked about its
// certificate.
func (s *Session) Waits() bool {
	_, ok := s.phase.(*awaitingEvidence)
	return ok
}

// HandleEvidence looks at a peer's proof again, for which there is more evidence now.
func (s *Session) HandleEvidence(now time.Time) {
	s.now = now
	st, ok := s.phase.(*awaitingEvidence)
	if !ok {
		return
	}
	x, before := s.ike, len(s.out)
	next, err := st.proved(s, st.message, st.peer, nil)
	// What led to the question was told when it was asked.
	s.out = slices.Delete(s.out, before, min(before+st.told, len(s.out)))
	next, err = s.awaitEvidence(st, before, next, err)
	if err := s.become(x, next, err); err != nil {
		s.end(x, err.Error())
	}
}

// evidenceTimeout goes on with what is known.
func (s *Session) evidenceTimeout() {
	if st, ok := s.phase.(*awaitingEvidence); ok && !s.now.Before(st.until) {
		s.HandleEvidence(s.now)
	}
}

func (s *Session) evidenceDeadline(t *deadline) {
	if st, ok := s.phase.(*awaitingEvidence); ok {
		t.add(st.until, "revocation")
	}
}
