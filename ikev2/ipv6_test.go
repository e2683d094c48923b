package ikev2

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Between addresses of IPv6: the identities are of that type, and the selectors are
// a VTI's, or those of GRE in both modes.
func TestIPv6(t *testing.T) {
	for _, c := range []struct {
		mode, set, selector string
		want                ipsec.Mode
	}{
		{"ipsec ipv6", "tunnel", "::/0/0/0 ::/0/0/0", ipsec.Tunnel},
		{"gre ipv6", "tunnel", "2001:db8::1/128/47/0 2001:db8::2/128/47/0", ipsec.Tunnel},
		{"gre ipv6", "transport", "2001:db8::1/128/47/0 2001:db8::2/128/47/0", ipsec.Transport},
	} {
		text := replaced(psk+tunnel, "ip address LOCAL 255.255.255.0", "ipv6 address LOCAL/64", "  address REMOTE\n", "  address REMOTE/128\n",
			"remote address REMOTE", "remote address 2001:db8::/32", " mode tunnel", " mode "+c.set,
			" tunnel protection", " tunnel mode "+c.mode+"\n tunnel protection")
		p := &pairOf{
			t: t, now: epoch,
			r1: newParty(t, "R1", "2001:db8::1", "2001:db8::2", text),
			r2: newParty(t, "R2", "2001:db8::2", "2001:db8::1", text),
		}
		p.up(p.r1)
		p.sameKeys()
		want(t, p.r2, func(e ike.SessionUp) bool { return e.PeerID == "2001:db8::1" })
		v := p.r1.session.View(p.now)
		if len(v.Children) != 1 || len(p.r1.sas) != 2 {
			t.Fatalf("%s: %+v", c.mode, v)
		}
		for _, sa := range p.r1.sas {
			if sa.Mode != c.want || sa.Selector.String() != c.selector {
				t.Errorf("%s: %v %s", c.mode, sa.Mode, sa.Selector)
			}
		}
	}
}
