package ikev1

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// rekeying is a tunnel of R1 whose successor is agreed on and does not send yet.
func rekeying(t *testing.T) (p *pairOf, old, next *child) {
	t.Helper()
	p = newPair(t)
	p.up(p.r1)
	old = p.r1.session.pairs()[0]
	p.r1.orders = nil
	p.r1.session.rekey(old)
	p.r1.collect(p.now)
	p.settle()
	if n := len(p.r1.session.pairs()); n != 2 {
		t.Fatalf("%d pairs", n)
	}
	next = p.r1.session.pairs()[1]
	if got, want := strings.Join(p.r1.orders, " "), "expect send in send"; got != want || !next.pending() {
		t.Fatalf("initiator: %s, want %s", got, want)
	}
	p.r1.orders = nil
	return p, old, next
}

// The initiator of a rekey receives on the new pair from QM3 on, and sends on the
// old one until the peer is sure to have QM3.
func TestHandover(t *testing.T) {
	p, old, next := rekeying(t)
	p.advance(handoverTime-1, nil)
	if len(p.r1.orders) != 0 {
		t.Errorf("too early: %s", p.r1.orders)
	}
	p.advance(1, nil)
	if got := strings.Join(p.r1.orders, " "); got != "out" || old.retired {
		t.Errorf("%s, want out", got)
	}
	p.advance(handoverTime, nil)
	if got, want := strings.Join(p.r1.orders, " "), "out -out send"; got != want || !old.retired {
		t.Errorf("%s, want %s", got, want)
	}
	if _, ok := p.r1.sas[next.out.SAID]; !ok || next.handover != nil {
		t.Error("the new pair does not send")
	}
}

// A pair whose volume is used up before handoverTime does not send so long: its
// successor takes over when half of what was left at the rate so far is sent.
func TestHandoverUnderLoad(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{
		time.Hour:      256 * time.Hour / (4608000 - 256) / 2,
		20 * time.Hour: handoverTime,
	} {
		p := newPair(t)
		p.up(p.r1)
		old := p.r1.session.pairs()[0]
		old.lifetime, old.expires, old.soft = ipsec.Lifetime{Kilobytes: 4608000}, time.Time{}, time.Time{}
		old.installed = p.now.Add(-age)
		p.r1.orders = nil
		p.r1.session.HandleKernel(p.now, ipsec.Expired{SAID: old.out.SAID})
		p.r1.collect(p.now)
		p.settle()
		next := p.r1.session.pairs()[1]
		if got := next.handover.at.Sub(p.now); got.Round(time.Millisecond) != want.Round(time.Millisecond) {
			t.Errorf("after %v: %v, want %v", age, got, want)
		}
	}
}

// A pair that goes for its age has volume left: its successor waits all of handoverTime,
// also when the data plane is the first to say that it is time, by its seconds.
func TestHandoverByTime(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	if old.lifetime.Kilobytes == 0 || old.lifetime.Duration == 0 {
		t.Fatalf("the pair has not both limits: %v", old.lifetime)
	}
	p.now = old.begun.Add(old.lifetime.Soft(old.initiator).Duration - time.Second)
	p.r1.session.HandleKernel(p.now, ipsec.Expired{SAID: old.in.SAID})
	p.r1.collect(p.now)
	p.settle()
	if got := p.r1.session.pairs()[1].handover.at.Sub(p.now); got != handoverTime {
		t.Errorf("the new pair sends after %v, want %v", got, handoverTime)
	}
}

// A peer that repeats QM2 has no QM3: the old pair goes on sending.
func TestHandoverWaits(t *testing.T) {
	p, _, next := rekeying(t)
	qm2 := p.r2.last
	for range 5 {
		p.advance(900*time.Millisecond, nil)
		p.deliver(p.r1, bytes.Clone(qm2))
		p.settle()
	}
	if !next.pending() {
		t.Error("the new pair sends")
	}
	p.advance(2*handoverTime, nil)
	if next.handover != nil {
		t.Error("the new pair never sends")
	}
}

// The pair that still sends goes, or the IKE SA does: the new pair sends.
func TestHandoverHastened(t *testing.T) {
	for name, do := range map[string]func(p *pairOf, old *child){
		"the peer deletes the pair": func(p *pairOf, old *child) {
			p.r2.session.DeleteChild(p.now, old.out.SPI, "test")
			p.r2.collect(p.now)
		},
		"we delete the pair": func(p *pairOf, old *child) { p.r1.session.DeleteChild(p.now, old.in.SPI, "test") },
		"the IKE SA ends": func(p *pairOf, _ *child) {
			p.r1.session.Delete(p.now, "test")
			p.r1.collect(p.now)
			p.advance(handoverTime, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, old, next := rekeying(t)
			do(p, old)
			p.r1.collect(p.now)
			p.settle()
			if _, ok := p.r1.sas[next.out.SAID]; !ok || next.pending() {
				t.Errorf("the new pair does not send: %s", p.r1.orders)
			}
			p.advance(handoverTime+drainTime, nil)
			if len(p.r1.sas) != 2 || len(p.r1.session.pairs()) != 1 {
				t.Errorf("%d SAs", len(p.r1.sas))
			}
		})
	}
}

// A new pair that goes before it sent leaves no key and no SA behind, and the old
// one is rekeyed again; likewise one that the data plane refuses.
func TestHandoverFails(t *testing.T) {
	for name, do := range map[string]func(p *pairOf, next *child){
		"deleted": func(p *pairOf, next *child) { p.r1.session.DeleteChild(p.now, next.in.SPI, "test") },
		"refused": func(p *pairOf, next *child) {
			p.r1.refuse = func(sa ipsec.SA) error { return errors.New("no memory") }
			p.advance(handoverTime, nil)
			p.r1.refuse = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, old, next := rekeying(t)
			keys := next.handover.out
			do(p, next)
			p.r1.collect(p.now)
			p.settle()
			if name == "deleted" && !bytes.Equal(keys.EncrKey, make([]byte, len(keys.EncrKey))) {
				t.Error("keys are left")
			}
			// R2 receives on the new one for a while: R1 may have sent.
			if len(p.r1.sas) != 2 || len(p.r2.sas) != 3 || len(p.r1.session.pairs()) != 1 || old.replaced {
				t.Errorf("%d and %d SAs\n%s", len(p.r1.sas), len(p.r2.sas), p.r1.story())
			}
			p.advance(rekeyRetry+2*handoverTime+drainTime, nil)
			if c := p.r1.session.pairs(); len(c) != 1 || c[0] == old || len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
				t.Errorf("not rekeyed again: %d and %d SAs", len(p.r1.sas), len(p.r2.sas))
			}
		})
	}
}

// A pair that is replaced before it sent anything takes the one that it was to
// replace with it.
func TestHandoverOvertaken(t *testing.T) {
	p, old, next := rekeying(t)
	p.r1.session.retire(next)
	p.r1.collect(p.now)
	p.settle()
	if !old.retired || !next.retired || next.handover != nil {
		t.Errorf("old retired %v, new retired %v", old.retired, next.retired)
	}
	p.advance(drainTime, nil)
	want(t, p.r1, func(e ike.ChildDown) bool { return e.InSPI == next.in.SPI })
	if len(p.r1.sas) != 0 || len(p.r2.sas) != 0 {
		t.Errorf("%d and %d SAs", len(p.r1.sas), len(p.r2.sas))
	}
}

// Who is asked for a rekey while the peer's is under way waits for that one: two
// would make two successors. A peer that does not go on holds nobody up.
func TestRekeyWaitsForThePeers(t *testing.T) {
	for _, goesOn := range []bool{true, false} {
		p := newPair(t)
		p.up(p.r1)
		p.advance(time.Minute, nil)
		p.r2.session.now, p.r1.session.now = p.now, p.now
		p.r2.session.rekey(p.r2.session.pairs()[0])
		p.r2.collect(p.now)
		p.step(p.r2) // QM1 is read, QM2 is out
		p.r1.session.rekey(p.r1.session.pairs()[0])
		p.r1.collect(p.now)
		if p.r1.session.Negotiates("Tunnel1") {
			t.Fatal("R1 began a quick mode beside R2's")
		}
		p.advance(30*time.Second, func(from *party, _ []byte) bool { return !goesOn && from == p.r2 })
		begun := 0
		for _, up := range all[ike.ChildUp](p.r1) {
			if up.Rekeys != 0 {
				begun++
			}
		}
		switch {
		case goesOn && (begun != 1 || len(p.r1.session.pairs()) != 1 || len(p.r1.sas) != 2):
			t.Errorf("%d successors, %d pairs, %d SAs; want one pair", begun, len(p.r1.session.pairs()), len(p.r1.sas))
		case !goesOn && !p.r1.session.Negotiates("Tunnel1"):
			t.Error("a peer that does not go on keeps R1 from its rekey")
		}
	}
}

// A pair that rekeys one of another IKE SA is no first pair: the responder sends
// on it when QM3 says that the initiator has it.
func TestRekeyThroughAnotherIKESA(t *testing.T) {
	for carries, want := range map[bool]string{false: "in out send", true: "in send out"} {
		p := newPair(t)
		p.r2.env.Carries = func(tunnel string, in ipsec.Selector) bool {
			return carries && tunnel == "Tunnel1" && in.Protocol == ipsec.GRE
		}
		p.initiate(p.r1)
		for len(p.r1.session.quickModes()) == 0 {
			p.step(p.r1)
			p.step(p.r2)
		}
		p.r2.orders = nil
		p.settle()
		if got := strings.Join(p.r2.orders, " "); got != want {
			t.Errorf("another IKE SA carries the traffic %v: %s, want %s", carries, got, want)
		}
	}
}

// The pairs of two IKE SAs that come together: the older one has its successor.
func TestInheritReplaced(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	other := newPair(t)
	other.up(other.r1)
	old, next := p.r2.session, other.r2.session
	next.pairs()[0].begun = old.pairs()[0].installed.Add(time.Minute)
	next.pairs()[0].installed = next.pairs()[0].begun
	next.Inherit(p.now.Add(time.Minute), old)
	if c := next.pairs(); len(c) != 2 || !c[0].replaced || c[1].replaced || len(old.pairs()) != 0 {
		t.Errorf("%d pairs, replaced %v and %v", len(c), c[0].replaced, c[1].replaced)
	}
}
