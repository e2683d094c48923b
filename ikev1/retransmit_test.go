package ikev1

import (
	"fmt"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// Whatever single datagram is lost, the tunnel comes up by a repetition of it.
func TestLoseOne(t *testing.T) {
	for n := range 9 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := newPair(t)
			p.initiate(p.r1)
			count := 0
			lose := func(*party, []byte) bool { count++; return count == n+1 }
			for len(p.r1.sent)+len(p.r2.sent) > 0 {
				for _, r := range []*party{p.r1, p.r2} {
					if len(r.sent) > 0 {
						if data := r.next(); !lose(r, data) {
							p.deliver(p.other(r), data)
						}
					}
				}
			}
			p.advance(11*time.Second, lose)
			if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
				t.Errorf("not up after 11 s\n%s%s", p.r1.story(), p.r2.story())
			}
		})
	}
}

// Nobody answers: six MM1, ten seconds apart, then nothing is left.
func TestNobodyAnswers(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.r1.next()
	var at []time.Duration
	p.advance(2*time.Minute, func(*party, []byte) bool { at = append(at, p.now.Sub(epoch)); return true })
	if got, want := fmt.Sprint(at), "[10s 20s 30s 40s 50s]"; got != want {
		t.Errorf("repetitions at %s, want %s", got, want)
	}
	want(t, p.r1, func(e Retransmission) bool { return e.Attempt == 5 && e.Limit == 5 })
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "MM1" && e.Reason == "no answer to MM1" })
	want(t, p.r1, func(e SADeleted) bool { return e.Reason == "Death by retransmission P1" })
	p.r1.wantIdle()
}

// While a quick mode of the peer's for the tunnel is under way QM1 is not repeated, and
// is again when that came to nothing.
func TestCrossedQM1Waits(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	for len(p.r1.session.quickModes()) == 0 {
		p.step(p.r1)
		p.step(p.r2)
	}
	p.r1.next() // QM1
	under := true
	p.r1.env.Answers = func(tunnel string) bool { return under && tunnel == "Tunnel1" }
	lost := func(*party, []byte) bool { return true }
	p.advance(25*time.Second, lost)
	if n := len(all[Retransmission](p.r1)); n > 0 {
		t.Errorf("%d repetitions beside the peer's quick mode", n)
	}
	under = false
	p.advance(10*time.Second, lost)
	want(t, p.r1, func(e Retransmission) bool { return e.Attempt == 1 && e.MessageID != 0 })
}

// A responder whom nobody answers keeps MM2 going, then forgets.
func TestResponderAlone(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	if !p.r2.session.HalfOpen() {
		t.Error("not half-open after MM1")
	}
	p.r1.session = nil
	p.r2.sent = nil
	p.advance(2*time.Minute, func(*party, []byte) bool { return true })
	if n := len(p.r2.lens); n != 6 {
		t.Errorf("MM2 went %d times", n)
	}
	p.r2.wantIdle()
}

// A shorter half-open time ends it earlier.
func TestHalfOpenTime(t *testing.T) {
	p := newPair(t)
	p.r2.env.Config.ISAKMP.HalfOpenTimeout = 15 * time.Second
	p.initiate(p.r1)
	p.step(p.r1)
	p.r1.session = nil
	p.r2.sent = nil
	p.advance(15*time.Second, func(*party, []byte) bool { return true })
	want(t, p.r2, func(e ike.SessionDown) bool { return e.Reason == "half-open SA timed out" })
	p.r2.wantIdle()
}

// A duplicate is answered by our last datagram, if that is a second old.
func TestDuplicate(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	mm1 := p.step(p.r1)
	mm2 := p.r2.next()
	p.deliver(p.r2, mm1)
	want(t, p.r2, func(e Duplicate) bool { return e.Skipped })
	if len(p.r2.sent) != 0 {
		t.Fatal("a duplicate was answered at once")
	}
	p.now = p.now.Add(time.Second)
	p.deliver(p.r2, mm1)
	if got := p.r2.next(); string(got) != string(mm2) {
		t.Error("the answer to a duplicate is not the stored datagram")
	}
	if at, _ := p.r2.session.NextTimeout(); at != p.now.Add(10*time.Second) {
		t.Errorf("the timer was not restarted: %s", at)
	}
}

// Who replays MM3 uses up repetitions, but cannot bring the end nearer.
func TestReplayDoesNotKill(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	mm3 := p.step(p.r1)
	p.r1.session = nil
	for range 59 {
		p.advance(time.Second, func(*party, []byte) bool { return true })
		p.deliver(p.r2, mm3)
	}
	if p.r2.session.Done() {
		t.Error("a replayed MM3 killed the session")
	}
	if n := len(p.r2.lens); n != 1+6 {
		t.Errorf("%d datagrams for 59 replays, want MM2 and six MM4", n)
	}
}

// The two ends of an established SA do not answer each other's stray
// repetitions for ever.
func TestNoStorm(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	var seen [][]byte
	for len(p.r1.sent)+len(p.r2.sent) > 0 {
		for _, r := range []*party{p.r1, p.r2} {
			if len(r.sent) > 0 {
				seen = append(seen, p.step(r))
			}
		}
	}
	before := len(p.r1.lens) + len(p.r2.lens)
	for range 20 {
		p.now = p.now.Add(2 * time.Second)
		for _, data := range seen {
			p.deliver(p.r1, data)
			p.deliver(p.r2, data)
		}
		p.settle()
	}
	if n := len(p.r1.lens) + len(p.r2.lens) - before; n > 2*retransmitLimit {
		t.Errorf("%d datagrams in answer to replays", n)
	}
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 || len(p.r1.session.pairs()) != 1 || len(p.r2.session.pairs()) != 1 {
		t.Error("replays changed the SAs")
	}
}
