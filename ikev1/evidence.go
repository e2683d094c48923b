package ikev1

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// unanswered is not an error of the peer's: servers have to be asked before its proof
// can be judged.
type unanswered struct{ queries []pki.Query }

func (*unanswered) Error() string { return "its certificate is not checked for revocation yet" }

// awaitingEvidence: the peer's chain is trusted and its signature holds; whether a
// certificate was revoked is being asked. The state before waits, with the message that
// it has to judge again.
type awaitingEvidence struct {
	mainMode
	message *inbound
	until   time.Time
	told    int // outputs of the last look, which the next one repeats
}

func (*awaitingEvidence) handle(*Session, *inbound) (mainMode, error) {
	return nil, reject(0, "phase 1 waits for evidence about the peer's certificate")
}

// awaitEvidence waits after a look that told so much.
func (s *Session) awaitEvidence(st mainMode, m *inbound, queries []pki.Query, told int) {
	until := s.now.Add(ike.LookupTime)
	if wait, again := s.main.(*awaitingEvidence); again {
		until = wait.until
	}
	s.main = &awaitingEvidence{mainMode: st, message: m, until: until, told: told}
	s.out = append(s.out, ike.Inquire{Queries: queries})
}

// mayAsk says whether the session has time to wait for servers.
func (s *Session) mayAsk() bool {
	st, ok := s.main.(*awaitingEvidence)
	return !ok || s.now.Before(st.until)
}

// HandleEvidence looks at a peer's proof again, for which there is more evidence now.
func (s *Session) HandleEvidence(now time.Time) {
	s.now = now
	if st, ok := s.main.(*awaitingEvidence); ok {
		s.look(st.mainMode, st.message, st.told)
	}
}

// evidenceTimeout goes on with what is known when the time is over. While it is not,
// nothing is repeated: the peer has answered.
func (s *Session) evidenceTimeout() bool {
	st, ok := s.main.(*awaitingEvidence)
	if ok && !s.now.Before(st.until) {
		s.HandleEvidence(s.now)
	}
	return ok
}
