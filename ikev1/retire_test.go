package ikev1

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// The pair goes while its rekey is under way: the successor stands, and what is
// gone is neither removed nor deleted a second time.
func TestRekeyOfAPairThatWent(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	p.r1.session.rekey(old)
	p.r1.collect(p.now)
	p.r1.session.DeleteChild(p.now, old.in.SPI, "test")
	p.r1.collect(p.now)
	p.r1.orders, p.r1.events = nil, nil
	p.settle()
	if got, want := strings.Join(p.r1.orders, " "), "in out send"; got != want {
		t.Errorf("orders: %s, want %s", got, want)
	}
	for _, e := range all[DeleteSent](p.r1) {
		t.Errorf("delete of %x after it went", e.SPI)
	}
	want(t, p.r1, func(e ike.ChildUp) bool { return e.Rekeys == 0 })
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
		t.Errorf("%d and %d SAs", len(p.r1.sas), len(p.r2.sas))
	}
}

// Two quick modes of ours replace one pair: it is retired once.
func TestRetiredOnce(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	p.r1.session.StartChild(p.now, p.r1.itf)
	p.r1.session.rekey(old)
	p.r1.collect(p.now)
	p.r1.orders = nil
	p.settle()
	p.advance(2*handoverTime, nil)
	n := 0
	for _, e := range all[DeleteSent](p.r1) {
		if spiOf(e.SPI) == old.in.SPI {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d deletes of the old pair, want 1: %s", n, p.r1.orders)
	}
	p.advance(drainTime, nil)
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
		t.Errorf("%d and %d SAs\n%s", len(p.r1.sas), len(p.r2.sas), p.r1.story())
	}
}

// Of two pairs for one tunnel one is given up: the peer may still send on it, so it
// receives until what is under way has come.
func TestSuperseded(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r1.session.StartChild(p.now, p.r1.itf)
	p.r1.collect(p.now)
	p.settle()
	p.advance(handoverTime, nil) // it sends
	p.r1.orders = nil
	loser := p.r1.session.pairs()[1]
	p.r1.session.SupersedeChild(p.now, loser.in.SPI)
	p.r1.collect(p.now)
	if got := strings.Join(p.r1.orders, " "); !strings.Contains(got, "-out") || strings.Contains(got, "-in") {
		t.Errorf("given up: %s, want its outbound SA removed alone", got)
	}
	p.advance(drainTime, nil)
	if _, in := p.r1.sas[loser.in.SAID]; in {
		t.Error("it receives still")
	}
}
