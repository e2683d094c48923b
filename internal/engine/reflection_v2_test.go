package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// Whoever sends us back what we say does not make us our own peer in version 2
// either, not even where any identity and one key will do.
func TestReflectorV2(t *testing.T) {
	c := routerV2(t, peerAddr(0), "", hubAddr)
	e := New(start, ike.Env{Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{})}, Options{Options: tunnel.Options{Manual: true}})
	if err := e.Command(start, ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for o, ok := e.Poll(); ok && sent < 50; o, ok = e.Poll() {
		switch o := o.(type) {
		case ike.Send: // from here, and as if it came from the peer
			sent++
			e.HandleDatagram(start, o.Datagram)
			back := o.Datagram
			back.Local, back.Remote = back.Remote, back.Local
			e.HandleDatagram(start, back)
		case ike.InstallSA:
			e.HandleKernel(start, ipsec.Installed{SAID: o.SA.SAID})
		}
	}
	if c := e.counters; c.Established != 0 || sent == 0 || c.UnknownSA != uint64(2*sent) || len(e.sessions.all) != 1 {
		t.Errorf("%d IKE SAs with ourselves after %d datagrams: %+v", c.Established, sent, c)
	}
}
