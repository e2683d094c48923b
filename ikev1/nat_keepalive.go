package ikev1

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Whoever is behind a NAT keeps its mapping alive, RFC 3948 section 4: "A peer
// SHOULD send a NAT-keepalive packet if a need for it is detected ... and if no
// other packet to the peer has been sent in M seconds." As on IOS there are none
// unless crypto isakmp nat keepalive says how many seconds.

// keepalives are when to send one.
type keepalives struct {
	sent    time.Time  // our last datagram
	next    time.Time  // of the next look whether one is due; zero: never
	asked   ipsec.SAID // the SA whose packets the data plane was asked for
	packets uint64     // that it had carried
	asking  bool       // the answer is not here yet
}

// beginKeepalives starts the timer when phase 1 is over.
func (s *Session) beginKeepalives() {
	if interval := s.config.ISAKMP.NATKeepalive; interval > 0 && s.nat.self && s.encapsulates() {
		s.up.keepalive.next = s.now.Add(interval)
	}
}

// keepaliveTimeout sends one, or first asks the data plane whether ESP has gone
// to the peer since it was asked last.
func (s *Session) keepaliveTimeout() {
	n, interval := &s.up.keepalive, s.config.ISAKMP.NATKeepalive
	if n.next.IsZero() || s.now.Before(n.next) {
		return
	}
	if quiet := n.sent.Add(interval); s.now.Before(quiet) {
		n.next = quiet
		return
	}
	n.next = s.now.Add(interval)
	for _, c := range slices.Backward(s.pairs()) {
		if !c.retired {
			s.out = append(s.out, ike.QuerySA{SAID: c.out.SAID})
			if n.asked != c.out.SAID {
				n.asked, n.packets = c.out.SAID, 0
			}
			n.asking = true
			return
		}
	}
	s.sendKeepalive()
}

// natCounted takes the data plane's answer, and says whether it was that.
func (s *Session) natCounted(e ipsec.Queried) bool {
	n := &s.up.keepalive
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
	s.up.keepalive.sent = s.now
	s.out = append(s.out, ike.Send{Datagram: ike.NATKeepalive(s.local, s.remote, s.vrf)})
}

func (s *Session) keepaliveDeadline(t *deadline) {
	if !s.Done() {
		t.add(s.up.keepalive.next, "NAT keepalive")
	}
}
