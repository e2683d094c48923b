package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// drainTime is how long what a peer sent on a pair may be under way when both
// ends have agreed that the pair is gone: it still receives.
const drainTime = 5 * time.Second

// lookTime is how often the data plane is asked whether the peer sends on a pair
// that is to take over.
const lookTime = time.Second

// crossing is how long the peer's part of an exchange may have been on its way when
// another one ended.
const crossing = 2 * time.Second

// handover is what the responder of a rekeying keeps. RFC 7296 section 2.8: it
// "can assume that the initiator is ready to receive messages on the new SA" from
// the first packet on it, or when the initiator deletes the old one; until then it
// sends on the old one. The kernel sends on the newest, so the outbound SA is not
// installed before.
type handover struct {
	out  ipsec.SA // with its keys
	old  *child
	look time.Time // zero: the data plane was asked and has not answered
}

// standing says that a pair is there, and not deleted by us.
func (s *Session) standing(c *child) bool {
	return c != nil && !c.retired && slices.Contains(s.children, c)
}

// beginHandover waits for the peer, or does not where the old pair is gone.
func (s *Session) beginHandover(c *child) {
	switch h := c.handover; {
	case h == nil:
	case s.standing(h.old):
		h.look = s.now.Add(lookTime)
	default:
		s.takeOver(c)
	}
}

// older says whether a pair for the same packets was there before the exchange of
// another began. There is to be one: where an accident left two, the next exchange
// replaces both.
func (c *child) older(than *child) bool {
	return c != than && c.itf.Name == than.itf.Name && c.in.Selector == than.in.Selector && than.begun.Sub(c.installed) > crossing
}

// takeOver lets a pair send.
func (s *Session) takeOver(c *child) {
	out := c.handover.out
	c.handover = nil
	s.installOne(c, out, func(err error) {
		if err != nil {
			s.deleteChild(c, "the data plane refused the SA: "+err.Error())
			return
		}
		c.mute = false
	})
}

// hasten lets those pairs send that were to take over from one that goes.
func (s *Session) hasten(gone *child) {
	for _, c := range slices.Clone(s.children) {
		if c.handover != nil && c.handover.old == gone {
			s.takeOver(c)
		}
	}
}

// yield leaves a pair to the peer that made it and is about to delete it: the one
// of our own is used.
func (c *child) yield() {
	if h := c.handover; h != nil {
		wipeKeys(h.out)
		c.handover = nil
	}
	c.replaced = true
}

// retire deletes a pair that a successor of ours replaces. It sends no more; what
// the peer sends is received until the peer has agreed, and a little longer.
func (s *Session) retire(c *child) {
	c.retired, c.replaced = true, true
	s.silence(c)
	if q := s.requestOf(c); q != nil {
		q.giveUp(s)
	}
	s.deleteSPI(wireProtocol(c.in.Protocol), c.in.SPI, c.out.SPI)
}

// silence takes the outbound SA of a pair away.
func (s *Session) silence(c *child) {
	if !c.mute {
		c.mute = true
		s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID})
	}
	c.yield()
	for _, p := range slices.Clone(s.pending) {
		if p.child == c {
			s.withdraw(p)
		}
	}
}

// drain ends a pair that both ends have given up.
func (s *Session) drain(c *child) {
	c.retired, c.replaced = true, true
	s.silence(c)
	if end := s.now.Add(drainTime); c.expires.IsZero() || end.Before(c.expires) {
		c.expires = end
	}
}

// handoverTimeout asks the data plane whether the peer sends already.
func (s *Session) handoverTimeout() {
	for _, c := range s.children {
		if h := c.handover; h != nil && !h.look.IsZero() && !s.now.Before(h.look) {
			h.look = time.Time{}
			s.out = append(s.out, ike.QuerySA{SAID: c.in.SAID})
		}
	}
}

func (s *Session) handoverDeadline(t *deadline) {
	for _, c := range s.children {
		if c.handover != nil {
			t.add(c.handover.look, "IPsec SA handover")
		}
	}
}

// handoverCounted takes the data plane's answer.
func (s *Session) handoverCounted(e ipsec.Queried) {
	for _, c := range s.children {
		if h := c.handover; h == nil || c.in.SAID != e.SAID {
			continue
		} else if e.Err == nil && e.Counters.Packets > 0 {
			s.takeOver(c)
		} else {
			h.look = s.now.Add(lookTime)
		}
		return
	}
}
