package policy

import (
	"fmt"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// The profile decides on DF before the tunnel's interface, that before the interface
// of its source, and that before the router; no takes each back.
func TestDFBit(t *testing.T) {
	const text = `hostname R1
%[1]s
crypto ipsec profile IP
 %[2]s
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
 %[3]s
interface Tunnel1
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.2
 tunnel protection ipsec profile IP
 %[4]s
`
	const word = "crypto ipsec df-bit "
	for _, c := range []struct {
		router, profile, source, tunnel string
		want                            ipsec.DF
	}{
		{"!", "!", "!", "!", ipsec.DFCopy},
		{word + "clear", "!", "!", "!", ipsec.DFClear},
		{word + "clear\nno " + word + "clear", "!", "!", "!", ipsec.DFCopy},
		{word + "clear", "!", word + "set", "!", ipsec.DFSet},
		{word + "clear", "!", word + "set\n no crypto ipsec df-bit", "!", ipsec.DFClear},
		{word + "clear", "!", word + "set", word + "copy", ipsec.DFCopy},
		{word + "clear", "set security-association dfbit set", "!", word + "copy", ipsec.DFSet},
		{word + "clear", "set security-association dfbit set\n no set security-association dfbit", "!", "!", ipsec.DFClear},
	} {
		cfg := compileText(t, fmt.Sprintf(text, c.router, c.profile, c.source, c.tunnel))
		if got := cfg.Interface("Tunnel1").Tunnel.DF; got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	for line, want := range map[string]bool{
		"!": false, "tunnel path-mtu-discovery": true, "tunnel path-mtu-discovery\n no tunnel path-mtu-discovery": false,
	} {
		if got := compileText(t, fmt.Sprintf(text, "!", "!", "!", line)).Interface("Tunnel1").Tunnel.PathMTU; got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
