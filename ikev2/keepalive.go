package ikev2

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Whoever is behind a NAT keeps its mapping alive (RFC 3948 section 4). As on IOS
// nothing is sent unless nat keepalive says how many seconds.

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
		s.path.next = s.now.Add(interval)
	}
}

// keepaliveTimeout sends one, or first asks the data plane whether ESP has gone
// to the peer since it was asked last.
func (s *Session) keepaliveTimeout() {
	n, interval := &s.path, s.natInterval()
	if n.next.IsZero() || s.now.Before(n.next) {
		return
	}
	if !s.Established() {
		n.next = time.Time{}
		return
	}
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
	n := &s.path
	if !n.asking || e.SAID != n.asked {
		return false
	}
	n.asking = false
	if e.Err != nil || !grown(&n.packets, e.Counters.Packets) {
		s.sendKeepalive()
	}
	return true
}

// sendKeepalive is no message: nothing is reported, nobody answers.
func (s *Session) sendKeepalive() {
	s.path.sent = s.now
	s.out = append(s.out, ike.Send{Datagram: ike.NATKeepalive(s.local, s.remote, s.vrf)})
}

func (s *Session) keepaliveDeadline(t *deadline) {
	if s.Established() {
		t.add(s.path.next, "NAT keepalive")
	}
}
