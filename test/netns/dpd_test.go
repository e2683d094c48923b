//go:build netns

package netns

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// add appends lines to a router's configuration.
func add(t *testing.T, p *routers.Pair, r *routers.Router, lines string) {
	t.Helper()
	text, err := os.ReadFile(r.Config)
	must(t, err)
	r.Config = filepath.Join(p.Dir, r.Name+"-more.cfg")
	must(t, os.WriteFile(r.Config, append(text, lines...), 0o600))
}

// R2 answers although it has no keepalive; frozen, it is given up after the
// interval and the retries, and once it goes on the tunnel comes up again.
func TestDPD(t *testing.T) {
	t.Parallel()
	p := note(t)
	add(t, p, p.R1, "crypto isakmp keepalive 10 2 periodic\n")
	start(t, p)
	lines := follow(t, p.R1, "debug", "crypto", "isakmp")
	up(t, p)
	want(t, "capabilities", obol(t, p.R1, 0, "show", "crypto", "session", "detail"), "Capabilities:D ")
	debugged := func(text string) {
		t.Helper()
		eventually(t, "debug on R1: "+text, func() bool { return strings.Contains(lines(), text) })
	}
	debugged("Sending NOTIFY DPD/R_U_THERE protocol 1")
	debugged("DPD/R_U_THERE_ACK received from peer 192.168.0.2")

	must(t, p.R2.Freeze())
	frozen := time.Now()
	eventually(t, "the peer is given up", func() bool {
		return !strings.Contains(obol(t, p.R1, 0, "show", "crypto", "isakmp", "sa"), "QM_IDLE")
	})
	t.Logf("gone after %v", time.Since(frozen).Round(100*time.Millisecond))
	debugged("DPD incrementing error counter (5/5)")
	debugged("peer 192.168.0.2 not responding!")
	want(t, "session", obol(t, p.R1, 0, "show", "crypto", "session"), "Session status: DOWN", "Active SAs: 0")

	must(t, p.R2.Thaw())
	obol(t, p.R1, 0, "initiate", "Tunnel1")
}
