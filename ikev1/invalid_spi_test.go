package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// The delete of a pair was lost: R2 says that it has no SA for what R1 sends, and
// R1 gives the pair up. What names another SA, or none, changes nothing.
func TestInvalidSPI(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	in, out := spiBytes(p.r1.session.pairs()[0].in.SPI), spiBytes(p.r1.session.pairs()[0].out.SPI)
	id := uint32(100)
	say := func(protocol wire.ProtocolID, spi []byte) {
		id++
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, id, payload(wire.PayloadNotify,
			wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: protocol, Type: wire.NotifyInvalidSPI, SPI: spi})))
	}
	say(wire.ProtocolESP, in)
	say(wire.ProtocolAH, out)
	say(wire.ProtocolESP, nil)
	say(wire.ProtocolESP, []byte{1, 2, 3, 4})
	if len(p.r1.sas) != 2 || len(all[ike.ChildDown](p.r1)) != 0 {
		t.Fatalf("%d SAs\n%s", len(p.r1.sas), p.r1.story())
	}
	say(wire.ProtocolESP, out)
	p.settle()
	if len(p.r1.sas) != 0 || len(p.r2.sas) != 0 {
		t.Errorf("%d and %d SAs", len(p.r1.sas), len(p.r2.sas))
	}
	want(t, p.r1, func(e ike.ChildDown) bool { return e.Reason == "the peer has no SA for its SPI" })
}
