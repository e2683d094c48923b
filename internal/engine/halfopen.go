package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
)

// halfOpen counts the IKE SAs that peers began and have not authenticated: each
// costs a Diffie-Hellman value and memory, and anybody may begin one.
type halfOpen struct {
	total int
	v2    int                // of these of version 2, but for those that wait for servers
	peers map[netip.Addr]int // with those that were refused, while anything is left of them
}

func newHalfOpen() halfOpen { return halfOpen{peers: map[netip.Addr]int{}} }

// A crowd is a limit that one more session would break; none with what "".
type crowd struct {
	limit int
	what  string
}

// refuses names the limit that one more from a peer would break.
func (h *halfOpen) refuses(c *policy.ISAKMP, peer netip.Addr) crowd {
	switch {
	case h.total >= c.HalfOpenTotal:
		return crowd{c.HalfOpenTotal, "in all"}
	case h.peers[peer] >= c.HalfOpenPerPeer:
		return crowd{c.HalfOpenPerPeer, "of one address"}
	}
	return crowd{}
}

// count brings the numbers up to date with a session, which is half-open, or what
// a stranger has left.
func (h *halfOpen) count(x *entry, halfOpen, stranger bool) {
	h.total += change(&x.halfOpen, halfOpen)
	// Whose proof only a server's answer still judges keeps nobody else out.
	h.v2 += change(&x.negotiates, halfOpen && x.v2 != nil && !x.Waits())
	if h.peers[x.remote] += change(&x.stranger, stranger); h.peers[x.remote] == 0 {
		delete(h.peers, x.remote)
	}
}

// change sets was to is, and gives what that is in numbers.
func change(was *bool, is bool) int {
	if *was == is {
		return 0
	}
	*was = is
	if is {
		return 1
	}
	return -1
}

// mute keeps a flood from becoming a flood of reports: of each kind it lets a
// few pass in a stretch of time. All are counted.
type mute map[string]*muted

type muted struct {
	since time.Time
	n     int
}

const (
	muteAfter   = 10
	muteStretch = 10 * time.Second
)

func (m mute) pass(now time.Time, kind string) bool {
	k := m[kind]
	if k == nil || now.Sub(k.since) >= muteStretch {
		k = &muted{since: now}
		m[kind] = k
	}
	k.n++
	return k.n <= muteAfter
}

// audible says whether an output may leave. Anybody can make a session refuse
// message after message, and each refusal is a line in the log.
func (e *Engine) audible(now time.Time, x *entry, o ike.Output) bool {
	r, ok := o.(ike.Report)
	if !ok {
		return true
	}
	switch event := r.Event.(type) {
	case ikev1.MessageRejected, ikev1.NoOfferAccepted, ikev1.CertRefused, ikev1.SignatureRefused, ikev1.HashRefused,
		ikev2.MessageRejected, ikev2.OfferRefused, ikev2.HandshakeFailed, ikev2.CertificateFetched:
		return e.mute.pass(now, fmt.Sprintf("%T", event))
	case ike.SessionDown: // of a first message that anybody may have sent, from any address
		return x.initiator || event.Established || e.mute.pass(now, "down")
	case ike.NegotiationFailed:
		return x.initiator || x.Established() || e.mute.pass(now, "failed")
	}
	return true
}
