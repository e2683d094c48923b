package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// replacedTime is how long an IKE SA that is to be deleted by the peer waits for
// that. Then it is forgotten: nobody needs it.
const replacedTime = 3 * time.Minute

// maxIKESAs is how many IKE SAs a session has. Two ends that rekey at once need
// three; a peer that never deletes what it replaced has no more.
const maxIKESAs = 8

// rekeyProposals are those of the policy.
func (s *Session) rekeyProposals() []*policy.IKEv2Proposal {
	found := s.env.Config.In(s.vrf).IKEv2PolicyFor(s.local.Addr()).Policy
	if found == nil {
		return nil
	}
	return found.Proposals
}

// renew asks for a successor of the IKE SA when nothing else is under way. Without
// child SAs none is needed.
func (s *Session) renew() {
	s.up.renew = time.Time{}
	switch x := s.ike; {
	case len(s.children) == 0:
		s.up.renew = s.retryAt(s.up.expires)
	case s.replacing() || s.creating() || len(x.flights)+len(x.queue) > 0:
		s.up.renew = s.now.Add(rekeyPause)
	default:
		s.rekeying = &ikeRekey{}
		s.ask(x, s.rekeying)
	}
}

// RekeyIKE replaces the IKE SA before its time.
func (s *Session) RekeyIKE(now time.Time) {
	s.wake()
	s.now = now
	if s.Established() && !s.replacing() {
		s.renew()
	}
}

// successor is the IKE SA that an exchange under another one makes. RFC 7296
// section 2.18: "The new IKE SA MUST reset its message counters to 0", and the
// peer's window is one request again.
func (x *ikeSA) successor(role Role, a algorithms, i, r wire.SPI) *ikeSA {
	n := newIKESA(role)
	n.agreed, n.spiI, n.spiR = a, i, r
	n.takes, n.fragments = x.takes, x.fragments
	return n
}

// rekeyed makes the keys of a successor. RFC 7296 section 2.18: "it is the old IKE
// SA's PRF that is used to generate SKEYSEED", and the new one's from there on.
func (s *Session) rekeyed(x, n *ikeSA, e keyExchanges) error {
	seed := RekeySKEYSEED(x.agreed.prf, x.d, e.gir, e.ni, e.nr, e.more...)
	k := DeriveKeys(n.agreed.prf, seed, e.ni, e.nr, n.spiI, n.spiR, n.agreed.lengths())
	seed.Wipe()
	k.Pi.Wipe() // nobody authenticates again
	k.Pr.Wipe()
	if err := n.key(k); err != nil {
		return err
	}
	s.all = append(s.all, n)
	s.reveal(n, k)
	s.report(KeysDerived{SA: s.sa(n)})
	return nil
}

// succeed hands over to a new IKE SA: its child SAs, and what waits to be asked.
func (s *Session) succeed(old, next *ikeSA) {
	s.ike, s.rekeying = next, nil
	next.until, old.until = time.Time{}, s.now.Add(replacedTime)
	next.queue = append(next.queue, old.queue...)
	old.queue = nil
	s.up.schedule(s.now, next.role)
	s.up.stuck = time.Time{}
	s.report(SARekeyed{SA: s.sa(next), Old: s.sa(old)})
	s.forgo(func(a *awaited) bool { return a.x == old })
}

// close deletes an IKE SA that another one has replaced.
func (s *Session) close(x *ikeSA) {
	x.closing = true
	s.ask(x, &deletion{protocol: wire.ProtocolISAKMP})
}

// dropClosed forgets an IKE SA when the peer has confirmed its deletion, and it is
// known whether the peer has made a successor.
func (s *Session) dropClosed(x *ikeSA) {
	for _, f := range x.flights {
		if d, ok := f.request.(*deletion); ok && d.protocol == wire.ProtocolISAKMP {
			return
		}
		if rekeyOf(f.request) != nil {
			return
		}
	}
	s.drop(x, "deleted")
}

// replacedTimeout forgets what the peer does not delete.
func (s *Session) replacedTimeout() {
	for _, x := range slices.Clone(s.all) {
		if !x.until.IsZero() && !s.now.Before(x.until) {
			s.drop(x, "replaced")
		}
	}
}

func (s *Session) replacedDeadline(t *deadline) {
	for _, x := range s.all {
		t.add(x.until, "replaced IKE SA")
	}
}
