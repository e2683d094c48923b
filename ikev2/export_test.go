package ikev2

import (
	"reflect"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/state"
)

// exported is a session as another process gets it.
func exported(s *Session, at time.Time) []byte {
	c := state.Writer(at)
	s.Export(c)
	return c.Octets()
}

// handOver lets another process go on with an end, once that is quiet. Meanwhile it
// hears nothing for a moment.
func (c *couple) handOver(i int) {
	e := c.ends[i]
	for !e.session.Quiet() {
		c.advance(10*time.Millisecond, 10*time.Millisecond)
	}
	before := e.session.View(c.now)
	read := state.Reader(exported(e.session, c.now), c.now)
	s, err := Restore(c.now, e.env, read)
	if err == nil {
		err = read.End()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if after := s.View(c.now); !reflect.DeepEqual(before, after) {
		c.t.Fatalf("%s was\n%+v\nand is\n%+v", e.name, before, after)
	}
	e.session = s
	c.collect(i)
}

// Twenty times either end is handed over while packets flow, in the middle of
// whatever goes on: none is lost, and either end can do all that it could before.
func TestHandedOver(t *testing.T) {
	for seed := range uint64(10) {
		c := newCouple(t, seed, " set pfs group19\n")
		c.lose, c.repeat = int(seed%4)*10, int(seed%3)*20
		for n := range 20 {
			switch who := c.rng.IntN(2); n % 3 {
			case 0:
				c.rekeyChild(who)
			case 1:
				c.rekeyIKE(who)
			}
			c.advance(time.Duration(c.rng.IntN(100))*time.Millisecond, 10*time.Millisecond)
			c.handOver(c.rng.IntN(2))
			c.advance(time.Duration(c.rng.IntN(3))*time.Second, 10*time.Millisecond)
		}
		c.lose, c.repeat = 0, 0
		c.advance(10*time.Minute, 100*time.Millisecond)
		c.agreed()
		if c.lost > 0 {
			t.Errorf("seed %d: %d packets were lost", seed, c.lost)
		}
		c.handOver(0)
		c.end(1)
		c.advance(10*time.Minute, 0)
		c.gone()
	}
}

// The peer of a router that was handed over repeats its last request, and gets the
// answer that it has missed.
func TestHandedOverAnswer(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n dpd 10 2 periodic")
	p.up(p.r1)
	p.advance(10*time.Second, func(from *party, _ ike.Datagram) bool { return from == p.r2 })
	answers := len(all[PacketSent](p.r2))
	p.handOver(p.r2)
	p.advance(3*time.Second, nil)
	want(t, p.r2, func(e Retransmission) bool { return e.MessageID == 2 })
	if len(all[InformationalAnswered](p.r1)) == 0 || len(all[PacketSent](p.r2)) == answers {
		t.Errorf("R1 has no answer\n%s", p.r1.story())
	}
}

// A dead peer is found out by whoever took over while it was asked.
func TestHandedOverLiveness(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n dpd 10 2 periodic")
	p.up(p.r1)
	silence := func(*party, ike.Datagram) bool { return true }
	p.advance(13*time.Second, silence)
	p.handOver(p.r1)
	p.advance(10*time.Second, silence)
	want[PeerDead](t, p.r1, nil)
	if len(p.r1.sas) != 0 {
		t.Errorf("%d SAs are left", len(p.r1.sas))
	}
}

func (p *pairOf) handOver(r *party) {
	p.t.Helper()
	s, err := Restore(p.now, r.env, state.Reader(exported(r.session, p.now), p.now))
	if err != nil {
		p.t.Fatal(err)
	}
	r.session = s
}

// What is being made is not handed over.
func TestQuiet(t *testing.T) {
	c := newCouple(t, 1, "")
	s := c.ends[0].session
	if !s.Quiet() {
		t.Error("an SA at rest is not quiet")
	}
	c.rekeyChild(0)
	if s.Quiet() {
		t.Error("quiet while a pair is rekeyed")
	}
	c.advance(time.Minute, 0)
	c.rekeyIKE(0)
	if s.Quiet() {
		t.Error("quiet while the IKE SA is rekeyed")
	}
	c.advance(time.Minute, 0)
	c.end(0)
	if s.Quiet() {
		t.Error("quiet before the peer has confirmed our deletion")
	}
	c.advance(time.Minute, 0)
	if !s.Quiet() {
		t.Error("not quiet when all is over")
	}
}

// Of a tunnel and a profile that the next configuration does not have the names are
// left: enough to delete what was made for them.
func TestRestoreWithoutTunnel(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	without := newParty(t, "R1", "192.168.0.1", "192.168.0.2", replaced(psk+tunnel, "Tunnel1", "Tunnel2", "profile V2", "profile OTHER"))
	s, err := Restore(p.now, without.env, state.Reader(exported(p.r1.session, p.now), p.now))
	if err != nil {
		t.Fatal(err)
	}
	p.r1.session = s
	s.Delete(p.now, "configuration changed")
	p.r1.collect(p.now)
	p.settle()
	if len(p.r1.sas)+len(p.r2.sas) != 0 || s.Tunnel() != "Tunnel1" || !s.Done() {
		t.Errorf("%d and %d SAs are left", len(p.r1.sas), len(p.r2.sas))
	}
}

// awkward is a session with something in every part of its state.
func awkward(t testing.TB) (*pairOf, []byte) {
	p := pskPair(t, "keyring local K", "keyring local K\n dpd 10 2 periodic")
	p.up(p.r1)
	s := p.r1.session
	c := s.children[0]
	c.handover = &handover{out: ipsec.SA{SAID: c.out.SAID, Direction: ipsec.Out, Mode: ipsec.Tunnel, Encap: &ipsec.Encap{}}, old: c}
	p.advance(11*time.Second, func(*party, ike.Datagram) bool { return true })
	s.deleteSPI(wireProtocol(ipsec.ESP), 1, 2)
	s.ike.answers = append(s.ike.answers, &answer{id: 7, datagrams: [][]byte{{1}}, until: p.now})
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
	if err != nil || len(s.ike.flights)+len(s.ike.queue) != 2 || s.children[0].handover.old != s.children[0] {
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
