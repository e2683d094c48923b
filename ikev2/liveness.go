package ikev2

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// livenessRetries are the repetitions of a question that may stay unanswered, as
// on IOS.
const livenessRetries = 5

// liveness is how an IKE SA finds out that its peer is dead: RFC 7296 section 2.4
// has it ask by an empty informational request.
type liveness struct {
	policy.Keepalive           // no Interval: it does not ask
	heard            time.Time // the last sign of life
	next             time.Time // of the next look; zero: never
	asking           bool      // a question waits for its answer
}

// beginLiveness starts asking, if the configuration wants it.
func (s *Session) beginLiveness(k policy.Keepalive) {
	if k.Interval > 0 {
		s.up.live = liveness{Keepalive: k, heard: s.now, next: s.now.Add(k.Interval)}
	}
}

// alive notes a sign of life: a message that only the peer can have made.
func (s *Session) alive() {
	if s.up != nil {
		s.up.live.heard = s.now
	}
}

// livenessTimeout asks where nothing was heard for an interval: always, or only
// when something was sent meanwhile.
func (s *Session) livenessTimeout() {
	if !s.Established() {
		return
	}
	d := &s.up.live
	if d.asking || d.next.IsZero() || s.now.Before(d.next) {
		return
	}
	if quiet := d.heard.Add(d.Interval); s.now.Before(quiet) {
		d.next = quiet
		return
	}
	d.next = s.now.Add(d.Interval)
	if d.Periodic {
		s.askLiveness()
		return
	}
	// Inbound SAs come first, so that their answers stand when those of the
	// outbound ones come.
	for _, c := range s.children {
		s.out = append(s.out, ike.QuerySA{SAID: c.in.SAID})
	}
	for _, c := range s.children {
		s.out = append(s.out, ike.QuerySA{SAID: c.out.SAID})
	}
}

func (s *Session) livenessDeadline(t *deadline) {
	if s.Established() && !s.up.live.asking {
		t.add(s.up.live.next, "DPD")
	}
}

// childCounted takes the data plane's answer. What came in is a sign of life;
// what went out unanswered is worth a question.
func (s *Session) childCounted(e ipsec.Queried) {
	if e.Err != nil || !s.Established() || s.up.live.Interval == 0 {
		return
	}
	d := &s.up.live
	for _, c := range s.children {
		switch e.SAID {
		case c.in.SAID:
			if grown(&c.packetsIn, e.Counters.Packets) {
				d.heard = s.now
			}
		case c.out.SAID:
			if grown(&c.packetsOut, e.Counters.Packets) && !d.asking && !s.now.Before(d.heard.Add(d.Interval)) {
				s.askLiveness()
			}
		}
	}
}

// grown brings a count up to date.
func grown(count *uint64, now uint64) bool {
	was := *count
	*count = now
	return now > was
}

func (s *Session) askLiveness() {
	s.up.live.asking = true
	s.ask(s.ike, probe{s.up.live.Retry})
}

// probe is an empty request. Any other request that waits for its answer asks as
// well, but is repeated more slowly.
type probe struct{ retry time.Duration }

func (probe) exchange() wire.ExchangeType { return wire.ExchangeInformationalV2 }
func (probe) build(s *Session, x *ikeSA, _ *wire.Builder) error {
	s.report(Probed{SA: s.sa(x), Sent: true})
	return nil
}
func (p probe) after() []time.Duration {
	return slices.Repeat([]time.Duration{p.retry}, livenessRetries+1)
}
func (probe) abandoned(s *Session, _ *ikeSA, _ string) { s.asked() }
func (probe) answered(s *Session, x *ikeSA, _ *message) error {
	s.report(InformationalAnswered{SA: s.sa(x)})
	s.report(Probed{SA: s.sa(x), Response: true})
	s.asked()
	return nil
}

// asked begins the next interval.
func (s *Session) asked() {
	if s.up != nil {
		s.up.live.asking, s.up.live.next = false, s.now.Add(s.up.live.Interval)
	}
}
