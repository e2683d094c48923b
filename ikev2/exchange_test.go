package ikev2

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// pass delivers until both are silent: each datagram as often as times says.
func (p *pairOf) pass(times func(r *party, d ike.Datagram) int) {
	for len(p.r1.sent)+len(p.r2.sent) > 0 {
		for _, r := range []*party{p.r1, p.r2} {
			if len(r.sent) > 0 {
				d := r.next()
				for range times(r, d) {
					p.deliver(r, d)
				}
			}
		}
	}
}

// Each of the four messages may come twice.
func TestRepeated(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	seen := map[string]bool{}
	p.pass(func(_ *party, d ike.Datagram) int {
		if seen[string(d.Data)] {
			return 1
		}
		seen[string(d.Data)] = true
		return 2
	})
	p.wantUp()
	if n := len(all[Duplicate](p.r2)); n != 2 {
		t.Errorf("%d repetitions answered", n)
	}
}

// Each of the four messages may be lost once.
func TestLost(t *testing.T) {
	for n := range 4 {
		p := pskPair(t)
		p.initiate(p.r1)
		count := 0
		p.pass(func(*party, ike.Datagram) int {
			if count++; count == n+1 {
				return 0
			}
			return 1
		})
		p.advance(3*time.Second, nil)
		p.wantUp()
		want[Retransmission](t, p.r1, nil)
		if n%2 == 1 {
			want[Duplicate](t, p.r2, nil)
		}
		if got := all[ike.SessionUp](p.r1); len(got) != 1 {
			t.Errorf("up %d times", len(got))
		}
	}
}

// A peer that answers nothing is given up, and nothing is left.
func TestNobodyAnswers(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	p.advance(exchangeTime-time.Second, func(*party, ike.Datagram) bool { return true })
	if p.r1.session.Done() {
		t.Fatal("given up before time")
	}
	p.advance(time.Second, func(*party, ike.Datagram) bool { return true })
	if n := len(all[PacketSent](p.r1)); n != len(retransmitAfter) {
		t.Errorf("sent %d times", n)
	}
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Stage == "SA_INIT" && e.Tunnel == "Tunnel1" && e.Reason == "no answer to IKE_SA_INIT"
	})
	if !p.r1.session.Silent() {
		t.Error("not silent")
	}
	p.r1.wantIdle()
}

// A responder whose initiator does not go on keeps nothing.
func TestHalfOpen(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	if !p.r2.session.HalfOpen() {
		t.Error("not half-open")
	}
	p.r1.session.Delete(p.now, "test")
	p.r1.collect(p.now)
	p.r2.sent = nil
	p.advance(p.r2.env.Config.ISAKMP.HalfOpenTimeout, nil)
	want(t, p.r2, func(e ike.SessionDown) bool { return !e.Established && e.Reason == "the peer does not go on" })
	want(t, p.r2, func(e TimedOut) bool { return e.Timer == AuthTimer })
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// A request that overtook another one is new once only, however long the other
// does not come: an old copy of it changes nothing.
func TestOvertaking(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	id := p.r1.session.ike.next
	early, late := p.r1.forge(wire.ExchangeInformationalV2, id+1, false), p.r1.forge(wire.ExchangeInformationalV2, id, false)
	p.deliver(p.r1, early)
	p.advance(2*answerTime, func(*party, ike.Datagram) bool { return true })
	read := len(all[MessageRead](p.r2))
	p.deliver(p.r1, early)
	if len(all[MessageRead](p.r2)) != read || len(all[Duplicate](p.r2)) != 1 {
		t.Error("a request was taken twice")
	}
	p.deliver(p.r1, late)
	p.advance(2*answerTime, func(*party, ike.Datagram) bool { return true })
	if n := len(p.r2.session.ike.answers); n != 0 {
		t.Errorf("%d responses are kept for ever", n)
	}
}

// Delete tells the peer: the child SA first, then the IKE SA. Lost messages are
// repeated, and both ends are idle in the end.
func TestDelete(t *testing.T) {
	for _, lost := range []string{"nothing", "requests", "responses"} {
		p := pskPair(t)
		p.up(p.r1)
		p.r1.session.Delete(p.now, "test")
		p.r1.collect(p.now)
		if p.r1.session.Alive() || len(p.r1.sas) != 0 || len(p.r1.sent) != 2 {
			t.Fatalf("%d SAs are left, %d messages sent", len(p.r1.sas), len(p.r1.sent))
		}
		if v := p.r1.session.View(p.now); v.Status != "DELETE" {
			t.Errorf("shown as %s", v.Status)
		}
		p.pass(func(_ *party, d ike.Datagram) int {
			_, response := exchangeOf(d)
			if lost == "requests" && !response || lost == "responses" && response {
				return 0
			}
			return 1
		})
		p.advance(answerTime, nil)
		want(t, p.r2, func(e ike.SessionDown) bool { return e.Established && e.Reason == "deleted by the peer" })
		if got := all[DeleteReceived](p.r2); len(got) != 2 || got[0].Protocol != wire.ProtocolESP || !got[0].Known || got[1].Protocol != wire.ProtocolISAKMP {
			t.Errorf("%+v", got)
		}
		p.r1.wantIdle()
		p.r2.wantIdle()
	}
}

// Both ends delete at once.
func TestDeleteAtOnce(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	for _, r := range []*party{p.r1, p.r2} {
		r.session.Delete(p.now, "test")
		r.collect(p.now)
	}
	p.settle()
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// A child SA that is deleted goes at both ends; the IKE SA stays.
func TestDeleteChild(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	p.r2.session.DeleteChild(p.now, p.r2.session.children[0].in.SPI, "test")
	p.r2.collect(p.now)
	p.settle()
	for _, r := range []*party{p.r1, p.r2} {
		if !r.session.Established() || len(r.sas) != 0 || len(r.session.children) != 0 || r.session.Busy() {
			t.Errorf("%s: %d SAs", r.name, len(r.sas))
		}
	}
}

// Requests of the peer are taken in any order within the window, answered once,
// and beyond it not at all.
func TestWindow(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	id := p.r1.session.ike.next
	ask := func(n uint32) int {
		before := len(p.r2.sent)
		p.deliver(p.r1, p.r1.forge(wire.ExchangeInformationalV2, n, false))
		return len(p.r2.sent) - before
	}
	for _, n := range []uint32{id + 4, id + 2, id + 2, id} {
		if ask(n) != 1 {
			t.Errorf("request %d is not answered", n)
		}
	}
	if ask(id+6) != 0 || ask(id-10) != 0 {
		t.Error("a request outside the window is answered")
	}
	if ask(id+5) != 1 || ask(id+1) != 1 || ask(id+3) != 1 || ask(id+6) != 1 {
		t.Error("the window has not moved")
	}
	if n := len(p.r2.session.ike.answers); n > 6 {
		t.Errorf("%d answers are kept", n)
	}
	if len(all[MessageRejected](p.r2)) != 2 {
		t.Errorf("%+v", all[MessageRejected](p.r2))
	}
}

// Our requests keep to the peer's window, and go on in order as it moves.
func TestPeerWindow(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	s := p.r1.session
	s.ike.window = 2
	for range 5 {
		s.ask(s.ike, probe{time.Second})
	}
	p.r1.collect(p.now)
	if len(p.r1.sent) != 2 {
		t.Fatalf("%d requests in a window of 2", len(p.r1.sent))
	}
	second := p.r1.sent[1]
	p.r1.sent = p.r1.sent[:1]
	held := p.r1.next()
	p.deliver(p.r1, second)
	p.settle()
	if len(s.ike.flights) != 1 {
		t.Errorf("%d in flight while the oldest is lost", len(s.ike.flights))
	}
	p.deliver(p.r1, held)
	p.settle()
	if s.Busy() || len(all[InformationalAnswered](p.r1)) != 5 {
		t.Errorf("%d answered", len(all[InformationalAnswered](p.r1)))
	}
}

// An unknown critical payload is refused by its type; one without the bit is
// passed over.
func TestCriticalPayload(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	id := p.r1.session.ike.next
	odd := payload(13, wire.Raw("IKEv1"))
	p.deliver(p.r1, p.r1.forge(wire.ExchangeInformationalV2, id, false, odd))
	p.deliver(p.r1, p.r1.forge(wire.ExchangeInformationalV2, id+1, false, critical(odd)))
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2UnsupportedCriticalPayload })
	want(t, p.r2, func(e MessageRejected) bool { return strings.Contains(e.Reason, "type 13") })
	if !p.r2.session.Established() || len(p.r2.sent) != 2 {
		t.Error("the SA has suffered")
	}
}

// What an authenticated peer cannot have meant ends the IKE SA at both ends.
func TestInvalidSyntax(t *testing.T) {
	for what, bad := range map[string]wire.Payload{
		"a delete of three octets": payload(wire.PayloadDeleteV2, wire.Raw{3, 4, 0}),
		"a notify of two":          payload(wire.PayloadNotifyV2, wire.Raw{0, 0}),
		"an SK inside":             payload(wire.PayloadSK, wire.Raw("xx")),
	} {
		p := pskPair(t)
		p.up(p.r1)
		p.deliver(p.r1, p.r1.forge(wire.ExchangeInformationalV2, p.r1.session.ike.next, false, bad))
		want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2InvalidSyntax })
		if p.r2.session.Alive() || len(p.r2.sas) != 0 {
			t.Errorf("%s: the SA goes on", what)
		}
		p.advance(answerTime, nil)
		p.r2.wantIdle()
	}
}

// An exchange that has no place in an SA is refused.
func TestUnknownExchange(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	p.deliver(p.r1, p.r1.forge(wire.ExchangeAuth, p.r1.session.ike.next, false))
	if !slices.ContainsFunc(all[NotifySent](p.r2), func(e NotifySent) bool { return e.Type == wire.V2InvalidSyntax }) {
		t.Error("IKE_AUTH after IKE_AUTH is taken")
	}
}

// The lifetime ends an IKE SA without child SAs, for which nobody wants another.
func TestLifetime(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n lifetime 120")
	p.up(p.r1)
	p.r1.session.DeleteChild(p.now, p.r1.session.children[0].in.SPI, "cleared")
	p.r1.collect(p.now)
	p.advance(2*time.Minute, nil)
	want(t, p.r1, func(e ike.SessionDown) bool { return e.Established })
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// An IKE SA that is deleted while IKE_AUTH is under way may stand for the peer: it
// is deleted there when the peer has answered, whatever was lost before.
func TestDeleteInAuth(t *testing.T) {
	for _, lost := range []bool{false, true} {
		p := pskPair(t)
		p.initiate(p.r1)
		p.step(p.r1)
		p.step(p.r2)
		if st := p.r1.session.View(p.now).State; st != IWaitAuth {
			t.Fatal(st)
		}
		p.r1.session.Delete(p.now, "test")
		p.r1.collect(p.now)
		if p.r1.session.Alive() || p.r1.session.Established() || p.r1.session.Done() {
			t.Error("it counts as an IKE SA, or is forgotten")
		}
		first := lost
		p.advance(answerTime, func(from *party, _ ike.Datagram) bool {
			lose := first && from == p.r2
			first = first && !lose
			return lose
		})
		want(t, p.r2, func(e ike.SessionDown) bool { return e.Established && e.Reason == "deleted by the peer" })
		want(t, p.r1, func(e ike.SessionDown) bool { return !e.Established && e.Reason == "test" })
		p.r1.wantIdle()
		p.r2.wantIdle()
	}
}
