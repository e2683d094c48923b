package ikev1

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// handoverTime is how long the initiator of a rekey goes on sending on the old
// pair after QM3. A peer may take its new inbound SA into use with QM3 only, as
// charon does, and IKEv1 has no message that says that it has. So long again the
// old pair stays for what is on its way to the peer.
const handoverTime = time.Second

// handover is the rest of a rekey of ours when QM3 is out: the outbound SA is to
// be installed, then the old pair goes.
type handover struct {
	q        *quickMode
	out      ipsec.SA  // with its keys; empty when ordered
	at       time.Time // when to order it; zero: ordered
	end      time.Time // when the old pair goes; zero: the new one does not send yet
	replaces []*child
}

// foresee notes when the volume of a pair is used up, if it goes on as it went to its
// soft limit, which is now. Where it is time that was reached the volume is unknown, and
// lasts: the data plane counts whole seconds from the SA's installation, which is not
// before the quick mode's beginning.
func (c *child) foresee(now time.Time) {
	soft := c.lifetime.Soft(c.initiator)
	if soft.Duration > 0 && !now.Before(c.begun.Add(soft.Duration-time.Second)) {
		return
	}
	if hard := c.lifetime.Kilobytes; hard > 0 {
		c.exhausted = now.Add(now.Sub(c.installed) / time.Duration(soft.Kilobytes) * time.Duration(hard-soft.Kilobytes))
	}
}

// sendsAt is when the successor of a pair sends. Under load the last 256 kilobytes
// do not last for handoverTime: it takes half of what time they leave.
func (s *Session) sendsAt(old *child) time.Time {
	wait := handoverTime
	if old != nil && !old.exhausted.IsZero() {
		wait = max(0, min(wait, old.exhausted.Sub(s.now)/2))
	}
	return s.now.Add(wait)
}

// pending says that the outbound SA of a pair is not ordered yet.
func (c *child) pending() bool { return c.handover != nil && !c.handover.at.IsZero() }

// takeOver orders the outbound SA.
func (s *Session) takeOver(c *child) {
	h := c.handover
	s.install(h.out)
	h.out, h.at = ipsec.SA{}, time.Time{}
}

// endHandover lets the old pairs go when the new one has sent for a while.
func (s *Session) endHandover(c *child) {
	if h := c.handover; h != nil && !h.end.IsZero() && !s.now.Before(h.end) {
		c.handover = nil
		s.retireAll(h.replaces)
	}
}

// childInstalled takes the data plane's answer: from now on the new pair sends.
// A pair that cannot goes, and the old one tries again.
func (s *Session) childInstalled(ev ipsec.Installed) {
	for _, c := range s.pairs() {
		h := c.handover
		if h == nil || c.pending() || c.out.SAID != ev.SAID {
			continue
		}
		s.reportInstalled(h.q, c.out, ev.Err)
		if ev.Err == nil {
			h.end = s.now.Add(handoverTime)
			return
		}
		c.handover = nil
		s.deleteChild(c, "the data plane refused the SA: "+ev.Err.Error())
		for _, old := range h.replaces {
			s.rekeyFailed(old)
		}
		return
	}
}

// postpone lets a handover wait for a peer that repeats QM2: it has no QM3.
func (s *Session) postpone(q *quickMode) {
	for _, c := range s.pairs() {
		if c.pending() && c.handover.q == q {
			c.handover.at = s.now.Add(handoverTime)
		}
	}
}

// forgo ends the handover of a pair that goes meanwhile, and returns those that it would have replaced.
func (c *child) forgo() []*child {
	h := c.handover
	if h == nil {
		return nil
	}
	if c.pending() {
		wipe(h.out)
	}
	c.handover = nil
	return h.replaces
}

// hasten takes over at once where the pair that was still sending is gone.
func (s *Session) hasten(gone *child) {
	for _, c := range slices.Backward(s.pairs()) {
		if c.pending() && !c.retired && c.sameTraffic(gone) && !slices.ContainsFunc(s.pairs(), func(o *child) bool {
			return !o.pending() && !o.retired && o.sameTraffic(c)
		}) {
			s.takeOver(c)
		}
	}
}
