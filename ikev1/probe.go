package ikev1

import (
	"slices"
	"time"
)

// When the IKE SA has ended nobody can be asked whether he lives, and a delete
// that was lost leaves a pair that only one end has. Where dead peer detection is
// wanted a new main mode takes its place: who does not answer it is dead, and its
// quick mode makes a pair that both ends have.

// beginProbing goes on with dead peer detection for child SAs that stay behind.
// The initiator of the IKE SA is first, so that the two ends do not meet.
func (s *Session) beginProbing() {
	d := &s.up.dpd
	d.open, d.next = 0, time.Time{}
	if d.Interval == 0 || len(s.pairs()) == 0 {
		return
	}
	d.next = s.now.Add(d.Interval)
	if s.role == Responder {
		d.next = d.next.Add(d.Interval)
	}
}

// probe asks for a new IKE SA with the peer.
func (s *Session) probe() {
	d := &s.up.dpd
	if d.next = (time.Time{}); len(s.pairs()) == 0 {
		return
	}
	d.next = s.now.Add(exchangeTime)
	var asked []string
	for _, c := range s.pairs() {
		if !slices.Contains(asked, c.itf.Name) {
			asked = append(asked, c.itf.Name)
			s.report(RekeyNeeded{SA: s.sa(), Tunnel: c.itf.Name, InSPI: c.in.SPI})
		}
	}
}

// Silent says that main mode ended because the peer answered nothing.
func (s *Session) Silent() bool { return s.main == nil && s.silent }

// Bereft removes the child SAs of an IKE SA that has ended when its peer does not
// answer a new one: it is dead. Without dead peer detection they stay.
func (s *Session) Bereft(now time.Time) {
	s.now = now
	if s.main != nil || len(s.pairs()) == 0 || s.up.dpd.Interval == 0 {
		return
	}
	s.report(PeerDead{SA: s.sa()})
	for _, c := range slices.Clone(s.pairs()) {
		s.dropChild(c, reasonDead)
	}
}
