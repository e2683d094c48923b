package ikev1

import (
	"slices"

	"github.com/obol-ike/obol/internal/ike"
)

// doubled says whether a pair that the peer deletes came up a moment ago beside
// another for the same traffic: both ends began, and the peer saw first which one goes.
func (s *Session) doubled(c *child) bool {
	return s.now.Sub(c.installed) < settledTime && slices.ContainsFunc(s.pairs(), func(o *child) bool {
		return o != c && !o.retired && o.sameTraffic(c)
	})
}

// overtaken says whether a pair of the peer's carries by now what a quick mode of ours
// was begun for. QM1 is not repeated then: to us both ends began at the same time, but
// to a peer that has our QM1 this late it is of a successor, and the two ends would give
// up different pairs.
func (s *Session) overtaken(q *quickMode) bool {
	st, waits := q.state.(sentQM1)
	if !waits || !s.carries(q.itf.Name, st.selector) {
		return false
	}
	if q.replaces != nil {
		return !slices.Contains(s.pairs(), q.replaces)
	}
	return len(st.expected) == 0 // nothing carried it when it began
}

// crossed says whether a quick mode of the peer's for the same tunnel is under way while
// QM1 of ours is unanswered. QM1 is not repeated then either: the peer has had the pair
// since our QM2, and what it deletes, or we do, may be the pair on which the other sends.
// Should the peer's come to nothing ours goes on.
func (s *Session) crossed(q *quickMode) bool {
	_, waits := q.state.(sentQM1)
	return waits && (s.Answers(q.itf.Name) || s.env.Answers != nil && s.env.Answers(q.itf.Name))
}

// Answers says whether a quick mode of the peer's for a tunnel is under way.
func (s *Session) Answers(tunnel string) bool {
	return slices.ContainsFunc(s.quickModes(), func(q *quickMode) bool {
		_, done := q.state.(over)
		return !q.initiator && !done && q.itf != nil && q.itf.Name == tunnel
	})
}

// drain stops sending on a pair. What the peer sent on it before its delete may come
// after that, so it receives a little longer. What it was to replace goes on.
func (s *Session) drain(c *child) {
	if !c.pending() {
		s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID})
	}
	c.retired = true
	for _, elder := range c.forgo() {
		s.rekeyFailed(elder)
	}
	if end := s.now.Add(drainTime); c.expires.IsZero() || end.Before(c.expires) {
		c.expires = end
	}
	s.hasten(c)
}
