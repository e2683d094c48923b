package ikev2

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// CREATE_CHILD_SA makes child SAs and replaces SAs (RFC 7296 section 1.3).

// maxPairs is how many pairs one tunnel has in a session, and may rekey. A rekey
// needs two, two at once three; a peer that never deletes what it replaced has twice
// as many, and no more.
const maxPairs = 8

// StartChild asks for a child SA of a tunnel, once the IKE SA stands and is not
// about to be replaced.
func (s *Session) StartChild(now time.Time, itf *policy.Interface) {
	s.wake()
	s.now = now
	switch {
	case s.ike == nil:
		s.refuseChild(itf, "the IKE SA is gone")
	case s.up == nil || s.replacing():
		s.waiting = append(s.waiting, itf)
	default:
		if i := slices.IndexFunc(s.requests, func(q *childRequest) bool { return q.itf.Name == itf.Name && !q.over }); i >= 0 {
			// What was to replace a pair that is gone meanwhile is what is wanted.
			s.requests[i].wanted = true
			return
		}
		s.requestChild(itf, nil)
	}
}

// startWaiting begins what had to wait.
func (s *Session) startWaiting() {
	waiting := s.waiting
	s.waiting = nil
	for _, itf := range waiting {
		s.StartChild(s.now, itf)
	}
}

func (s *Session) refuseChild(itf *policy.Interface, reason string) {
	s.report(ike.NegotiationFailed{Tunnel: itf.Name, Peer: s.remote.Addr(), Stage: "CHILD", Reason: reason})
}

// requestChild begins the exchange of a pair, or of the successor of one. A
// tunnel has one exchange at a time.
func (s *Session) requestChild(itf *policy.Interface, old *child) {
	if slices.ContainsFunc(s.requests, func(q *childRequest) bool { return q.itf.Name == itf.Name && q.old == old }) {
		return
	}
	q := &childRequest{itf: itf, old: old}
	s.requests = append(s.requests, q)
	if old != nil {
		old.replaced = true
	}
	s.ask(s.ike, q)
}

// creating says that exchanges about child SAs are under way, ours or the peer's:
// the IKE SA that has them cannot be replaced meanwhile.
func (s *Session) creating() bool {
	return len(s.requests)+len(s.pending) > 0 || slices.ContainsFunc(s.awaiting, func(a *awaited) bool { return !a.ike })
}

// replacing says that the IKE SA is about to be replaced: nothing new begins under it.
func (s *Session) replacing() bool { return s.rekeying != nil || s.awaitsSuccessor() }

// closing says that a deletion of a child SA is under way.
func (s *Session) closing() bool {
	return slices.ContainsFunc(s.deletions(), func(d *deletion) bool { return d.protocol != wire.ProtocolISAKMP })
}

// answerCreateChild serves CREATE_CHILD_SA. RFC 7296 section 2.25.2: "If a peer
// receives a request to create or rekey a Child SA when it is currently rekeying
// the IKE SA, it SHOULD reply with TEMPORARY_FAILURE", and when it is closing it
// likewise.
func (s *Session) answerCreateChild(x *ikeSA, m *message, r *reply) error {
	offer, err := one(m, wire.PayloadSAV2, wire.ParseSAV2)
	if err != nil {
		return err
	}
	switch {
	case x != s.ike || x.closing:
		return reject(wire.V2TemporaryFailure, "the IKE SA is being replaced or closed")
	case len(s.awaiting) >= maxPairs:
		return reject(wire.V2TemporaryFailure, "%d key exchanges are to be ended first", len(s.awaiting))
	case len(offer) > 0 && offer[0].Protocol == wire.ProtocolISAKMP:
		return s.answerRekey(x, m, r)
	case s.rekeying != nil:
		return reject(wire.V2TemporaryFailure, "the IKE SA is being rekeyed")
	}
	return s.answerChild(x, m, r)
}

// answerGroup is the responder's half of a key exchange in a group. RFC 7296
// section 1.3: the responder of another group "MUST reject the request and
// indicate its preferred Diffie-Hellman group in the INVALID_KE_PAYLOAD Notify
// payload".
func (s *Session) answerGroup(x *ikeSA, g *suite.Group, ke wire.KEV2) (public, shared []byte, err error) {
	if ke.Group != g.Number {
		r := reject(wire.V2InvalidKEPayload, "KE payload of group %d, group %d is due", ke.Group, g.Number)
		r.data = binary.BigEndian.AppendUint16(nil, g.Number)
		return nil, nil, r
	}
	public, shared, err = g.Answer(s.env.Rand, ke.Data)
	if err != nil {
		return nil, nil, reject(wire.V2InvalidSyntax, "group %d: %s", g.Number, err)
	}
	s.report(DHComputed{SA: s.sa(x), Group: g})
	s.report(DHComputed{SA: s.sa(x), Group: g, Secret: true})
	return public, shared, nil
}
