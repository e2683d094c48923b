//go:build netns

package userspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// SAs are rekeyed by volume, by both ends at once, under a flow of a megabyte a second
// each way, and nothing is lost. The last 256 kilobytes of an SA, which are all that IOS
// leaves for its rekeying, pass in a quarter of a second then.
func TestRekeyUnderLoad(t *testing.T) {
	const volume = " set security-association lifetime kilobytes 2560\n"
	for _, s := range []setup{{1, "gre ip", volume}, {2, "ipsec ipv4", volume}} {
		t.Run(fmt.Sprintf("IKEv%d", s.version), func(t *testing.T) {
			p := pair(t, s)
			start(t, p, p.R2, s)
			initiate(t, p.R1)
			var flow *routers.Flow
			eventually(t, "both tunnels are up", func() (up bool) {
				var err error
				flow, err = p.Flow("10.0.0.1", "10.0.0.2", 1)
				return err == nil
			})
			eventually(t, "two successors", func() bool { return strings.Count(p.R1.Log(), "IPsec SAs up") > 2 })
			if err := flow.End(); err != nil {
				for _, r := range []*routers.Router{p.R1, p.R2} {
					out, _ := r.Obol("show", "crypto", "ipsec", "sa", "detail")
					t.Logf("%s\n%s", r.Name, out)
				}
				t.Error(err)
			}
		})
	}
}
