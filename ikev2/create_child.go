package ikev2

import (
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
)

// StartChild asks for a child SA of a tunnel, once the IKE SA stands.
func (s *Session) StartChild(now time.Time, itf *policy.Interface) {
	s.now = now
	switch {
	case s.ike == nil:
		s.refuseChild(itf, "the IKE SA is gone")
	case s.up == nil:
		s.waiting = append(s.waiting, itf)
	default:
		s.refuseChild(itf, "CREATE_CHILD_SA is not spoken")
	}
}

func (s *Session) refuseChild(itf *policy.Interface, reason string) {
	s.report(ike.NegotiationFailed{Tunnel: itf.Name, Peer: s.remote.Addr(), Stage: "CHILD", Reason: reason})
}
