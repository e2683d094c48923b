package ikev1

import (
	"bytes"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// keepalive configures one router, or both with "".
func keepalive(router string, k policy.Keepalive) option {
	return func(name string, c *policy.Config) {
		if router == "" || router == name {
			c.ISAKMP.Keepalive, c.Profiles[0].Keepalive = k, k
		}
	}
}

var (
	periodic = policy.Keepalive{Interval: 10 * time.Second, Retry: 2 * time.Second, Periodic: true}
	onDemand = policy.Keepalive{Interval: 10 * time.Second, Retry: 2 * time.Second}
)

// asked are the numbers that a router has asked with.
func (r *party) asked() (numbers []uint32) {
	for _, e := range all[DPDSent](r) {
		if e.Type == wire.NotifyDPDRUThere {
			numbers = append(numbers, e.Sequence)
		}
	}
	return numbers
}

func lost(*party, []byte) bool { return true }

// Every interval, with numbers one after the other that begin small enough.
func TestDPDPeriodic(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.advance(time.Minute, nil)
	numbers := p.r1.asked()
	if len(numbers) != 6 || len(p.r2.asked()) != 0 {
		t.Fatalf("R1 asked %d times, R2 %d; want 6, 0", len(numbers), len(p.r2.asked()))
	}
	for i, n := range numbers {
		if n != numbers[0]+uint32(i) || n >= 1<<31 {
			t.Errorf("numbers %#x", numbers)
		}
	}
	if got := all[DPDReceived](p.r1); len(got) != 6 || got[5].Type != wire.NotifyDPDRUThereAck || got[5].Sequence != numbers[5] {
		t.Errorf("answers %+v", got)
	}
	if len(all[DPDUnanswered](p.r1)) > 0 || !p.r1.session.View(p.now).DPD || p.r2.session.View(p.now).DPD {
		t.Error("unanswered, or shown where it is not")
	}
}

// A peer that is silent is given up after the interval and the retries, with all
// that is shared with it.
func TestDPDPeerFrozen(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.advance(22*time.Second-time.Millisecond, lost)
	if !p.r1.session.Established() || len(p.r1.sas) != 2 || len(p.r1.asked()) != 6 {
		t.Fatalf("asked %d times before the end, established %v", len(p.r1.asked()), p.r1.session.Established())
	}
	want(t, p.r1, func(e DPDUnanswered) bool { return e.Count == 5 && e.Limit == 5 })
	p.advance(time.Millisecond, lost)
	want(t, p.r1, func(e SADeleted) bool { return e.Reason == "P1 errcounter exceeded (PEERS_ALIVE_TIMER)" })
	want[PeerDead](t, p.r1, nil)
	p.r1.wantIdle()
}

// Three of ten messages lost, also one after the other, do not kill it.
func TestDPDLoss(t *testing.T) {
	p := newPair(t, keepalive("", periodic))
	p.up(p.r1)
	n := 0
	p.advance(time.Hour, func(*party, []byte) bool {
		n++
		return n%10 < 3
	})
	if !p.r1.session.Established() || !p.r2.session.Established() || len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
		t.Errorf("an SA is gone after %d messages\n", n)
	}
	if len(all[DPDUnanswered](p.r1)) == 0 {
		t.Error("nothing was lost")
	}
}

// Whatever only the peer can have made is a sign of life.
func TestDPDSignOfLife(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.advance(19*time.Second, lost)
	p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, 100, payload(wire.PayloadNotify, p.r2.dpd(wire.NotifyIOSKeepalive, 1))))
	before := len(p.r1.asked())
	p.advance(10*time.Second-time.Millisecond, lost)
	if n := len(p.r1.asked()); n != before {
		t.Errorf("asked %d times more within the interval", n-before)
	}
	p.advance(12*time.Second, lost)
	if !p.r1.session.Established() {
		t.Error("old questions count")
	}
	p.advance(time.Millisecond, lost)
	p.r1.wantIdle()
}

// An answer with a number that was not asked with, or was answered, is refused.
func TestDPDAnswerRefused(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	p.advance(15*time.Second, lost) // asked at 10, 12 and 14 s
	last := p.r1.asked()[2]
	for i, test := range []struct {
		number uint32
		taken  bool
	}{{last - 1, true}, {last, true}, {last, false}, {last - 1, false}, {last + 1, false}, {last - 6, false}, {0, false}} {
		id, before := uint32(100+i), len(all[DPDReceived](p.r1))
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, id, payload(wire.PayloadNotify, p.r2.dpd(wire.NotifyDPDRUThereAck, test.number))))
		if taken := len(all[DPDReceived](p.r1)) > before; taken != test.taken {
			t.Errorf("number %d after %d taken: %v", test.number, last, taken)
		}
	}
	p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, 200, payload(wire.PayloadNotify, p.r1.dpd(wire.NotifyDPDRUThereAck, 0))))
	want(t, p.r2, func(e MessageRejected) bool { return e.MessageID == 200 })
}

// Whoever did not announce the vendor id is not asked.
func TestDPDUnannounced(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.step(p.r1)
	other := bytes.Clone(wire.VendorDPD)
	other[14]++
	p.deliver(p.r1, bytes.Replace(p.r2.next(), wire.VendorDPD, other, 1))
	p.settle()
	if !p.r1.session.Established() {
		t.Fatal("not up")
	}
	p.advance(10*time.Minute, nil)
	if n := len(p.r1.asked()); n > 0 || p.r1.session.View(p.now).DPD {
		t.Errorf("asked %d times", n)
	}
}

// On demand the peer is asked when traffic leaves and nothing comes.
func TestDPDOnDemand(t *testing.T) {
	for _, test := range []struct {
		name    string
		in, out bool
		asks    bool
	}{
		{"no traffic", false, false, false},
		{"both ways", true, true, false},
		{"in only", true, false, false},
		{"out only", false, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t, keepalive("R1", onDemand))
			p.up(p.r1)
			p.r1.packets = map[ipsec.SAID]uint64{}
			for range 60 {
				for id, sa := range p.r1.sas {
					if sa.Direction == ipsec.In && test.in || sa.Direction == ipsec.Out && test.out {
						p.r1.packets[id]++
					}
				}
				p.advance(time.Second, nil)
			}
			if n := len(p.r1.asked()); (n > 0) != test.asks {
				t.Errorf("asked %d times", n)
			}
			if n := len(all[DPDUnanswered](p.r1)); n > 0 || !p.r1.session.Established() {
				t.Errorf("%d unanswered", n)
			}
		})
	}
}

// Then it is given up as in the other mode; a single packet is enough.
func TestDPDOnDemandFrozen(t *testing.T) {
	p := newPair(t, keepalive("R1", onDemand))
	p.up(p.r1)
	p.advance(time.Hour/2, lost)
	if len(p.r1.asked()) > 0 {
		t.Fatal("asked without traffic")
	}
	p.r1.packets = map[ipsec.SAID]uint64{}
	for id, sa := range p.r1.sas {
		if sa.Direction == ipsec.Out {
			p.r1.packets[id] = 1
		}
	}
	p.advance(22*time.Second, lost)
	want[PeerDead](t, p.r1, nil)
	p.r1.wantIdle()
}

// Neither old answers nor our own questions sent back keep a dead peer alive.
func TestDPDReplayIsNoLife(t *testing.T) {
	p := newPair(t, keepalive("R1", periodic))
	p.up(p.r1)
	var old [][]byte
	p.advance(15*time.Second, func(_ *party, data []byte) bool {
		old = append(old, bytes.Clone(data))
		return false
	})
	if len(old) != 2 || len(all[DPDReceived](p.r1)) != 1 {
		t.Fatalf("%d messages, want a question and an answer", len(old))
	}
	for range 16 { // the answer came at 10 s: 20 s, and 12 s of retries
		if !p.r1.session.Established() {
			t.Fatal("given up too early")
		}
		p.advance(time.Second, func(_ *party, data []byte) bool {
			old = append(old, bytes.Clone(data))
			return true
		})
		for _, data := range old {
			p.r1.session.Handle(p.now, ike.Datagram{Local: p.r1.addr, Remote: p.r2.addr, Data: data})
			p.r1.collect(p.now)
		}
	}
	if len(all[DPDReceived](p.r1)) != 1 {
		t.Error("a replay was taken")
	}
	p.advance(time.Second, lost)
	p.r1.wantIdle()
}
