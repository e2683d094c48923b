//go:build vm

package interop

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// The peer's daemon is frozen: DPD finds out in the configured time, the SAs go
// and line protocol is down; when the daemon goes on the tunnel comes up again.
func TestFrozen(t *testing.T) {
	for _, d := range daemons {
		for _, test := range []struct {
			name      string
			keepalive string
			quiet     bool // asks only when it sends and hears nothing
		}{
			{"periodic", "crypto isakmp keepalive 10 2 periodic\n", false},
			{"on demand", "crypto isakmp keepalive 10 2\n", true},
		} {
			t.Run(d.name+"/"+test.name, func(t *testing.T) {
				s := d.suites[1]
				b := newLab(t, s, vti, test.keepalive)
				d.start(b, s, long)
				must(t, b.R1.Stop())
				must(t, b.R1.Start()) // negotiates by itself
				b.carries(60 * time.Second)
				b.passes(s)
				must(t, b.process.Signal(syscall.SIGSTOP))
				if test.quiet {
					time.Sleep(30 * time.Second)
					if !b.up() {
						t.Fatal("nothing was sent, and the peer is dead")
					}
					// Its kernel would answer: what is sent must stay without an answer.
					b.r2("ip", "link", "set", "tun1", "down")
					for range 3 {
						b.R1.Run("ping", "-c", "1", "-W", "1", "-I", "10.0.0.1", "10.0.0.2")
					}
				}
				frozen := time.Now()
				// Interval, six times retry, and the machine's own slowness.
				eventually(t, (10+6*2+8)*time.Second, "the peer is dead", func() bool { return len(b.spis(b.R1)) == 0 })
				t.Logf("dead after %v", time.Since(frozen).Round(time.Second/10))
				eventually(t, 5*time.Second, "line protocol is down", func() bool { return !b.up() })
				if test.quiet {
					b.r2("ip", "link", "set", "tun1", "up")
				}
				must(t, b.process.Signal(syscall.SIGCONT))
				b.carries(120 * time.Second)
				b.passes(s)
				eventually(t, 30*time.Second, "both kernels hold the same SAs", func() bool { return b.shared(nil) == len(b.spis(b.R2)) })
			})
		}
	}
}

// up says whether line protocol of R1's tunnel is up.
func (b *lab) up() bool {
	b.t.Helper()
	out, err := b.R1.Run("ip", "-o", "link", "show", "Tunnel1")
	must(b.t, err)
	return strings.Contains(out, ",UP")
}

// carries waits until the tunnel is up and a ping passes: charon takes its SAs
// into use with QM3, which the first packet may overtake.
func (b *lab) carries(d time.Duration) {
	b.t.Helper()
	eventually(b.t, d, "the tunnel is up and a ping passes", func() bool {
		if !b.up() {
			return false
		}
		_, err := b.R1.Run("ping", "-c", "1", "-W", "1", "-I", "10.0.0.1", "10.0.0.2")
		return err == nil
	})
}
