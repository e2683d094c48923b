package ikev2

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// phase is what the handshake waits for: a type that holds just what exists then.
// There is none before the first message, nor once the peer is authenticated.
//
//	I_WAIT_INIT  sentInit       the responder's half of the key exchange
//	I_WAIT_INTERMEDIATE  sentIntermediate  that of an additional one
//	R_WAIT_AUTH  answeredInit   the initiator's proof
//	I_WAIT_AUTH  sentAuth       the responder's proof
//	R_BLD_AUTH   answeringAuth  the data plane, before ours leaves
//	I_PROC_AUTH, R_VERIFY_AUTH  lookingUp  the peer's certificate
//	I_PROC_AUTH, R_VERIFY_AUTH  awaitingEvidence  whether it was revoked
type phase interface {
	state() State
	exchange() wire.ExchangeType // that it is about
	// handle takes the next message and gives the phase that follows, nil when the
	// peer is authenticated. After a *fatal error there is no handshake any more;
	// any other leaves everything as it was.
	handle(s *Session, m *message) (phase, error)
}

// halfOpen is the phase of a responder that has only just answered: all that a
// stranger costs.
type halfOpen interface {
	phase
	unlock(*ikeSA) error
	lock(*ikeSA)
	wipe()
	// again is the answer to the first message, if request is that, else nil.
	again(request []byte) (response []byte)
}

// unlock makes the keys of a half-open SA.
func (s *Session) unlock(x *ikeSA) error {
	if st, ok := s.phase.(halfOpen); ok && x == s.ike && x.in == nil {
		return st.unlock(x)
	}
	if x.in == nil {
		return errNoKeys
	}
	return nil
}

// lock undoes unlock, when somebody else than the peer has sent something.
func (s *Session) lock(x *ikeSA) {
	if st, ok := s.phase.(halfOpen); ok && x == s.ike {
		st.lock(x)
	}
}

// fatal is an error that ends the handshake: a verdict on what the peer, who has
// the keys, has sent, or the peer's own verdict.
type fatal struct{ error }

func (f *fatal) Unwrap() error { return f.error }

// awaits says whether the handshake waits for a message of an exchange.
func (s *Session) awaits(t wire.ExchangeType) bool { return s.phase != nil && s.phase.exchange() == t }

// step is the one place that changes the state.
func (s *Session) step(x *ikeSA, next State) {
	if next != s.state {
		s.report(StateChange{SA: s.sa(x), Old: s.state, New: next})
		s.state = next
	}
}

// sa describes an SA for an event; x may be nil.
func (s *Session) sa(x *ikeSA) SA {
	sa := SA{ConnID: s.connID, State: s.state, Local: s.local, Remote: s.remote}
	if x != nil {
		sa.Role, sa.SPIi, sa.SPIr = x.role, x.spiI, x.spiR
	}
	return sa
}

// advance gives a message of the handshake to the phase that waits for it. The
// error is one that leaves the handshake as it was.
func (s *Session) advance(m *message) error {
	x := s.ike
	next, err := s.phase.handle(s, m)
	return s.become(x, next, err)
}

// become takes what a phase gives.
func (s *Session) become(x *ikeSA, next phase, err error) error {
	if _, ended := err.(*fatal); ended {
		s.end(x, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if s.ike == x && s.up == nil {
		s.enter(next)
	}
	return nil
}

// enter waits for what comes next.
func (s *Session) enter(p phase) {
	s.phase = p
	s.step(s.ike, p.state())
}

// failed says that the handshake ended without an IKE SA.
func (s *Session) failed(reason string) {
	e := wire.ExchangeSAInit
	switch {
	case s.state == IBuildAuth:
		e = wire.ExchangeAuth // of which nothing has left
	case s.phase != nil:
		e = s.phase.exchange()
	}
	s.report(HandshakeFailed{SA: s.sa(s.ike), Exchange: e, Reason: reason})
	s.report(ike.NegotiationFailed{Tunnel: s.Tunnel(), Peer: s.remote.Addr(), Stage: stage(e), Reason: reason})
	for _, itf := range s.waiting {
		s.report(ike.NegotiationFailed{Tunnel: itf.Name, Peer: s.remote.Addr(), Stage: stage(e), Reason: reason})
	}
}

// stage is an exchange's word in ike.NegotiationFailed.
func stage(e wire.ExchangeType) string {
	switch e {
	case wire.ExchangeSAInit:
		return "SA_INIT"
	case wire.ExchangeIntermediate:
		return "INTERMEDIATE"
	case wire.ExchangeAuth:
		return "AUTH"
	}
	return "CHILD"
}

// handshakeTimeout gives up a peer that began and does not go on.
func (s *Session) handshakeTimeout() {
	if at := s.halfOpenUntil(); !at.IsZero() && !s.now.Before(at) {
		s.report(TimedOut{SA: s.sa(s.ike), Timer: AuthTimer})
		s.end(s.ike, "the peer does not go on")
	}
}

func (s *Session) handshakeDeadline(t *deadline) { t.add(s.halfOpenUntil(), "half-open SA") }

// halfOpenUntil is zero for a session of ours: its requests have an end.
func (s *Session) halfOpenUntil() time.Time {
	if !s.HalfOpen() {
		return time.Time{}
	}
	return s.begun.Add(s.config.ISAKMP.HalfOpenTimeout)
}

// lifetimeTimeout ends an IKE SA whose lifetime is over.
func (s *Session) lifetimeTimeout() {
	if s.Established() && !s.now.Before(s.up.expires) {
		s.Delete(s.now, "IKE SA lifetime expired")
	}
}

func (s *Session) lifetimeDeadline(t *deadline) {
	if s.Established() {
		t.add(s.up.expires, "IKE SA lifetime")
	}
}
