//go:build netns

package netns

import (
	"syscall"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// Each router in turn goes on in another process: the SA is the same, the peer notices
// nothing, and either end can rekey it.
func TestHandOver(t *testing.T) {
	t.Parallel()
	p := keyed(t, func(text string) string { return text })
	start(t, p)
	up(t, p)
	for _, r := range []*routers.Router{p.R1, p.R2} {
		before := spi(t, r)
		code, err := r.Signal(syscall.SIGUSR2)
		if err != nil || code != 0 {
			t.Fatalf("%s ended with %d: %v\n%s", r.Name, code, err, r.Log())
		}
		startOne(t, r)
		if now := spi(t, r); now != before {
			t.Errorf("%s had the SA %s, and has %s\n%s", r.Name, before, now, r.Log())
		}
		obol(t, p.R1, 0, "rekey", "ipsec", "Tunnel1")
		obol(t, p.R2, 0, "rekey", "ike", "Tunnel1")
		if now := spi(t, r); now == before {
			t.Errorf("%s has the SA %s after a rekeying", r.Name, now)
		}
	}
}
