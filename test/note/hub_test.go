//go:build vm

package note

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/script"
)

// spokes is more in make soak.
var spokes = flag.Int("spokes", 3, "spokes of TestHub, at most 200")

var (
	stateSPI  = regexp.MustCompile(`spi (0x[0-9a-f]{8})`)
	stateIfID = regexp.MustCompile(`if_id (0x[0-9a-f]+)`)
)

// accessOf is the hub's interface for a spoke, "" for none: that of its SA which
// receives what the spoke sends.
func accessOf(t *testing.T, s *routers.Star, spoke *routers.Router) string {
	t.Helper()
	sends := spis(sh(t, spoke, "ip", "xfrm", "state", "list", "src", spoke.Address))
	for state := range strings.SplitSeq(sh(t, s.Hub, "ip", "xfrm", "state"), "\nsrc ") {
		spi, id := stateSPI.FindStringSubmatch(state), stateIfID.FindStringSubmatch(state)
		if spi == nil || id == nil || !slices.Contains(sends, spi[1]) {
			continue
		}
		var n uint32
		if _, err := fmt.Sscan(id[1], &n); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("Vi%d", n&0xffff)
	}
	return ""
}

// A hub in the kernel whose spokes come from where nobody has told it, two of them from
// the one address of a NAT: each has an interface of its own, by which packets go both
// ways, also when the hub goes on in another process, and one that leaves takes nothing
// of its neighbour's along.
func TestHub(t *testing.T) {
	t.Parallel()
	s, err := routers.NewStar(root+"/bin", script.Hub(routers.HubAddress), *spokes, 2, func(n int, address string) string {
		return script.Spoke(n, address, routers.HubAddress)
	})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("hub: %s\nspoke 1: %s", s.Hub.Log(), s.Spokes[0].Log())
		}
		must(t, s.Close())
	})
	must(t, s.Hub.Start())
	for _, spoke := range s.Spokes {
		must(t, spoke.Start())
	}
	access := map[*routers.Router]string{}
	carry := func(list []*routers.Router) {
		t.Helper()
		for _, spoke := range list {
			sh(t, spoke, "ping", "-c", "3", "-i", "0.2", "-I", "Tunnel0", script.HubInner)
		}
	}
	for i, spoke := range s.Spokes {
		eventually(t, patience, spoke.Name+" has an interface of its own", func() bool {
			access[spoke] = accessOf(t, s, spoke)
			return access[spoke] != ""
		})
		must(t, spoke.AwaitSAs())
		eventually(t, patience, access[spoke]+" is up", func() bool {
			_, err := s.Hub.Run("ip", "route", "add", fmt.Sprintf("10.0.%d.1", i+1), "dev", access[spoke])
			return err == nil
		})
	}
	links := func() int { return strings.Count(sh(t, s.Hub, "ip", "-o", "link"), "alias obol:Vi") }
	if n := links(); n != *spokes {
		t.Errorf("%d interfaces for %d spokes: %v", n, *spokes, access)
	}
	carry(s.Spokes)

	before := standing(t, s.Hub)
	leave(t, s.Hub)
	must(t, s.Hub.Start())
	if now := standing(t, s.Hub); !slices.Equal(now, before) {
		t.Errorf("the hub had the SAs %v, and has %v", before, now)
	}
	carry(s.Spokes)

	for _, spoke := range s.Spokes[:2] {
		obol(t, spoke, "rekey", "ipsec", "Tunnel0", "--wait", "30s")
		if now := accessOf(t, s, spoke); now != access[spoke] {
			t.Errorf("after rekeying %s has %s, not %s", spoke.Name, now, access[spoke])
		}
	}
	carry(s.Spokes[:2])

	neighbour := s.Spokes[1]
	must(t, neighbour.Stop())
	eventually(t, patience, neighbour.Name+"'s interface is gone", func() bool { return links() == *spokes-1 })
	carry(slices.Delete(slices.Clone(s.Spokes), 1, 2))

	must(t, s.Hub.Stop())
	gone(t, s.Hub)
	if left := standing(t, s.Hub); len(left) > 0 {
		t.Errorf("SAs are left: %v", left)
	}
}
