//go:build netns

package netns

import (
	"regexp"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// behindNAT is a pair whose R1 is behind a NAT.
func behindNAT(t *testing.T) (*routers.Pair, *routers.NAT) {
	t.Helper()
	p := stand(t, root+"/configs/natt/r1.cfg", root+"/configs/natt/r2.cfg")
	n, err := p.Masquerade(p.R1)
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	return p, n
}

// Through a masquerading kernel: R1 starts, both move to port 4500, and when the
// NAT has other ports R2 follows R1's next message.
func TestNAT(t *testing.T) {
	p, n := behindNAT(t)
	start(t, p)

	up(t, p)
	want(t, "R1", obol(t, p.R1, 0, "show", "crypto", "session"), "local 172.16.0.1/4500 remote 192.168.0.2/4500 Active")
	ofR2 := func() string { return obol(t, p.R2, 0, "show", "crypto", "session", "detail") }
	if text := ofR2(); !regexp.MustCompile(`local 192\.168\.0\.2/4500 remote 192\.168\.0\.1/10\d\d\d Active`).MatchString(text) {
		t.Errorf("R2:\n%s", text)
	}
	want(t, "R2", ofR2(), "Capabilities:N")
	want(t, "R2", obol(t, p.R2, 0, "show", "crypto", "ipsec", "sa"), "in use settings ={Tunnel UDP-Encaps, }")

	must(t, n.Rebind(20000))
	obol(t, p.R1, 0, "clear", "crypto", "sa")
	moved := regexp.MustCompile(`remote 192\.168\.0\.1/20\d\d\d Active`)
	eventually(t, "R2 follows R1's delete", func() bool { return moved.MatchString(ofR2()) })
	up(t, p)
	obol(t, p.R1, 0, "clear", "crypto", "session")
	eventually(t, "R2 was told", func() bool { return !moved.MatchString(ofR2()) })
}
