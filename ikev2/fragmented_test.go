package ikev2

import (
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Long messages go in fragments where both ends announce it, in any order and
// twice, and a lost one comes with the repetition of all.
func TestFragmentedHandshake(t *testing.T) {
	for _, how := range []string{"in order", "backwards", "one lost", "one lost of the response"} {
		p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
		p.initiate(p.r1)
		p.settleBut(func(r *party, list []ike.Datagram) []ike.Datagram {
			switch {
			case how == "backwards":
				for i := range len(list) / 2 {
					list[i], list[len(list)-1-i] = list[len(list)-1-i], list[i]
				}
				return append(list, list...)
			case how == "one lost" && r == p.r1 && len(list) > 1 && p.now.Equal(epoch):
				return list[1:]
			case how == "one lost of the response" && r == p.r2 && len(list) > 1 && p.now.Equal(epoch):
				return list[:len(list)-1]
			}
			return list
		})
		p.advance(3*time.Second, nil)
		p.wantUp()
		want(t, p.r1, func(e PacketSent) bool { return e.Fragments > 1 && e.Payloads[0].Type == wire.PayloadSKF })
		if p.r1.held+p.r2.held != 0 {
			t.Errorf("%s: %d octets are held", how, p.r1.held+p.r2.held)
		}
	}
	p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "")
	p.up(p.r1)
	want(t, p.r1, func(e PacketSent) bool { return e.Fragments == 1 })
	if !strings.Contains(contents(p.r1)[0], "FRAGMENTATION") || strings.Contains(contents(p.r2)[0], "FRAGMENTATION") {
		t.Error("announced by whom?")
	}
}

// Fragments of a half-open SA's first message are bounded, and go with it.
func TestFragmentFlood(t *testing.T) {
	p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.step(p.r1) // the first of several
	if p.r2.held == 0 || len(p.r2.session.ike.reassembly) != 1 {
		t.Fatal("nothing is held")
	}
	p.r1.session.Delete(p.now, "test")
	p.r1.collect(p.now)
	p.r1.sent = nil
	p.advance(time.Minute, nil)
	p.r2.wantIdle()
}
