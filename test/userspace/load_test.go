//go:build netns

package userspace

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// SAs are rekeyed by volume, by both ends at once, under a flow of a megabyte a second
// each way, and nothing is lost. The last 256 kilobytes of an SA, which are all that IOS
// leaves for its rekeying, pass in a quarter of a second then.
func TestRekeyUnderLoad(t *testing.T) {
	const volume = " set security-association lifetime kilobytes 2560\n"
	underLoad(t, volume, 1, func(t *testing.T, p *routers.Pair) {
		eventually(t, "two successors", func() bool { return strings.Count(p.R1.Log(), "IPsec SAs up") > 2 })
	})
}

// Under a flow as fast as the tunnel carries it, either end replaces the SAs and the IKE
// SA before their time, and takes a configuration with another tunnel more and less:
// nothing is lost.
func TestOrdersUnderLoad(t *testing.T) {
	const other = `interface Tunnel2
 ip address 10.0.2.1 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.9
 tunnel protection ipsec profile IPSEC
`
	underLoad(t, "", 100, func(t *testing.T, p *routers.Pair) {
		for _, r := range []*routers.Router{p.R1, p.R2} {
			before, err := os.ReadFile(r.Config)
			must(t, err)
			for _, text := range []string{string(before) + other, string(before)} {
				for _, what := range []string{"ipsec", "ike"} {
					if out, err := r.Obol("rekey", what, "Tunnel1"); err != nil {
						t.Fatalf("%s: rekey %s: %v\n%s", r.Name, what, err, out)
					}
				}
				must(t, os.WriteFile(r.Config, []byte(text), 0o600))
				if out, err := r.Obol("configure", "replace"); err != nil {
					t.Fatalf("%s: %v\n%s", r.Name, err, out)
				}
			}
		}
		eventually(t, "what was replaced is gone", func() bool { return strings.Count(p.R1.Log(), "IPsec SAs down") >= 4 })
	})
}

// underLoad does something while so many datagrams a millisecond go each way, with
// either version, and wants all of them.
func underLoad(t *testing.T, protection string, each int, f func(*testing.T, *routers.Pair)) {
	for _, s := range []setup{{1, "gre ip", protection}, {2, "ipsec ipv4", protection}} {
		t.Run(fmt.Sprintf("IKEv%d", s.version), func(t *testing.T) {
			p := pair(t, s)
			start(t, p, p.R2, s)
			must(t, p.Up(p.R1, "Tunnel1"))
			flow, err := p.Flow("10.0.0.1", "10.0.0.2", each)
			must(t, err)
			f(t, p)
			n := flow.Sent()
			if err := flow.End(); err != nil {
				for _, r := range []*routers.Router{p.R1, p.R2} {
					out, _ := r.Obol("show", "crypto", "ipsec", "sa", "detail")
					t.Logf("%s\n%s", r.Name, out)
				}
				t.Error(err)
			}
			t.Logf("%d datagrams", n)
		})
	}
}
