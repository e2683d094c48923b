//go:build vm

package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// With a NAT before either end, whoever is behind it starts: IKE goes to port 4500
// and ESP in UDP, and when the NAT has other ports all of a sudden the other end
// follows.
func TestIKEv2NAT(t *testing.T) {
	c := caseV2{suite: suitesV2[2], auth: "rsa-sig", profile: " nat keepalive 20\n"}
	for _, d := range daemonsV2 {
		t.Run(d.name+"/obold behind it", func(t *testing.T) {
			var n *routers.NAT
			b := newLabV2(t, func(b *lab) {
				n = b.masquerade(b.R1)
				b.rename = func(file, text string) string {
					if file == "r1.cfg" {
						text = strings.ReplaceAll(text, "192.168.0.1 ", "172.16.0.1 ")
					}
					return text
				}
			})
			b.peer = d.start(b)
			b.begin(t, c)
			b.initiate()
			b.passes(c.suite.kernel)
			b.encapsulated()
			// pluto goes on sending to the old port (its issue 1645).
			if d.name != "pluto" {
				must(t, n.Rebind(20000))
				b.moved(b.R1, b.R2, "10.0.0.1", "10.0.0.2", 20000)
				b.passes(c.suite.kernel)
				b.rekeyedBy(b.peer) // from outside
			}
			b.clear()
		})
		t.Run(d.name+"/it behind it", func(t *testing.T) {
			var n *routers.NAT
			b := newLabV2(t, func(b *lab) {
				n = b.masquerade(b.R2)
				b.rename = func(file, text string) string {
					if file != "r1.cfg" {
						text = strings.ReplaceAll(text, "192.168.0.2", "172.16.0.2")
					}
					return text
				}
				b.link.make = strings.Fields(strings.ReplaceAll(strings.Join(b.link.make, " "), "192.168.0.2", "172.16.0.2"))
			})
			b.peer = d.start(b)
			b.begin(t, c)
			b.peer.initiate()
			b.passes(c.suite.kernel)
			b.encapsulated()
			must(t, n.Rebind(20000))
			b.moved(b.R2, b.R1, "10.0.0.2", "10.0.0.1", 20000)
			b.passes(c.suite.kernel)
			b.rekeyedBy(b.peer)
			b.peer.remove()
			b.gone()
		})
	}
}

// encapsulated wants R1's SAs in UDP.
func (b *labV2) encapsulated() {
	b.t.Helper()
	out, err := b.R1.Run("ip", "xfrm", "state")
	must(b.t, err)
	if n := strings.Count(out, "espinudp"); n != 2 {
		b.t.Errorf("%d SAs are in UDP, not 2:\n%s", n, out)
	}
}

// rekeyedBy has the peer rekey both kinds of SAs.
func (b *labV2) rekeyedBy(p peerV2) {
	b.t.Helper()
	pair, ike := b.spis(b.R1), p.ikeSAs()
	p.rekey()
	eventually(b.t, 10*time.Second, "another pair of SAs", func() bool { return b.shared(pair) == 2 })
	p.rekeyIKE()
	eventually(b.t, 10*time.Second, "another IKE SA", func() bool {
		now := p.ikeSAs()
		return len(now) == 1 && now[0] != ike[0]
	})
}
