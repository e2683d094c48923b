package ikev2

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Whoever is behind a NAT keeps its mapping alive (RFC 3948 section 4). As on IOS
// nothing is sent unless nat keepalive says how many seconds.

// keepalive is when that is due.
type keepalive struct {
	sent    time.Time  // our last datagram
	next    time.Time  // of the next look; zero: never
	asked   ipsec.SAID // the SA whose packets the data plane was asked for
	packets uint64     // that it had carried
	asking  bool       // the answer is not here yet
}

// natInterval is what the profile, or the global command, says.
func (s *Session) natInterval() time.Duration {
	if s.profile == nil {
		return 0
	}
	return s.profile.NATKeepalive
}

// beginKeepalives starts the timer when the peer is authenticated.
func (s *Session) beginKeepalives() {
	if interval := s.natInterval(); interval > 0 && s.path.self && s.encapsulates() {
		s.up.nat.sent, s.up.nat.next = s.now, s.now.Add(interval)
	}
}

// keepaliveTimeout sends one, or first asks the data plane whether ESP has gone
// to the peer since it was asked last.
func (s *Session) keepaliveTimeout() {
	if !s.Established() || s.up.nat.next.IsZero() || s.now.Before(s.up.nat.next) {
		return
	}
	n, interval := &s.up.nat, s.natInterval()
	if quiet := n.sent.Add(interval); s.now.Before(quiet) {
		n.next = quiet
		return
	}
	n.next = s.now.Add(interval)
	if len(s.children) == 0 {
		s.sendKeepalive()
		return
	}
	id := s.children[len(s.children)-1].out.SAID
	if n.asked != id {
		n.asked, n.packets = id, 0
	}
	n.asking = true
	s.out = append(s.out, ike.QuerySA{SAID: id})
}

// natCounted takes the data plane's answer, and says whether it was that.
func (s *Session) natCounted(e ipsec.Queried) bool {
	if s.up == nil || !s.up.nat.asking || e.SAID != s.up.nat.asked {
		return false
	}
	n := &s.up.nat
	n.asking = false
	if e.Err != nil || !grown(&n.packets, e.Counters.Packets) {
		s.sendKeepalive()
	}
	return true
}

// sendKeepalive is no message: nothing is reported, nobody answers.
func (s *Session) sendKeepalive() {
	s.up.nat.sent = s.now
	s.out = append(s.out, ike.Send{Datagram: ike.NATKeepalive(s.local, s.remote, s.vrf)})
}

func (s *Session) keepaliveDeadline(t *deadline) {
	if s.Established() {
		t.add(s.up.nat.next, "NAT keepalive")
	}
}
