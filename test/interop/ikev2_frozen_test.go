//go:build vm

package interop

import (
	"syscall"
	"testing"
	"time"
)

// The peer's daemon is frozen: liveness finds out in the configured time, the SAs
// go and line protocol is down; when the daemon goes on the tunnel comes up again.
func TestIKEv2Frozen(t *testing.T) {
	for _, d := range daemonsV2 {
		t.Run(d.name, func(t *testing.T) {
			b := newLabV2(t, func(*lab) {})
			b.peer = d.start(b)
			c := caseV2{suite: suitesV2[0], auth: "rsa-sig", profile: " dpd 10 2 periodic\n"}
			b.begin(t, c)
			must(t, b.R1.Stop())
			must(t, b.R1.Start()) // negotiates by itself
			b.carries(60 * time.Second)
			b.passes(c.suite.kernel)
			must(t, b.process.Signal(syscall.SIGSTOP))
			frozen := time.Now()
			// Interval, six times retry, and the machine's own slowness.
			eventually(t, (10+6*2+8)*time.Second, "the peer is dead", func() bool { return len(b.spis(b.R1)) == 0 })
			t.Logf("dead after %v", time.Since(frozen).Round(time.Second/10))
			eventually(t, 5*time.Second, "line protocol is down", func() bool { return !b.up() })
			must(t, b.process.Signal(syscall.SIGCONT))
			b.carries(120 * time.Second)
			b.passes(c.suite.kernel)
			eventually(t, 30*time.Second, "both kernels hold the same SAs", func() bool { return b.shared(nil) == len(b.spis(b.R2)) })
		})
	}
}
