//go:build vm

package interop

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// Both phases are renewed by either side under a flow of 200 packets a second,
// and none is lost. A pair of SAs lives 48 s: those that it began the peer rekeys
// after 34, where we would after 40; those that we began we rekey after 36, where
// it would after 42. In the end both kernels hold the same SAs.
//
// Pluto as the responder of a rekey sends on the new pair with QM2. Its initiator
// has no keys before it has read QM2: R1's kernel finds no SA for what comes until
// then, and R1 gives it back to the kernel.
func TestRekey(t *testing.T) {
	for _, d := range daemons {
		for _, test := range []struct {
			name  string
			start func(*lab, peer)
			ours  string // lines of R1's configuration
			life  life
		}{
			{"the peer starts, R1 ends phase 1", peerFirst, "crypto isakmp policy 10\n lifetime 60\n", life{hard: 48, rekey: 34, ike: 3600}},
			{"R1 starts and ends phase 1", oboldFirst, "crypto isakmp policy 10\n lifetime 60\n", life{hard: 48, rekey: 42, ike: 3600}},
			{"the peer starts and renews phase 1", peerFirst, "", life{hard: 48, rekey: 34, ike: 60}},
			{"R1 starts, the peer renews phase 1", oboldFirst, "", life{hard: 48, rekey: 42, ike: 60}},
		} {
			t.Run(d.name+"/"+test.name, func(t *testing.T) {
				s := d.suites[1]
				b := newLab(t, s, vti, test.ours)
				test.start(b, d.start(b, s, test.life))
				flow := b.flood(110 * time.Second)
				pairs, phase1 := map[string]bool{}, map[string]bool{}
				for ended := false; !ended; {
					select {
					case err := <-flow:
						b.lostNone(err)
						ended = true
					case <-time.After(500 * time.Millisecond):
						maps.Copy(pairs, b.spis(b.R1))
						maps.Copy(phase1, b.isakmp())
					}
				}
				t.Logf("%d SAs, %d IKE SAs", len(pairs), len(phase1))
				if len(pairs) < 6 || len(phase1) < 2 {
					t.Errorf("%d SAs of phase 2 and %d IKE SAs were seen: not rekeyed", len(pairs), len(phase1))
				}
				eventually(t, 30*time.Second, "both kernels hold the same SAs", func() bool {
					return maps.Equal(b.spis(b.R1), b.spis(b.R2)) && len(b.spis(b.R1)) > 0
				})
			})
		}
	}
}

func peerFirst(_ *lab, p peer)  { p.initiate() }
func oboldFirst(b *lab, _ peer) { b.initiate() }

var connID = regexp.MustCompile(`(?m)QM_IDLE +(\d+) ACTIVE`)

// isakmp are the connection ids of R1's IKE SAs.
func (b *lab) isakmp() map[string]bool {
	b.t.Helper()
	out, err := b.R1.Obol("show", "crypto", "isakmp", "sa")
	must(b.t, err)
	ids := map[string]bool{}
	for _, m := range connID.FindAllStringSubmatch(out, -1) {
		ids[m[1]] = true
	}
	return ids
}

// dropped are the counters of a router's kernel that tell why IPsec drops packets.
func (b *lab) dropped(r *routers.Router) string {
	b.t.Helper()
	out, err := r.Run("cat", "/proc/net/xfrm_stat")
	must(b.t, err)
	var counts []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 2 && f[1] != "0" {
			counts = append(counts, f[0]+" "+f[1])
		}
	}
	return strings.Join(counts, ", ")
}

// lostNone takes what a flow says at its end, and wants that no ping of it was lost.
func (b *lab) lostNone(err error) {
	b.t.Helper()
	counts := fmt.Sprintf("R1's kernel dropped: %s\nR2's: %s", b.dropped(b.R1), b.dropped(b.R2))
	if err != nil {
		b.t.Errorf("%v\n%s", err, counts)
		return
	}
	b.t.Log(counts)
}

// flood sends 200 pings a second and tells in the end which were lost.
func (b *lab) flood(d time.Duration) <-chan error { return b.pings(d, "0.005") }
