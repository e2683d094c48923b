//go:build vm

package note

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// A daemon that is killed leaves everything in the kernel, and its peer in ignorance. The
// next one takes away what was left, begins anew and tells the peer: packets pass both
// ways, and of the time before no SA is left on either side. (How soon is for the
// scenarios in virtual time: killed.txtar and ikev2-killed.txtar.)
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, configs string
		order         routers.Order
	}{
		{"IKEv1 GRE", "configs/psk/", routers.Order{}},
		{"IKEv2 VTI", "configs/ikev2-modern/", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := topology(t, c.configs+"r1.cfg", c.configs+"r2.cfg", c.order)
			start(t, p, "--initiate", "manual")
			obol(t, p.R1, "initiate", "Tunnel1", "--wait", "60s")
			both := []*routers.Router{p.R1, p.R2}
			for _, r := range both {
				before := standing(t, r)
				if _, err := r.Signal(os.Kill); err != nil {
					t.Fatal(err)
				}
				if now := standing(t, r); !slices.Equal(now, before) {
					t.Fatalf("%s had the SAs %v, and the kernel has %v after its end", r.Name, before, now)
				}
				began := time.Now()
				must(t, r.Start()) // begins by itself
				ready := time.Since(began)
				answered := make(chan error, 2)
				for _, ends := range [][2]*routers.Router{{p.R1, p.R2}, {p.R2, p.R1}} {
					go func() { // with -w, -c is how many answers end it
						_, err := ends[0].Run("ping", "-c", "1", "-w", "60", "-i", "0.05", "-I", ends[0].LAN, ends[1].LAN)
						answered <- err
					}()
				}
				must(t, <-answered)
				must(t, <-answered)
				t.Logf("%s: ready %v after the start, packets pass both ways after %v",
					r.Name, ready.Round(10*time.Millisecond), time.Since(began).Round(10*time.Millisecond))
				eventually(t, time.Minute, "one new pair on both sides", func() bool {
					now := standing(t, p.R1)
					return len(now) == 2 && slices.Equal(now, standing(t, p.R2)) &&
						!slices.ContainsFunc(now, func(spi string) bool { return slices.Contains(before, spi) })
				})
			}
		})
	}
}
