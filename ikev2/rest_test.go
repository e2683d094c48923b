package ikev2

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// resting is a pair whose responder waits for IKE_AUTH.
func resting(t *testing.T) *pairOf {
	p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	if !p.r2.session.rests() {
		t.Fatal("it does not rest")
	}
	return p
}

// Whatever is asked of a session at rest, it rests on, and stands afterwards.
func TestRest(t *testing.T) {
	p := resting(t)
	s, itf := p.r2.session, p.r1.itf
	at, why := s.NextTimeout()
	v, b := s.View(p.now), s.Brief()
	if s.Done() || !s.Alive() || s.Established() || !s.HalfOpen() || !s.Stranger() || s.Busy() || s.Silent() || s.Floated() ||
		s.Carries(itf.Name, ipsec.Selector{}) || s.Keeps(0) || s.Tunnel() != "" || len(s.SPIs()) != 1 ||
		at.IsZero() || why != "half-open SA" || v.State != RWaitAuth || !v.Fragmentation || len(b.Children) > 0 {
		t.Errorf("%v %s, %+v, %+v", at, why, v, b)
	}
	s.HandleTimeout(p.now)
	s.HandleKernel(p.now, ipsec.Expired{Hard: true})
	s.HandleLookup(p.now, ike.LookupID{}, ike.Answer{})
	s.Handle(p.now, ike.Datagram{})
	if !s.rests() {
		t.Error("it does not rest any more")
	}
	p.settle()
	p.wantUp()
}

// What a session that rests is told to do, it does.
func TestRestEnds(t *testing.T) {
	for what, end := range map[string]func(*Session, time.Time){
		"deleted":  func(s *Session, now time.Time) { s.Delete(now, "cleared") },
		"given up": func(s *Session, now time.Time) { at, _ := s.NextTimeout(); s.HandleTimeout(at) },
		"no child": func(s *Session, now time.Time) { s.DeleteChild(now, 1, "cleared"); s.Delete(now, "cleared") },
		"a child": func(s *Session, now time.Time) {
			s.StartChild(now, &policy.Interface{Name: "Tunnel9"})
			s.Delete(now, "cleared")
		},
		"and again": func(s *Session, now time.Time) { s.Delete(now, "cleared"); s.Delete(now, "cleared") },
	} {
		s := resting(t).r2.session
		end(s, epoch)
		if !s.Done() || s.Alive() || s.HalfOpen() {
			t.Errorf("%s: it goes on in %s", what, s.state)
		}
	}
}

// What an authentic fragment has brought stays, whatever others send meanwhile.
func TestRestBetweenFragments(t *testing.T) {
	p := resting(t)
	fragments := p.r1.sent
	bad := fragments[1]
	bad.Data = append([]byte(nil), bad.Data...)
	bad.Data[len(bad.Data)-1] ^= 1
	p.deliver(p.r1, bad)
	if !p.r2.session.rests() {
		t.Error("kept awake by a forgery")
	}
	p.deliver(p.r1, fragments[0])
	p.deliver(p.r1, bad)
	if s := p.r2.session; s.rests() || len(s.ike.reassembly) != 1 || s.ike.in != nil {
		t.Error("the first fragment is lost, or the keys are held")
	}
	p.advance(fragmentTime, nil)
	if s := p.r2.session; s.HalfOpen() && !s.rests() || p.r2.held != 0 {
		t.Errorf("%d octets are held", p.r2.held)
	}
}
