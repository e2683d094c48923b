//go:build vm

package note

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// What others change of a tunnel stands again within a minute, what nobody has changed
// is left alone, and it carries.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ configs, more, lan string }{
		"gre":           {"configs/note/ikev1-", "", "192.168.%d00.1"},
		"vti":           {"configs/vti/", "", "192.168.%d00.1"},
		"xfrm":          {"configs/vti/", "interface Tunnel1\n !obol xfrm-interface\n", "192.168.%d00.1"},
		"vti over IPv6": {"configs/ikev2-ipv6/", "", "2001:db8:%d00::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := topology(t, c.configs+"r1.cfg", c.configs+"r2.cfg", routers.NoteOrder)
			for i, r := range []*routers.Router{p.R1, p.R2} {
				text, err := os.ReadFile(r.Config)
				must(t, err)
				r.Config = filepath.Join(p.Dir, r.Name+".cfg")
				must(t, os.WriteFile(r.Config, append(text, c.more...), 0o600))
				sh(t, r, "ip", "address", "add", fmt.Sprintf("2001:db8::%d/64", 1+i), "dev", routers.Outer, "nodad")
			}
			start(t, p, "--initiate", "manual")
			up(t, p)
			untouched := time.Now()
			lan1, lan2 := fmt.Sprintf(c.lan, 1), fmt.Sprintf(c.lan, 2)
			routes := sh(t, p.R1, "sh", "-c", "ip route show proto 111; ip -6 route show proto 111")
			for _, change := range []string{"link set Tunnel1 mtu 1300", "xfrm policy deleteall dir in", "route flush proto 111", "-6 route flush proto 111"} {
				sh(t, p.R1, append([]string{"ip"}, strings.Fields(change)...)...)
			}
			changes := 2 + strings.Count(routes, "\n")
			repaired := func(r *routers.Router) int { return strings.Count(r.Log(), "repaired, as somebody else") }
			eventually(t, patience, "R1 has repaired", func() bool { return repaired(p.R1) >= changes })
			sh(t, p.R1, "ping", "-c", "3", "-i", "0.2", "-I", lan1, lan2)
			time.Sleep(time.Until(untouched.Add(65 * time.Second)))
			if n, m := repaired(p.R1), repaired(p.R2); n != changes || m != 0 {
				t.Errorf("R1 has repaired %d times, want %d, and R2 %d, want none", n, changes, m)
			}
		})
	}
}
