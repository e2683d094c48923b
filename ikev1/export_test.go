package ikev1

import (
	"reflect"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
)

// exported is a session as another process gets it.
func exported(s *Session, at time.Time) []byte {
	c := state.Writer(at)
	s.Export(c)
	return c.Octets()
}

// handOver lets another process go on with a router.
func (p *pairOf) handOver(r *party) {
	p.t.Helper()
	before := r.session.View(p.now)
	read := state.Reader(exported(r.session, p.now), p.now)
	s, err := Restore(p.now, r.env, read)
	if err == nil {
		err = read.End()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if after := s.View(p.now); !reflect.DeepEqual(before, after) {
		p.t.Fatalf("%s was\n%+v\nand is\n%+v", r.name, before, after)
	}
	r.session = s
}

// rekey begins the successor of the latest pair.
func (p *pairOf) rekey(r *party) {
	pairs := r.session.pairs()
	r.session.now = p.now
	r.session.rekey(pairs[len(pairs)-1])
	r.collect(p.now)
	p.settle()
}

// Twenty times a router is handed over, at rest and while a new pair waits for its
// turn. Whoever rekeys, both have the same pair and nothing else in the end.
func TestHandedOver(t *testing.T) {
	p := newPair(t, keepalive("", periodic))
	p.up(p.r1)
	for n := range 20 {
		who, peer := p.r1, p.r2
		if n%2 == 0 {
			who, peer = peer, who
		}
		p.rekey(who)
		p.advance(time.Duration(n)*200*time.Millisecond, nil) // until the new pair sends, or until the old one goes
		if !who.session.Quiet() || !peer.session.Quiet() {
			t.Fatalf("%d: not quiet", n)
		}
		p.handOver([]*party{who, peer}[n/2%2])
		p.advance(time.Duration(10+n)*time.Second, nil)
		if n%3 == 0 {
			p.handOver(who)
		}
	}
	for _, r := range []*party{p.r1, p.r2} {
		if len(r.session.pairs()) != 1 || len(r.sas) != 2 || !r.session.Established() || len(all[PeerDead](r)) > 0 {
			t.Errorf("%s has %d pairs, %d SAs\n%s", r.name, len(r.session.pairs()), len(r.sas), r.story())
		}
		for id := range r.sas {
			if _, both := p.other(r).sas[id]; !both {
				t.Errorf("only %s has %#x", r.name, id.SPI)
			}
		}
	}
	p.handOver(p.r2)
	p.r1.session.DeleteChild(p.now, p.r1.session.pairs()[0].in.SPI, "test")
	p.r1.session.Delete(p.now, "test")
	p.r1.collect(p.now)
	p.settle()
	p.advance(time.Minute, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// The peer that has missed the last message of main mode, or of quick mode, repeats
// its own, and gets it from whoever took over.
func TestHandedOverAnswer(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	for !p.r2.established() {
		p.step(p.r1)
		if !p.r2.established() {
			p.step(p.r2)
		}
	}
	p.r2.sent = nil // MM6
	p.handOver(p.r2)
	p.advance(11*time.Second, nil)
	p.settle()
	if !p.r1.session.Established() || len(p.r1.sas) != 2 {
		t.Fatalf("R1 is not up\n%s", p.r1.story())
	}
	p.rekeyWithoutQM3()
	p.handOver(p.r1)
	p.advance(15*time.Second, nil)
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 || len(p.r2.session.pairs()) != 1 {
		t.Errorf("%d and %d SAs\n%s", len(p.r1.sas), len(p.r2.sas), p.r2.story())
	}
}

func (r *party) established() bool { return r.session != nil && r.session.Established() }

// rekeyWithoutQM3 lets R1 rekey, and loses QM3.
func (p *pairOf) rekeyWithoutQM3() {
	p.r1.session.now = p.now
	p.r1.session.rekey(p.r1.session.pairs()[0])
	p.r1.collect(p.now)
	p.step(p.r1)
	p.step(p.r2)
	p.r1.sent = nil
}

// A peer that died while it was asked, and child SAs whose IKE SA has ended, are found
// by whoever took over.
func TestHandedOverDead(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.advance(13*time.Second, lost)
	p.handOver(p.r1)
	p.advance(15*time.Second, lost)
	want[PeerDead](t, p.r1, nil)
	if len(p.r1.sas) != 0 {
		t.Errorf("%d SAs are left", len(p.r1.sas))
	}

	p = newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.r1.session.Delete(p.now, "test")
	p.r1.collect(p.now)
	p.handOver(p.r1)
	if p.r1.session.Alive() || p.r1.session.Done() || len(p.r1.session.pairs()) != 1 {
		t.Error("the pair is not there any more")
	}
	p.advance(11*time.Second, lost)
	want[RekeyNeeded](t, p.r1, nil)
	p.advance(time.Hour, lost)
	if p.r1.session.Bereft(p.now); !p.r1.session.Done() {
		t.Error("something is left of it")
	}
}

// A message id that the peer has used stays used.
func TestHandedOverReplay(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r1.session.DeleteChild(p.now, p.r1.session.pairs()[0].in.SPI, "test")
	p.r1.collect(p.now)
	replay := p.r1.sent[0]
	p.settle()
	before := len(all[DeleteReceived](p.r2))
	p.handOver(p.r2)
	p.deliver(p.r2, replay)
	if got := len(all[DeleteReceived](p.r2)); got != before || before == 0 {
		t.Errorf("the delete is taken %d times, then %d", before, got)
	}
}

// What is being made is not handed over.
func TestQuiet(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	s := p.r1.session
	if !s.Quiet() {
		t.Error("an SA at rest is not quiet")
	}
	s.rekey(s.pairs()[0])
	p.r1.collect(p.now)
	if s.Quiet() {
		t.Error("quiet in quick mode")
	}
	p.settle()
	p.r1.stall = true
	p.advance(handoverTime, nil)
	if s.Quiet() {
		t.Error("quiet while an SA is installed")
	}
}

// awkward is a session with something in every part of its state.
func awkward(t testing.TB) (*pairOf, []byte) {
	p := newPair(t, keepalive("", policy.Keepalive{Interval: 10 * time.Second, Retry: 2 * time.Second, Periodic: true}))
	p.up(p.r1)
	s := p.r1.session
	s.rekey(s.pairs()[0])
	p.r1.collect(p.now)
	p.settle()
	s.nat.method = &natMethods[1]
	s.up.used = map[uint32]struct{}{1: {}, 2: {}}
	return p, exported(s, p.now)
}

// A state that ends anywhere before its end is refused.
func TestRestoreCut(t *testing.T) {
	p, whole := awkward(t)
	for n := range whole {
		if _, err := Restore(p.now, p.r1.env, state.Reader(whole[:n], p.now)); err == nil {
			t.Fatalf("%d octets of %d are taken", n, len(whole))
		}
	}
	s, err := Restore(p.now, p.r1.env, state.Reader(whole, p.now))
	if err != nil || !s.pairs()[1].pending() || s.pairs()[1].handover.replaces[0] != s.pairs()[0] || s.nat.method != &natMethods[1] || len(s.up.used) != 2 {
		t.Errorf("%v", err)
	}
}

// FuzzRestore reads any state: no panic, neither then nor when the session goes on.
func FuzzRestore(f *testing.F) {
	p, whole := awkward(f)
	f.Add(whole)
	f.Fuzz(func(_ *testing.T, octets []byte) {
		s, err := Restore(p.now, p.r1.env, state.Reader(octets, p.now))
		if err != nil {
			return
		}
		s.View(p.now)
		for range 10 {
			at, _ := s.NextTimeout()
			s.HandleTimeout(at)
			drain(s)
		}
		s.Delete(p.now, "test")
		drain(s)
	})
}

func drain(s *Session) {
	for {
		if _, ok := s.Poll(); !ok {
			return
		}
	}
}
