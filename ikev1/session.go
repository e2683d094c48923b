package ikev1

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Session is one IKE SA with its exchanges and child SAs. It is not safe for
// concurrent use, and needs no locks: everything happens in the caller's time.
type Session struct {
	env           *ike.Env
	connID        uint32
	role          Role
	exchange      wire.ExchangeType // of phase 1: main mode or aggressive mode
	knows         capabilities
	local, remote netip.AddrPort
	vrf           string
	spiI, spiR    wire.SPI

	begun time.Time // when the first message was sent or came in
	now   time.Time // of the call being served
	out   []ike.Output

	// Phase 1. Anybody can make us have this much, so it is no more than phase 1 needs.
	config  *policy.Config // what it began with, and keeps
	pki     *pki.Snapshot
	tunnel  *policy.Interface     // initiator: whom it is for
	profile *policy.ISAKMPProfile // initiator: from the start; responder: from MM5; nil: none
	main    mainMode              // nil: there is no IKE SA any more
	resend  retransmission
	psk     policy.KeyChoice     // the key of the peer's address, if any
	refused *refusal             // of the peer's last message, nil when it was not
	partial *assembly            // of a message in fragments, nil: none
	waiting *[]*policy.Interface // quick modes to begin when it is complete, nil: none
	phase   Phase
	state   State
	silent  bool            // the peer answered no repetition any more
	rumour  wire.NotifyType // an error that came in the clear while it waits, 0: none

	// What phase 1 leaves.
	agreed agreement
	nat    nat
	crypt  *protection  // nil until the keys exist
	up     *established // nil until the peer is authenticated
}

// capabilities are what the peer announced and the configuration wants.
type capabilities struct{ dpd, fragments bool }

func newSession(now time.Time, env *ike.Env, connID uint32, role Role, vrf string) *Session {
	return &Session{
		env: env, connID: connID, role: role, begun: now, now: now,
		config: env.Config.In(vrf), pki: env.PKI, vrf: vrf,
		exchange: wire.ExchangeMainMode, phase: Ready, state: MMNoState,
	}
}

// Poll gives the next output. Outputs stand in order, also after Done. Room for
// them is held only while there are any, and the cipher while a quick mode is
// under way: an SA that waits, which anybody can make us have, is to cost little.
func (s *Session) Poll() (ike.Output, bool) {
	if len(s.out) == 0 {
		s.out = nil
		if s.crypt != nil && !s.Busy() {
			s.crypt.rest()
		}
		return nil, false
	}
	o := s.out[0]
	s.out[0] = nil // it may hold keys
	s.out = s.out[1:]
	return o, true
}

// Done says that the IKE SA and all its child SAs are gone.
func (s *Session) Done() bool { return s.main == nil && len(s.pairs()) == 0 }

// Cookies are both SPIs of the IKE SA. The responder's is zero until MM2.
func (s *Session) Cookies() (i, r wire.SPI) { return s.spiI, s.spiR }

// Alive says that there is an IKE SA, established or on its way. A session
// without one only keeps its child SAs until their hard lifetime.
func (s *Session) Alive() bool { return s.main != nil }

// Established says that the IKE SA is authenticated and stands.
func (s *Session) Established() bool { return s.main != nil && s.up != nil }

// HalfOpen says that the peer began the session and is not authenticated yet.
func (s *Session) HalfOpen() bool { return s.main != nil && s.up == nil && s.role == Responder }

// Addresses are the two ends of the IKE SA.
func (s *Session) Addresses() (local, remote netip.AddrPort) { return s.local, s.remote }

// VRF is the one by which the peer comes, "" for the global one.
func (s *Session) VRF() string { return s.vrf }

func (s *Session) ends() ike.Ends {
	return ike.Ends{VRF: s.vrf, Local: s.local.Addr(), Remote: s.remote.Addr()}
}

// Tunnel is the interface that the session was begun for, "" as responder.
func (s *Session) Tunnel() string {
	if s.tunnel == nil {
		return ""
	}
	return s.tunnel.Name
}

// HandleTimeout does what is due. A spurious call is harmless.
func (s *Session) HandleTimeout(now time.Time) {
	s.now = now
	s.mainTimeout()
	s.fragmentTimeout()
	if s.up != nil {
		s.dpdTimeout()
		s.keepaliveTimeout()
		s.quickTimeout()
		s.childTimeout()
	}
}

// NextTimeout is when HandleTimeout is due, and what for; zero: never.
func (s *Session) NextTimeout() (time.Time, string) {
	var t deadline
	s.mainDeadline(&t)
	s.fragmentDeadline(&t)
	if s.up != nil {
		s.dpdDeadline(&t)
		s.keepaliveDeadline(&t)
		s.quickDeadline(&t)
		s.childDeadline(&t)
	}
	return t.at, t.why
}

// deadline keeps the earliest of several.
type deadline struct {
	at  time.Time
	why string
}

func (d *deadline) add(at time.Time, why string) {
	if !at.IsZero() && (d.at.IsZero() || at.Before(d.at)) {
		d.at, d.why = at, why
	}
}

// sa describes the SA for an event.
func (s *Session) sa() SA {
	sa := SA{Role: s.role, State: s.state, Local: s.local, Remote: s.remote}
	if s.crypt != nil {
		sa.ConnID = s.connID
	}
	return sa
}

func (s *Session) report(e ike.Event) {
	if s.out == nil {
		s.out = make([]ike.Output, 0, 32) // few messages lead to more
	}
	s.out = append(s.out, ike.Report{At: s.now, Event: e})
}

// random fills b from the environment's source. Without randomness nothing may
// be sent.
func (s *Session) random(b []byte) error {
	if _, err := io.ReadFull(s.env.Rand, b); err != nil {
		return fmt.Errorf("random source: %w", err)
	}
	return nil
}

// header is that of a message of ours.
func (s *Session) header(x wire.ExchangeType, id uint32) wire.Header {
	return wire.Header{InitiatorSPI: s.spiI, ResponderSPI: s.spiR, Version: wire.V1, Exchange: x, MessageID: id}
}

// transmit sends a message.
func (s *Session) transmit(x wire.ExchangeType, id uint32, datagram []byte) {
	if s.up != nil {
		s.up.keepalive.sent = s.now
	}
	s.report(PacketSent{SA: s.sa(), Exchange: x, MessageID: id, Length: len(datagram)})
	if !s.sendFragments(datagram) {
		s.sendDatagram(datagram)
	}
}

func (s *Session) sendDatagram(data []byte) {
	s.out = append(s.out, ike.Send{Datagram: ike.Datagram{Local: s.local, Remote: s.remote, VRF: s.vrf, Data: data}})
}

// Delete tells the peer and ends the IKE SA. Child SAs stay, as on IOS: the
// session is Done when the last of them is gone.
func (s *Session) Delete(now time.Time, reason string) {
	s.now = now
	if s.main == nil {
		return
	}
	if s.up != nil {
		for _, q := range s.quickModes() {
			if st, ok := q.state.(sentQM2); ok {
				s.withdraw(st.child) // QM3 may be on its way
			}
		}
		s.sendDelete(wire.ProtocolISAKMP, concat(s.spiI[:], s.spiR[:]))
	}
	if st, ok := s.main.(*awaitingEvidence); ok {
		st.leave(s)
	}
	s.end(reason)
}

// end takes the IKE SA down without a word to the peer. Exchanges in flight
// fail, keys are wiped.
func (s *Session) end(reason string) {
	if s.main == nil {
		return
	}
	established := s.up != nil
	s.report(SADeleted{SA: s.sa(), Reason: reason})
	if established {
		s.step(InPhase1Del, DestSA)
		s.beginProbing()
	} else {
		s.failed(s.main.sent(), reason)
	}
	for _, q := range slices.Clone(s.quickModes()) {
		s.failQuick(q, "IKE deleted", q.state.awaits(), reason)
	}
	s.report(ike.SessionDown{Version: 1, ConnID: s.connID, Local: s.local, Remote: s.remote, Reason: reason, Established: established})
	if s.crypt != nil {
		s.crypt.wipe()
	}
	s.dropFragments()
	s.main, s.state, s.resend, s.waiting = nil, MMNoState, retransmission{}, nil
}

// failed says that main mode ended without an IKE SA. What the peer was
// refused for says more than the silence that followed.
func (s *Session) failed(stage, reason string) {
	switch {
	case s.refused != nil:
		stage, reason = s.main.awaits(), s.refused.reason
	case s.resend.exhausted(s.now):
		reason = "no answer to " + stage
		if st, ok := s.main.(interface{ doubt(*Session) string }); ok {
			reason += st.doubt(s)
		}
		if s.rumour != 0 { // anyone may have sent it, so it is told and not believed
			reason += fmt.Sprintf(", but %s in the clear from its address", s.rumour)
		}
	}
	s.report(ike.NegotiationFailed{Tunnel: s.Tunnel(), Peer: s.remote.Addr(), Stage: stage, Reason: reason})
}

// cookie draws an SPI of ours.
func (s *Session) cookie() (c wire.SPI, err error) {
	for err == nil && c.IsZero() {
		err = s.random(c[:])
	}
	return c, err
}

// HandleKernel takes an event of the data plane; one of others' SAs is ignored.
func (s *Session) HandleKernel(now time.Time, ev ipsec.Event) {
	s.now = now
	if s.up == nil {
		return
	}
	switch ev := ev.(type) {
	case ipsec.Installed:
		s.quickInstalled(ev)
		s.childInstalled(ev)
	case ipsec.Expired:
		s.childExpired(ev)
	case ipsec.Queried:
		if !s.natCounted(ev) {
			s.childCounted(ev)
		}
	case ipsec.Mapped:
		s.childMapped(ev)
	}
}
