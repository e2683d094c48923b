package ikev1

import (
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// RenewalNeeded says that an IKE SA with child SAs will soon have lived its life.
// Some peers remove the child SAs with it, so its successor comes first.
type RenewalNeeded struct {
	SA
	Tunnel string // of one of the child SAs
}

// IsEvent makes it an event.
func (RenewalNeeded) IsEvent() {}

// schedule sets when the IKE SA is renewed and when it ends: the margins are those
// of child SAs, so that the responder is later.
func (u *established) schedule(life time.Duration, role Role) {
	u.expires = u.since.Add(life)
	u.renew = u.since.Add(ipsec.Lifetime{Duration: life}.Soft(role == Initiator).Duration)
}

// Succeeded says that another IKE SA has the child SAs, by command. This one ends as
// soon as what the peer began under it has had its time.
func (s *Session) Succeeded(now time.Time) {
	s.now = now
	s.up.renew = time.Time{}
	if end := now.Add(drainTime); s.Established() && end.Before(s.up.expires) {
		s.up.expires = end
	}
}

// renew asks for a successor, and asks again while there is time. Without child
// SAs the IKE SA is needed no more.
func (s *Session) renew() {
	if s.up.renew = s.up.renew.Add(rekeyRetry); !s.up.renew.Before(s.up.expires) {
		s.up.renew = time.Time{}
	}
	for _, c := range s.pairs() {
		if !c.retired {
			s.report(RenewalNeeded{SA: s.sa(), Tunnel: c.itf.Name})
			return
		}
	}
}
