package engine

import (
	"crypto/rand"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// Whoever stands in the peer's place without its key sends us back what we say:
// we must not authenticate ourselves as the peer.
func TestReflector(t *testing.T) {
	for _, mode := range []string{"", " initiate mode aggressive\n"} {
		config, errs := policy.Compile(policy.Source{Name: "R1", Text: []byte(`
crypto isakmp policy 10
 authentication pre-share
 group 14
crypto isakmp key cisco address 192.168.0.2
crypto isakmp profile prof1
 match identity address 0.0.0.0
` + mode + `crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
 set isakmp-profile prof1
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 192.168.0.1
 tunnel destination 192.168.0.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`)})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		e := New(start, ike.Env{Config: config, PKI: pki.NewSnapshot(nil), Rand: rand.Reader}, Options{Options: tunnel.Options{Manual: true}})
		if err := e.Command(start, ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
			t.Fatal(err)
		}
		sent := 0
		for o, ok := e.Poll(); ok && sent < 50; o, ok = e.Poll() {
			switch o := o.(type) {
			case ike.Send:
				sent++
				e.HandleDatagram(start, o.Datagram)
			case ike.InstallSA:
				e.HandleKernel(start, ipsec.Installed{SAID: o.SA.SAID})
			}
		}
		if n := e.counters.Established; n != 0 || sent < 2 {
			t.Errorf("mode %q: %d IKE SAs with ourselves after %d datagrams", mode, n, sent)
		}
	}
}
