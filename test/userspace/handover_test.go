//go:build netns

package userspace

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// Each router in turn goes on in another process: the tunnels carry what they did, the
// peer notices nothing, and either end can rekey them.
func TestHandOver(t *testing.T) {
	for _, s := range []setup{{1, "gre ip", ""}, {2, "ipsec ipv4", ""}} {
		t.Run(fmt.Sprintf("IKEv%d", s.version), func(t *testing.T) {
			p := pair(t, s)
			start(t, p, p.R2, s)
			both := []*routers.Router{p.R1, p.R2}
			must(t, p.Up(p.R1, "Tunnel1"))
			for _, r := range both {
				must(t, p.R1.Ping(20, "0.01", "10.0.0.1", "10.0.0.2"))
				if code, err := r.Signal(syscall.SIGUSR2); err != nil || code != 0 {
					t.Fatalf("%s ended with %d: %v\n%s", r.Name, code, err, r.Log())
				}
				must(t, r.Start("--initiate", "manual", "--dataplane", "userspace"))
				must(t, p.R1.Ping(20, "0.01", "10.0.0.1", "10.0.0.2"))
				if log := p.R1.Log() + p.R2.Log(); strings.Contains(log, "IPsec SAs down") {
					t.Fatalf("%s: SAs have gone", r.Name)
				}
			}
			for i, what := range []string{"ipsec", "ike"} {
				if out, err := both[i].Obol("rekey", what, "Tunnel1"); err != nil {
					t.Errorf("%s: rekey %s: %v\n%s", both[i].Name, what, err, out)
				}
			}
			must(t, p.R1.Ping(20, "0.01", "10.0.0.1", "10.0.0.2"))
		})
	}
}
