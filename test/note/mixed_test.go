//go:build vm

package note

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// A router that carries ESP itself and one whose kernel does are the note's pair as
// well as two of a kind: GRE and VTI, full packets, TCP both ways, and what counts.
func TestMixedDataplanes(t *testing.T) {
	for _, c := range []struct {
		name, r1, r2 string
		mtu          int
	}{
		{"GRE", "configs/note/ikev1-r1.cfg", "configs/note/ikev1-r2.cfg", 1414},
		{"VTI", "configs/vti/r1.cfg", "configs/vti/r2.cfg", 1438},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := topology(t, c.r1, c.r2, routers.NoteOrder)
			must(t, p.R1.Start("--initiate", "manual", "--dataplane", "userspace"))
			must(t, p.R2.Start("--initiate", "manual", "--dataplane", "xfrm"))
			up(t, p)
			if n := len(spis(sh(t, p.R1, "ip", "xfrm", "state"))); n != 0 {
				t.Errorf("R1 has %d SAs in its kernel", n)
			}
			for _, way := range [][2]*routers.Router{{p.R1, p.R2}, {p.R2, p.R1}} {
				if err := way[0].Ping(200, "0.01", way[0].LAN, way[1].LAN); err != nil {
					t.Errorf("%s: %v", way[0].Name, err)
				}
			}
			states := sh(t, p.R2, "ip", "-s", "xfrm", "state")
			for _, id := range spis(states) {
				if n := packetsOf(states, id); n < 300 {
					t.Errorf("SA %s carried %d packets, want 300 at least", id, n)
				}
			}
			mtu(t, p, c.mtu)
			tcp(t, p, "4M")
		})
	}
}
