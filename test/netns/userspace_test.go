//go:build netns

package netns

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// carry runs both daemons with the userspace data plane and brings the tunnel up.
func carry(t *testing.T, p *routers.Pair) {
	t.Helper()
	for _, r := range []*routers.Router{p.R1, p.R2} {
		must(t, r.Start("--dataplane", "userspace", "--initiate", "manual"))
	}
	obol(t, p.R1, 0, "initiate", "Tunnel1", "--wait", "30s")
}

func shell(t *testing.T, r *routers.Router, words ...string) string {
	t.Helper()
	out, err := r.Run(words...)
	if err != nil {
		t.Fatal(r.Name, words, out, err)
	}
	return out
}

// The note's tunnel carries its LANs without ESP or GRE in the kernel.
func TestUserspace(t *testing.T) {
	p := note(t)
	carry(t, p)
	want(t, "ping", shell(t, p.R1, "ping", "-c", "3", "-i", "0.05", "-W", "2", "-I", p.R1.LAN, p.R2.LAN), " 0% packet loss")
}
