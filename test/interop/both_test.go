//go:build vm

package interop

import (
	"fmt"
	"strings"
	"testing"
)

// AH and ESP together, for GRE: neither charon nor pluto speaks that, so two
// obolds do. What they send is AH around ESP.
func TestBoth(t *testing.T) {
	s := charonSuites[1]
	for _, mode := range []string{"tunnel", "transport"} {
		t.Run(mode, func(t *testing.T) {
			b := newStand(t)
			b.link = gre
			c := r1{identity: "address", policies: policyOf(10, s, "pre-share"),
				sets:       "crypto ipsec transform-set TS ah-sha256-hmac esp-aes\n mode " + mode + "\n",
				protection: " set transform-set TS\n"}
			b.begin(t, c)
			text := fmt.Sprintf(r1Config, c.identity, c.policies, c.trust, c.sets, c.protection, gre.mode)
			b.R2.Config = b.write("r2.cfg", strings.NewReplacer("hostname R1", "hostname R2",
				"192.168.0.1", "192.168.0.2", "192.168.0.2", "192.168.0.1", "10.0.0.1", "10.0.0.2").Replace(text))
			must(t, b.R2.Start("--initiate", "manual"))
			capture, err := b.R1.Capture(nil)
			must(t, err)
			b.initiate()
			b.passes(suite{kernelEncr: "proto ah", kernelInteg: "hmac(sha256)"})
			b.passes(suite{kernelEncr: "proto esp", kernelInteg: "cbc(aes)"})
			ah := 0
			for _, p := range capture.Close() {
				switch {
				case p.Protocol == 51 && p.Sent && p.Data[20] == 50: // next header of AH
					ah++
				case p.Protocol != 51 && p.Protocol != 17 && p.Sent:
					t.Errorf("protocol %d left", p.Protocol)
				}
			}
			if ah < 10 {
				t.Errorf("%d packets of AH around ESP", ah)
			}
			if out, err := b.R1.Obol("clear", "crypto", "session"); err != nil {
				t.Fatal(out, err)
			}
			eventually(t, 15e9, "no SA on either end", func() bool { return len(b.spis(b.R1))+len(b.spis(b.R2)) == 0 })
		})
	}
}
