//go:build netns

package userspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// What may not be fragmented and is longer than the path is answered with the size
// that fits, and that size passes; what may be fragmented passes. With df-bit clear
// everything does, and GRE without tunnel path-mtu-discovery carries everything too.
func TestPathMTU(t *testing.T) {
	for _, c := range []struct {
		name   string
		tun    plane.Tunnel
		df     ipsec.DF
		encap  bool
		answer int // 0: all passes
	}{
		// 1200 octets, less 20 of IP, 8 + 16 of ESP and its vector, 16 of ICV; whole blocks
		// of 16 and 2 of trailer.
		{"VTI", plane.VTI(), ipsec.DFCopy, false, 1134},
		{"VTI in UDP", plane.VTI(), ipsec.DFCopy, true, 1118},
		{"VTI df-bit clear", plane.VTI(), ipsec.DFClear, false, 0},
		{"GRE", plane.GRE(), ipsec.DFCopy, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r1, r2 := plane.Plane{Open: openHere}.Routers(t)
			if c.encap {
				c.tun.Encap = &ipsec.Encap{LocalPort: 4500, RemotePort: 4500}
			}
			plane.Both(r1, r2, func(r *plane.Router) { r.Raise(c.tun) })
			plane.Both(r1, r2, func(r *plane.Router) { r.KeyUp(c.tun, func(sa *ipsec.SA) { sa.DF = c.df }) })
			plane.Exchange(t, r1, r2, 1)
			r1.Sh("ip route add 192.0.2.2/32 dev e0 mtu lock 1200")
			passes := func(size int, df string) {
				t.Helper()
				for range 2 { // one at a time: the last of several is not waited for
					if out, err := r1.Try("ping", "-c", "1", "-W", "30", "-M", df, "-s", fmt.Sprint(size-28), "10.0.0.2"); err != nil {
						t.Errorf("%d octets, %s: %v\n%s", size, df, err, out)
					}
				}
			}
			if c.answer == 0 {
				passes(1300, "do")
				return
			}
			if out, err := r1.Try("ping", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", fmt.Sprint(1300-28), "10.0.0.2"); err == nil || !strings.Contains(out, fmt.Sprintf("mtu = %d", c.answer)) && !strings.Contains(out, fmt.Sprintf("mtu=%d", c.answer)) {
				t.Errorf("not answered with %d: %v\n%s", c.answer, err, out)
			}
			r1.Sh("ip route flush cache")
			passes(c.answer, "do")
			passes(1300, "dont")
		})
	}
}
