//go:build netns

package netns

import "testing"

// A hub of dynamic VTIs in userspace: the peer behind a NAT gets Virtual-Access1, which
// is Vi1 in Linux too, packets pass both ways, and it goes with the peer.
func TestDynamicVTI(t *testing.T) {
	p := stand(t, root+"/configs/dvti/r1.cfg", root+"/configs/dvti/r2.cfg")
	n, err := p.Masquerade(p.R1)
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	carry(t, p)
	want(t, "R2's link", shell(t, p.R2, "ip", "-d", "link", "show", "Virtual-Access1"), "Vi1:", "altname Virtual-Access1", "alias obol:Vi1", "UP,LOWER_UP")
	want(t, "R2's SAs", obol(t, p.R2, 0, "show", "crypto", "ipsec", "sa"), "interface: Virtual-Access1", "Tunnel UDP-Encaps")
	want(t, "R2's session", obol(t, p.R2, 0, "show", "crypto", "session"), "Interface: Virtual-Access1", "UP-ACTIVE")
	shell(t, p.R2, "ip", "route", "add", "192.168.100.0/24", "dev", "Vi1")
	pings(t, p)
	obol(t, p.R1, 0, "clear", "crypto", "session")
	eventually(t, "R2's interface is gone", func() bool {
		_, err := p.R2.Run("ip", "link", "show", "Vi1")
		return err != nil
	})
}
