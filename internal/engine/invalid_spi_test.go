package engine

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// A packet of no SA is told of, with the interface that it came to where the
// configuration has its address.
func TestInvalidSPI(t *testing.T) {
	e := newHub(t, 1).e
	for dst, itf := range map[netip.Addr]string{hubAddr: "Ethernet0/0", netip.MustParseAddr("203.0.113.1"): ""} {
		id := ipsec.SAID{Src: peerAddr(0), Dst: dst, SPI: 0x1000, Protocol: ipsec.ESP}
		e.HandleKernel(start, ipsec.InvalidSPI{SAID: id})
		o, ok := e.Poll()
		if r, _ := o.(ike.Report); !ok || r.Event != (InvalidSPI{SAID: id, Interface: itf}) {
			t.Errorf("%+v", o)
		}
		if o, ok := e.Poll(); ok {
			t.Errorf("and %+v", o)
		}
	}
}
