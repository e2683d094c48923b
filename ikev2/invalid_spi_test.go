package ikev2

import (
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// R2 says, in either way, that it has no SA for what R1 sends, and R1 gives the pair
// up. What names another SA changes nothing.
func TestInvalidSPI(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		p := pskPair(t)
		p.up(p.r1)
		c := p.r1.session.children[0]
		say := func(spi uint32) {
			p.r2.session.InvalidSPI(p.now, ipsec.SAID{SPI: spi, Protocol: ipsec.ESP}, recovery)
			p.r2.collect(p.now)
			p.settle()
		}
		say(c.in.SPI)
		say(0x12345678)
		p.wantUp()
		say(c.out.SPI)
		if len(p.r1.sas) != 0 || len(all[ike.ChildDown](p.r1)) != 1 || !p.r1.session.Established() {
			t.Errorf("recovery %v: %d SAs\n%s", recovery, len(p.r1.sas), p.r1.story())
		}
		if n := len(all[DeleteSent](p.r2)); (n > 0) == recovery {
			t.Errorf("recovery %v: %d deletes", recovery, n)
		}
		say(c.out.SPI) // again
		if !p.r1.session.Established() {
			t.Errorf("recovery %v: the IKE SA is gone", recovery)
		}
		if told := slices.ContainsFunc(all[NotifyReceived](p.r1), func(e NotifyReceived) bool { return e.Type == wire.V2InvalidSPI }); told != recovery {
			t.Errorf("recovery %v: INVALID_SPI %v\n%s", recovery, told, p.r1.story())
		}
	}
}

// A notification whose data is no SPI says nothing.
func TestInvalidSPIOfOtherLength(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	for n, data := range [][]byte{nil, {1, 2, 3}, make([]byte, 5)} {
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformationalV2, p.r2.session.ike.next+uint32(n), false,
			payload(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2InvalidSPI, Data: data})))
	}
	if n := len(all[NotifyReceived](p.r1)); n != 3 || len(p.r1.sas) != 2 {
		t.Errorf("%d notifications, %d SAs\n%s", n, len(p.r1.sas), p.r1.story())
	}
}
