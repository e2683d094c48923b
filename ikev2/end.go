package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Delete tells the peer and ends the IKE SA with its child SAs. The session goes
// on until the peer has answered, or does not answer any more. IOS deletes the
// child SAs by a request of their own first, where the peer's window has room.
func (s *Session) Delete(now time.Time, reason string) {
	s.wake()
	s.now = now
	if s.ike == nil {
		return
	}
	x := s.ike
	if _, waits := s.phase.(*sentAuth); waits {
		// For the peer the IKE SA may stand already, and it would keep it: it is told
		// when it has answered.
		s.doomed = reason
		return
	}
	switch s.phase.(type) {
	case *lookingUp, *awaitingEvidence:
		if x.role == Initiator {
			s.leave(reason, 0) // it has answered
			return
		}
	}
	s.report(DeleteQueued{SA: s.sa(x), Reason: reason})
	spis := map[wire.ProtocolID][]uint32{}
	for _, c := range s.children {
		p := wireProtocol(c.in.Protocol)
		spis[p] = append(spis[p], c.in.SPI)
	}
	authenticated := s.up != nil
	s.over(reason)
	if !authenticated {
		s.drop(x, reason)
		return
	}
	for _, o := range slices.Clone(s.all) {
		if o != x && !o.closing {
			s.close(o)
		}
	}
	x.forget(s, reason)
	x.closing = true
	for _, p := range []wire.ProtocolID{wire.ProtocolESP, wire.ProtocolAH} {
		// The second request is what counts: it is not to wait for the first.
		if len(spis[p]) > 0 && x.room(2) {
			s.ask(x, &deletion{protocol: p, spis: spis[p]})
		}
	}
	s.ask(x, &deletion{protocol: wire.ProtocolISAKMP})
}

// Drop ends the IKE SA with its child SAs, and the peer is told nothing.
func (s *Session) Drop(now time.Time, reason string) {
	s.wake()
	s.now = now
	if s.ike == nil {
		return
	}
	for _, x := range slices.Clone(s.all) {
		if x != s.ike {
			s.drop(x, reason)
		}
	}
	s.end(s.ike, reason)
}

// end takes an IKE SA down without a word to the peer. What the peer may ask for
// again is kept for a while. One that is being deleted waits for the peer's word.
func (s *Session) end(x *ikeSA, reason string) {
	if x.closing {
		return
	}
	if q := s.rekeying; q != nil && q.rival == x {
		q.leave()
		q.rival = nil
	}
	if q := s.rekeying; q != nil && q.rival != nil && x == s.ike {
		// RFC 7296 section 2.25.2: "If a peer receives a request to close an IKE SA
		// that it is currently rekeying, it SHOULD reply as usual, and forget about
		// its own rekeying request."
		s.succeed(x, q.rival)
		defer s.goOn()
	}
	if x == s.ike {
		s.over(reason)
		for _, o := range slices.Clone(s.all) {
			if o != x {
				s.drop(o, reason)
			}
		}
	}
	if !slices.Contains(s.all, x) {
		return
	}
	x.closing = true
	x.forget(s, reason)
	x.flights = nil
	x.answers = slices.DeleteFunc(x.answers, func(a *answer) bool { return a.datagrams == nil })
	for _, a := range x.answers {
		a.until = s.now.Add(lingerTime)
	}
	if len(x.answers) == 0 {
		s.drop(x, reason)
	}
}

// ended says that an SA only repeats what it has answered.
func (x *ikeSA) ended() bool { return x.closing && len(x.flights)+len(x.queue) == 0 }

// forget abandons the requests of an SA that is about to go. Those that have left
// keep their place in the peer's window.
func (x *ikeSA) forget(s *Session, reason string) {
	flights, queue := slices.Clone(x.flights), x.queue
	x.queue = nil
	for _, f := range flights {
		r := f.request
		if q := rekeyOf(r); q != nil && s.ike == nil {
			q.orphan(s)
			continue
		}
		f.request = forgotten{r.exchange()}
		r.abandoned(s, x, reason)
	}
	for _, r := range queue {
		r.abandoned(s, x, reason)
	}
}

// forgotten is a request whose response changes nothing any more.
type forgotten struct{ of wire.ExchangeType }

func (r forgotten) exchange() wire.ExchangeType               { return r.of }
func (forgotten) build(*Session, *ikeSA, *wire.Builder) error { return nil }
func (forgotten) answered(*Session, *ikeSA, *message) error   { return nil }
func (forgotten) abandoned(*Session, *ikeSA, string)          {}

// over ends the session as far as anybody but the peer's repetitions is
// concerned: no IKE SA speaks for it, and its child SAs are gone.
func (s *Session) over(reason string) {
	x, established := s.ike, s.up != nil
	s.report(SADeleted{SA: s.sa(x), Reason: reason})
	for _, p := range slices.Clone(s.pending) {
		s.withdraw(p)
	}
	for _, q := range s.requests {
		q.unexpect(s)
	}
	for _, c := range s.children {
		c.yield()
	}
	for _, c := range slices.Clone(s.children) {
		s.dropChild(c, reason)
	}
	if !established {
		s.failed(reason)
	}
	if st, ok := s.phase.(interface{ wipe() }); ok {
		st.wipe()
	}
	s.step(x, Deleting)
	s.ike, s.phase, s.waiting = nil, nil, nil
	s.forgo(func(*awaited) bool { return true })
	s.report(ike.SessionDown{Version: 2, ConnID: s.connID, Local: s.local, Remote: s.remote, Reason: reason, Established: established})
}

// unanswered gives a peer up that has answered no repetition: the IKE SA goes with
// all that was set up through it (RFC 7296 section 2.4).
func (s *Session) unanswered(x *ikeSA, f *flight) {
	timer := RetransmitTimer
	if _, ok := f.request.(probe); ok {
		timer = LivenessTimer
	}
	s.report(TimedOut{SA: s.sa(x), Timer: timer})
	if x.closing || x != s.ike {
		s.drop(x, "no answer")
		return
	}
	s.silent = true
	reason := "no answer to " + f.request.exchange().String()
	if s.up != nil {
		s.report(PeerDead{SA: s.sa(x)})
		reason = "the peer does not answer"
	} else if s.rumour != 0 { // anyone may have sent it, so it is told and not believed
		reason += ", but " + s.rumour.String() + " in the clear from its address"
	}
	x.flights = nil
	s.end(x, reason)
}
