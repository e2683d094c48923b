//go:build vm

package note

import (
	"flag"
	"slices"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// handovers is more in make soak.
var handovers = flag.Int("handovers", 2, "handovers of TestHandOver, of each pair of routers")

// Each router in turn goes on in another process, under a flow both ways: the kernel
// keeps the SAs and loses no packet, and either end can rekey what it has inherited.
func TestHandOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, r1, r2 string
		order        routers.Order
	}{
		{"IKEv1 GRE", "configs/note/ikev1-r1.cfg", "configs/note/ikev1-r2.cfg", routers.NoteOrder},
		{"IKEv2 VTI", "configs/ikev2-modern/r1.cfg", "configs/ikev2-modern/r2.cfg", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := topology(t, c.r1, c.r2, c.order)
			start(t, p, "--initiate", "manual")
			up(t, p)
			flow, err := p.Flow(p.R1.LAN, p.R2.LAN, 1)
			must(t, err)
			both := []*routers.Router{p.R1, p.R2}
			before := standing(t, p.R1)
			for i := range *handovers {
				r := both[i%2]
				leave(t, r)
				must(t, r.Start("--initiate", "manual"))
				if now := standing(t, r); !slices.Equal(now, before) {
					t.Fatalf("%s had the SAs %v, and has %v", r.Name, before, now)
				}
			}
			obol(t, p.R1, "rekey", "ipsec", "Tunnel1")
			obol(t, p.R1, "rekey", "ike", "Tunnel1") // the note's R2 cannot begin
			obol(t, p.R2, "rekey", "ipsec", "Tunnel1")
			eventually(t, patience, "one pair of SAs", func() bool {
				now := standing(t, p.R1)
				return len(now) == 2 && !slices.Contains(before, now[0]) && !slices.Contains(before, now[1])
			})
			if err := flow.End(); err != nil {
				t.Error(err)
			}
			t.Log(flow)
			for _, r := range both {
				must(t, r.Stop())
				gone(t, r)
			}
		})
	}
}

// standing are the SPIs of a router's SAs, in order.
func standing(t *testing.T, r *routers.Router) []string {
	t.Helper()
	return slices.Sorted(slices.Values(spis(sh(t, r, "ip", "xfrm", "state"))))
}

// leave has a router's daemon leave what it has to the next.
func leave(t *testing.T, r *routers.Router) {
	t.Helper()
	if code, err := r.Signal(syscall.SIGUSR2); err != nil || code != 0 {
		t.Fatalf("%s ended with %d: %v", r.Name, code, err)
	}
}

// obol runs the operator's command, and returns what it prints.
func obol(t *testing.T, r *routers.Router, words ...string) string {
	t.Helper()
	out, err := r.Obol(words...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
