//go:build vm

package note

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// A hub of dynamic VTIs in the kernel: the peer behind a NAT gets Virtual-Access1, an XFRM
// interface, packets pass both ways, and nothing is left when the peer has gone.
func TestDynamicVTI(t *testing.T) {
	p := topology(t, "configs/dvti/r1.cfg", "configs/dvti/r2.cfg", routers.NoteOrder)
	n, err := p.Masquerade(p.R1)
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	start(t, p, "--initiate", "manual")
	up(t, p)
	want(t, "R2's link", sh(t, p.R2, "ip", "-d", "link", "show", "Virtual-Access1"), "Vi1@NONE:", "altname Virtual-Access1", "alias obol:Vi1", "UP,LOWER_UP", "xfrm if_id 0x6f630001")
	want(t, "R2's policies", sh(t, p.R2, "ip", "xfrm", "policy"), "if_id 0x6f630001")
	sh(t, p.R2, "ip", "route", "add", "192.168.100.0/24", "dev", "Vi1")
	must(t, p.R1.Ping(20, "0.05", p.R1.LAN, p.R2.LAN))
	if out, err := p.R1.Obol("clear", "crypto", "session"); err != nil {
		t.Fatal(out, err)
	}
	eventually(t, patience, "R2's interface, SAs and policies are gone", func() bool {
		_, err := p.R2.Run("ip", "link", "show", "Vi1")
		return err != nil && sh(t, p.R2, "ip", "xfrm", "state") == "" && !strings.Contains(sh(t, p.R2, "ip", "xfrm", "policy"), "if_id")
	})
}
