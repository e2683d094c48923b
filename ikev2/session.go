package ikev2

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Session is one relation with a peer: the IKE SA that stands, those that it
// replaces until they are deleted, and the child SAs. It is not safe for
// concurrent use, and needs no locks: everything happens in the caller's time.
type Session struct {
	env           *ike.Env
	connID        uint32
	polled        uint32 // how many of out were taken
	local, remote netip.AddrPort
	vrf           string

	begun time.Time // when the first message was sent or came in
	now   time.Time // of the call being served
	out   []ike.Output

	config  *policy.Config // what the handshake began with, and keeps
	pki     *pki.Snapshot
	tunnel  *policy.Interface    // initiator: whom it is for
	profile *policy.IKEv2Profile // initiator: from the start; responder: from IKE_AUTH

	ike   *ikeSA   // the one that new exchanges use; nil: there is none any more
	all   []*ikeSA // all that still speak, ike among them
	phase phase    // of the handshake
	state State
	up    *established // nil until the peer is authenticated
	path  natFound

	silent bool              // the peer answered no repetition any more
	rumour wire.NotifyTypeV2 // an error in the clear while IKE_SA_INIT waits, 0: none
	*dealings
}

// dealings are what the two ends have with each other, nil while the session rests.
type dealings struct {
	doomed   string // why the IKE SA is to go as soon as the peer has answered our IKE_AUTH
	waiting  []*policy.Interface
	pending  []*installation // pairs on their way into the data plane
	awaiting []*awaited      // of the peer's, that additional key exchanges are to follow

	children []*child
	requests []*childRequest // of ours, for child SAs
	overtook []uint32        // SPIs of deletions that may have come before the answer to one of these
	rekeying *ikeRekey       // of ours, for the successor of the IKE SA; nil: none
}

// established is what is known of an authenticated peer.
type established struct {
	home            netip.Addr // of the peer, when it was authenticated
	localID, peerID string
	sign, verify    string // IOS's words of how each end is authenticated
	since           time.Time
	expires         time.Time
	renew           time.Time // when to ask for a successor; zero: no more
	stuck           time.Time // since when the peer puts requests of ours off; zero: it does not
	lifetime        time.Duration
	live            liveness
	nat             keepalive
}

func newSession(now time.Time, env *ike.Env, connID uint32, vrf string) *Session {
	return &Session{
		env: env, connID: connID, begun: now, now: now,
		config: env.Config.In(vrf), pki: env.PKI, vrf: vrf, state: Idle, dealings: &dealings{},
	}
}

// Poll gives the next output. Outputs stand in order, also after Done. Room for
// them is held only while there are any.
func (s *Session) Poll() (ike.Output, bool) {
	if int(s.polled) == len(s.out) {
		s.out, s.polled = nil, 0
		return nil, false
	}
	o := s.out[s.polled]
	s.out[s.polled] = nil
	s.polled++
	return o, true
}

// Done says that no IKE SA speaks any more and no child SA is left.
func (s *Session) Done() bool { return len(s.all) == 0 && len(s.children) == 0 && len(s.pending) == 0 }

// SPIs are ours of all IKE SAs that still speak: the peer's messages name one.
func (s *Session) SPIs() []wire.SPI {
	list := make([]wire.SPI, 0, len(s.all))
	for _, x := range s.all {
		list = append(list, x.own())
	}
	return list
}

// Origin is the initiator's SPI of a session that the peer began, and its
// address: a repetition of its first message names nothing else. ok is false for
// one of ours.
func (s *Session) Origin() (spi wire.SPI, ok bool) {
	if s.tunnel != nil || len(s.all) == 0 {
		return spi, false
	}
	return s.all[0].spiI, true
}

// Alive says that there is an IKE SA, established or on its way. A session
// without one may still wait for the answer to its last word.
func (s *Session) Alive() bool { return s.ike != nil && (s.rests() || s.doomed == "") }

// Established says that the IKE SA is authenticated and stands.
func (s *Session) Established() bool { return s.ike != nil && s.up != nil }

// HalfOpen says that the peer began the session and is not authenticated yet.
func (s *Session) HalfOpen() bool { return s.ike != nil && s.Stranger() }

// Stranger says that the peer began the session and was never authenticated. One
// that was refused may ask for our answer again for a while.
func (s *Session) Stranger() bool {
	return s.up == nil && len(s.all) > 0 && s.all[0].role == Responder
}

// Busy says that an exchange about child SAs is under way.
func (s *Session) Busy() bool {
	if s.rests() {
		return false
	}
	for _, x := range s.all {
		if len(x.flights)+len(x.queue) > 0 {
			return true
		}
	}
	return len(s.pending) > 0
}

// Silent says that the IKE SA ended because the peer answered nothing.
func (s *Session) Silent() bool { return s.ike == nil && s.silent }

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
	s.wake()
	defer s.rest()
	s.now = now
	s.exchangeTimeout()
	s.followupTimeout()
	s.lookupTimeout()
	s.evidenceTimeout()
	s.handshakeTimeout()
	s.renewTimeout()
	s.lifetimeTimeout()
	s.replacedTimeout()
	s.livenessTimeout()
	s.keepaliveTimeout()
	s.childTimeout()
}

// NextTimeout is when HandleTimeout is due, and what for; zero: never.
func (s *Session) NextTimeout() (time.Time, string) {
	var t deadline
	if s.rests() {
		s.handshakeDeadline(&t)
		return t.at, t.why
	}
	s.exchangeDeadline(&t)
	s.followupDeadline(&t)
	s.lookupDeadline(&t)
	s.evidenceDeadline(&t)
	s.handshakeDeadline(&t)
	s.renewDeadline(&t)
	s.lifetimeDeadline(&t)
	s.replacedDeadline(&t)
	s.livenessDeadline(&t)
	s.keepaliveDeadline(&t)
	s.childDeadline(&t)
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

// HandleKernel takes an event of the data plane; one of others' SAs is ignored.
func (s *Session) HandleKernel(now time.Time, ev ipsec.Event) {
	s.wake()
	defer s.rest()
	s.now = now
	switch ev := ev.(type) {
	case ipsec.Installed:
		s.installed(ev)
	case ipsec.Expired:
		s.childExpired(ev)
	case ipsec.Queried:
		if !s.natCounted(ev) {
			s.childCounted(ev)
			s.handoverCounted(ev)
		}
	case ipsec.Mapped:
		s.childMapped(ev)
	}
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

// newSPI draws an SPI of an IKE SA.
func (s *Session) newSPI() (spi wire.SPI, err error) {
	for err == nil && spi.IsZero() {
		err = s.random(spi[:])
	}
	return spi, err
}
