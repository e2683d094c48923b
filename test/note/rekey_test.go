//go:build vm

package note

import (
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// rekeys is more in make soak.
var rekeys = flag.Int("rekeys", 6, "pairs of SAs that TestRekeyUnderFlow replaces, of each pair of routers; an IKE SA with every third")

// Either router in turn replaces the SAs of a tunnel, and the IKE SA, under a flow both
// ways: no packet is lost, and one pair is left under one IKE SA.
func TestRekeyUnderFlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, configs string
		order         routers.Order
		show          []string
		stands        *regexp.Regexp // an IKE SA in that
	}{
		{"IKEv1 GRE", "configs/psk/", routers.Order{}, []string{"show", "crypto", "isakmp", "sa"}, regexp.MustCompile(`QM_IDLE +\d+ ACTIVE`)},
		{"IKEv2 VTI", "configs/ikev2-modern/", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}, []string{"show", "crypto", "ikev2", "sa"}, regexp.MustCompile(`READY`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := topology(t, c.configs+"r1.cfg", c.configs+"r2.cfg", c.order)
			start(t, p, "--initiate", "manual")
			obol(t, p.R1, "initiate", "Tunnel1", "--wait", "60s")
			flow, err := p.Flow(p.R1.LAN, p.R2.LAN, 1)
			must(t, err)
			both := []*routers.Router{p.R1, p.R2}
			seen := map[string]bool{}
			for i := range *rekeys {
				for _, spi := range standing(t, p.R1) {
					seen[spi] = true
				}
				r := both[i%2]
				obol(t, r, "rekey", "ipsec", "Tunnel1")
				if i%3 == 2 {
					obol(t, r, "rekey", "ike", "Tunnel1")
				}
			}
			eventually(t, 2*time.Minute, "one new pair of SAs under one IKE SA", func() bool {
				now := standing(t, p.R1)
				if strings.Count(p.R1.Log(), "IPsec SAs up") <= *rekeys || len(now) != 2 || seen[now[0]] || seen[now[1]] || !slices.Equal(now, standing(t, p.R2)) {
					return false
				}
				return !slices.ContainsFunc(both, func(r *routers.Router) bool {
					return len(c.stands.FindAllString(obol(t, r, c.show...), -1)) != 1
				})
			})
			if err := flow.End(); err != nil {
				t.Error(err)
			}
			t.Log(flow)
		})
	}
}
