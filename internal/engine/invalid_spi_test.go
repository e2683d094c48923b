package engine

import (
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// A packet of no SA is told of, with the interface that it came to where the
// configuration has its address, and with what IOS says where there is no ISAKMP SA
// with a peer.
func TestInvalidSPI(t *testing.T) {
	e := newHub(t, 1).e
	for dst, want := range map[netip.Addr]InvalidSPI{
		hubAddr:                            {Interface: "Ethernet0/0", NoSA: true},
		netip.MustParseAddr("203.0.113.1"): {},
	} {
		want.SAID = ipsec.SAID{Src: peerAddr(0), Dst: dst, SPI: 0x1000, Protocol: ipsec.ESP}
		e.HandleKernel(start, ipsec.InvalidSPI{SAID: want.SAID})
		o, ok := e.Poll()
		if r, _ := o.(ike.Report); !ok || r.Event != want {
			t.Errorf("%+v", o)
		}
		if o, ok := e.Poll(); ok {
			t.Errorf("and %+v", o)
		}
	}
}

// Anybody can send packets of no SA in a peer's name. Who has an IKE SA with us is told
// of one a minute, and not of what an exchange under way or a pair that has just gone
// explains; nobody else is told anything.
func TestInvalidSPIAnswered(t *testing.T) {
	for _, more := range []string{"", "crypto isakmp invalid-spi-recovery\n"} {
		r := newTargetV2(t, more, peerAddr(0), peerAddr(1))
		s := strange(t, peerAddr(0), 0)
		s.carry(r, 0)
		inSPI := r.sessions.all[0].Brief().Children[0].InSPI
		tell := func(peer int, spi uint32, after time.Duration, want int) {
			t.Helper()
			r.sent, r.now = nil, start.Add(after)
			r.HandleKernel(r.now, ipsec.InvalidSPI{SAID: ipsec.SAID{Src: peerAddr(peer), Dst: hubAddr, SPI: spi, Protocol: ipsec.ESP}})
			r.drain()
			if len(r.sent) != want || len(r.sessions.all) != 1 {
				t.Fatalf("%q: peer %d, SPI %#x, after %v: %d datagrams, %d sessions", more, peer, spi, after, len(r.sent), len(r.sessions.all))
			}
		}
		answer := func() {
			s.hears(r.now, r.sent...)
			s.carry(r, 0)
		}
		tell(0, inSPI, 0, 0) // it stands by now
		tell(1, 0x999, 0, 0) // no IKE SA
		tell(5, 0x999, 0, 0) // no peer
		tell(0, 0x999, 0, 1)
		answer()
		tell(0, 0x999, 59*time.Second, 0)
		tell(0, 0x999, 60*time.Second, 1)
		told := r.sent
		tell(0, 0x999, 120*time.Second, 0) // it has not answered
		r.sent = told
		answer()
		if n := len(r.sessions.all[0].Brief().Children); n != 1 || !s.Established() {
			t.Fatalf("%d pairs", n)
		}
		for _, c := range s.Brief().Children {
			s.DeleteChild(r.now, c.InSPI, "test")
		}
		s.carry(r, 0)
		tell(0, inSPI, 129*time.Second, 0)
		tell(0, inSPI, 130*time.Second, 1)
	}
}
