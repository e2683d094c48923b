//go:build vm

package interop

import (
	"testing"
	"time"
)

// A pair of SAs that the peer offered for 24 s and rekeys after 10: the second
// pair comes before we would begin one, no ping is lost, and in the end the
// first pair is gone from both kernels.
func TestLifetime(t *testing.T) {
	for _, d := range daemons {
		t.Run(d.name, func(t *testing.T) {
			s := d.suites[1]
			b := newLab(t, s, vti)
			d.start(b, s, life{hard: 24, rekey: 10, ike: 3600}).initiate()
			begun, first := time.Now(), b.spis(b.R1)
			flow := b.flow(20 * time.Second)
			eventually(t, 17*time.Second, "a second pair of SAs", func() bool { return b.shared(first) == 2 })
			eventually(t, 27*time.Second-time.Since(begun), "the first pair is gone", func() bool {
				left := b.spis(b.R1)
				for spi := range b.spis(b.R2) {
					left[spi] = true
				}
				for spi := range first {
					if left[spi] {
						return false
					}
				}
				return true
			})
			if n := b.shared(first); n < 2 {
				t.Errorf("%d SAs of the second pair are left", n)
			}
			must(t, <-flow)
		})
	}
}
