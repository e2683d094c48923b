package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// maxLookups is how many certificates a peer that nobody has authenticated yet may
// have us fetch. RFC 7296 section 3.6: "Implementations MUST be capable of being
// configured to send and accept up to four X.509 certificates".
const maxLookups = 4

// proving is a phase that waits for the peer's proof.
type proving interface {
	phase
	wipe()
	// proved goes on with the proof, whose certificates are here; or err says what
	// is wrong with it.
	proved(s *Session, m *message, p *peerProof, err error) (phase, error)
}

// lookingUp: the peer shows certificates by hash and URL. Until they are here the
// phase before waits, with the message that it has to judge.
type lookingUp struct {
	proving
	at      State
	message *message
	peer    *peerProof
	until   time.Time
}

func (st *lookingUp) state() State { return st.at }
func (*lookingUp) handle(*Session, *message) (phase, error) {
	return nil, reject(0, "IKE_AUTH waits for the peer's certificate")
}

// prove reads the peer's proof, whose ID payload is of type t. st goes on with it,
// at once or when its certificates are here.
func (s *Session) prove(st proving, m *message, t wire.PayloadType) (phase, error) {
	p, err := readProof(s.pki, m, t)
	if err != nil || !s.looksUp(p) {
		return s.consider(st, m, p, err)
	}
	if n := p.missing(); n > maxLookups {
		return s.consider(st, m, p, reject(wire.V2AuthenticationFailed, "%d certificates by hash and URL, at most %d are fetched", n, maxLookups))
	}
	for i, c := range p.certs {
		if c.missing() {
			s.report(CertificateSought{SA: s.sa(s.ike), URL: c.at.url})
			s.out = append(s.out, ike.Lookup{ID: ike.LookupID{ConnID: s.connID, Index: i}, Peer: s.remote.Addr(), URL: c.at.url, SHA1: c.at.hash})
		}
	}
	return &lookingUp{proving: st, at: s.state, message: m, peer: p, until: s.now.Add(ike.LookupTime)}, nil
}

// looksUp says whether certificates of a proof are worth a fetch: we announced that
// we do, and the peer may authenticate by one.
func (s *Session) looksUp(p *peerProof) bool {
	if p.missing() == 0 || p.auth.Method == wire.AuthPSK || !s.config.IKEv2.HTTPURL {
		return false
	}
	if s.ike.role == Initiator {
		return takesCertificate(s.profile)
	}
	return slices.ContainsFunc(s.config.IKEv2.Profiles, takesCertificate)
}

// missing counts the certificates that are elsewhere.
func (p *peerProof) missing() (n int) {
	for _, c := range p.certs {
		if c.missing() {
			n++
		}
	}
	return n
}

// HandleLookup takes the answer to an ike.Lookup; one that is not waited for, or
// not any more, changes nothing. The first that fails ends the handshake.
func (s *Session) HandleLookup(now time.Time, id ike.LookupID, a ike.Answer) {
	s.now = now
	st, ok := s.phase.(*lookingUp)
	if !ok || id.ConnID != s.connID || id.Index < 0 || id.Index >= len(st.peer.certs) || !st.peer.certs[id.Index].missing() {
		return
	}
	c := &st.peer.certs[id.Index]
	err := c.take(a)
	e := CertificateFetched{SA: s.sa(s.ike), URL: c.at.url}
	if err != nil {
		e.Reason = err.Error()
	}
	s.report(e)
	switch {
	case err != nil:
		s.goOnWith(st, reject(wire.V2AuthenticationFailed, "certificate at %s: %v", c.at.url, err))
	case st.peer.missing() == 0:
		s.goOnWith(st, nil)
	}
}

// goOnWith lets the phase before go on.
func (s *Session) goOnWith(st *lookingUp, bad error) {
	x := s.ike
	next, err := s.consider(st.proving, st.message, st.peer, bad)
	if err := s.become(x, next, err); err != nil {
		s.end(x, err.Error())
	}
}

// lookupTimeout gives up what does not come.
func (s *Session) lookupTimeout() {
	if st, ok := s.phase.(*lookingUp); ok && !s.now.Before(st.until) {
		s.report(TimedOut{SA: s.sa(s.ike), Timer: ServiceTimer})
		i := slices.IndexFunc(st.peer.certs, certificate.missing)
		s.goOnWith(st, reject(wire.V2AuthenticationFailed, "certificate at %s: not here after %v", st.peer.certs[i].at.url, ike.LookupTime))
	}
}

func (s *Session) lookupDeadline(t *deadline) {
	if st, ok := s.phase.(*lookingUp); ok {
		t.add(st.until, "certificate")
	}
}
