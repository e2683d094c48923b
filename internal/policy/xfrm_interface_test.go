package policy

import (
	"strings"
	"testing"
)

// TestXFRMInterface: an if_id in place of the mark, and the SAs are made anew for it;
// a GRE tunnel has no use for one.
func TestXFRMInterface(t *testing.T) {
	const text = `crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile P
 set transform-set TS
interface Tunnel7
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile P
`
	compiled := func(more string) *Config {
		t.Helper()
		c, errs := Compile(Source{"r1.cfg", []byte(text + more)})
		if errs != nil {
			t.Fatal(errs)
		}
		return c
	}
	vti, with := compiled(""), compiled(" !obol xfrm-interface\n")
	if tu := with.Interface("Tunnel7").Tunnel; tu.IfID != 0x6f620007 || tu.Mark != 0 {
		t.Errorf("if_id %#x, mark %#x", tu.IfID, tu.Mark)
	}
	if d := Compare(vti, with).String(); d != "0 new, 0 removed, 1 renegotiated, 0 untouched" {
		t.Error(d)
	}
	_, errs := Compile(Source{"r1.cfg", []byte(text + " no tunnel mode\n !obol xfrm-interface\n")})
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "r1.cfg:10:2: Tunnel7 is a GRE tunnel") {
		t.Error(errs)
	}
}
