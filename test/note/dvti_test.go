//go:build vm

package note

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// A hub of dynamic VTIs in the kernel: the peer behind a NAT gets Virtual-Access1, an XFRM
// interface, packets pass both ways, SYNs are adjusted, and nothing is left when the peer
// has gone.
func TestDynamicVTI(t *testing.T) {
	p := topology(t, "configs/dvti/r1.cfg", "configs/dvti/r2.cfg", routers.NoteOrder)
	n, err := p.Masquerade(p.R1)
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	text, err := os.ReadFile(p.R2.Config)
	must(t, err)
	p.R2.Config = filepath.Join(p.Dir, "R2.cfg")
	must(t, os.WriteFile(p.R2.Config, append(text, "interface Virtual-Template1 type tunnel\n ip tcp adjust-mss 1300\n"...), 0o600))
	start(t, p, "--initiate", "manual")
	up(t, p)
	want(t, "R2's link", sh(t, p.R2, "ip", "-d", "link", "show", "Virtual-Access1"), "Vi1@NONE:", "altname Virtual-Access1", "alias obol:Vi1", "UP,LOWER_UP", "xfrm if_id 0x6f630001")
	want(t, "R2's policies", sh(t, p.R2, "ip", "xfrm", "policy"), "if_id 0x6f630001")
	want(t, "R2's table", sh(t, p.R2, "nft", "list", "table", "inet", "obol"), `elements = { "Vi1" : 1300 }`, "iifname map @ip_mss", "oifname map @ip_mss")
	sh(t, p.R2, "ip", "route", "add", "192.168.100.0/24", "dev", "Vi1")
	must(t, p.R1.Ping(20, "0.05", p.R1.LAN, p.R2.LAN))
	if out, err := p.R1.Obol("clear", "crypto", "session"); err != nil {
		t.Fatal(out, err)
	}
	eventually(t, patience, "R2's interface, SAs, policies and table are gone", func() bool {
		_, err := p.R2.Run("ip", "link", "show", "Vi1")
		return err != nil && sh(t, p.R2, "ip", "xfrm", "state")+sh(t, p.R2, "nft", "list", "tables") == "" && !strings.Contains(sh(t, p.R2, "ip", "xfrm", "policy"), "if_id")
	})
}
