//go:build vm

package interop

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// The link carries 1280 octets, and IKE_AUTH with its certificates has more: both
// ends send fragments of RFC 7383, and no fragment of IP crosses the wire.
func TestIKEv2Fragmentation(t *testing.T) {
	const encryptedFragment = 53 // next payload of the header
	for _, d := range daemonsV2 {
		t.Run(d.name, func(t *testing.T) {
			b := newLabV2(t, func(b *lab) {
				for _, r := range []*routers.Router{b.R1, b.R2} {
					_, err := r.Run("ip", "link", "set", routers.Outer, "mtu", "1280")
					must(b.t, err)
				}
			})
			b.peer = d.start(b)
			c := caseV2{suite: suitesV2[0], auth: "rsa-sig", global: "crypto ikev2 fragmentation mtu 1280\n",
				trust: " pki trustpoint IOSCA1\n", charon: "fragmentation = yes", pluto: "\tfragmentation=yes\n\tsendca=issuer\n"}
			for _, test := range []struct {
				name       string
				start, end func()
			}{
				{"obold starts", func() { b.initiate() }, func() { b.clear() }},
				{"the peer starts", func() { b.peer.initiate() }, func() { b.peer.remove(); b.gone() }},
			} {
				t.Run(test.name, func(t *testing.T) {
					b.begin(t, c)
					capture, err := b.R1.Capture(nil)
					must(t, err)
					test.start()
					b.passes(c.suite.kernel)
					test.end()
					var ours, theirs, most int
					for _, p := range capture.Close() {
						if p.Data[6]&0x20 != 0 {
							t.Error("a fragment of IP")
						}
						if !p.ISAKMP() {
							continue
						}
						fragment := p.Payload[16] == encryptedFragment
						switch {
						case p.Sent:
							most = max(most, len(p.Data))
							if fragment {
								ours++
							}
						case fragment:
							theirs++
						}
					}
					t.Logf("%d fragments of obold's, %d of the peer's; obold's largest packet has %d octets", ours, theirs, most)
					if ours < 2 || theirs < 2 || most > 1280 {
						t.Error("want fragments both ways, and of obold no packet above 1280 octets")
					}
				})
			}
		})
	}
}
