//go:build vm

package note

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// IKEv2 over IPv6 keys the kernel: a VTI, and GRE that carries IPv4 too. Pings
// pass both ways at the MTU and not above, nothing but ESP leaves a host, and a
// clear leaves nothing.
func TestIPv6(t *testing.T) {
	for _, c := range []struct {
		mode, link string
		mtu        int
	}{
		{"ipsec ipv6", "vti6 remote 2001:db8::2 local 2001:db8::1 ikey 111.98.0.1 okey 111.98.0.1", 1426},
		{"gre ipv6", "ip6gre remote 2001:db8::2 local 2001:db8::1 hoplimit 255 encaplimit none", 1382},
	} {
		t.Run(c.mode, func(t *testing.T) {
			p := topology(t, "configs/ikev2-ipv6/r1.cfg", "configs/ikev2-ipv6/r2.cfg", routers.Order{})
			for i, r := range []*routers.Router{p.R1, p.R2} {
				text, err := os.ReadFile(r.Config)
				must(t, err)
				r.Config = filepath.Join(p.Dir, r.Name+".cfg")
				more := fmt.Sprintf("interface Tunnel1\n tunnel mode %s\n", c.mode)
				if c.mode == "gre ipv6" {
					more += fmt.Sprintf(" ip address 10.0.0.%d 255.255.255.0\n", 1+i)
				}
				must(t, os.WriteFile(r.Config, append(text, more...), 0o600))
				sh(t, r, "ip", "address", "add", fmt.Sprintf("2001:db8::%d/64", 1+i), "dev", routers.Outer, "nodad")
			}
			start(t, p, "--initiate", "manual")
			up(t, p)
			want(t, "Tunnel1", sh(t, p.R1, "ip", "-d", "link", "show", "Tunnel1"), c.link, fmt.Sprintf("mtu %d ", c.mtu))
			clear := func(r *routers.Router) string {
				return sh(t, r, "sh", "-c", "tcpdump -i "+routers.Outer+" -Q out -nn -c 8 'src net 2001:db8::/32 and not (esp or udp or icmp6[0] == 135 or icmp6[0] == 136)' 2>/dev/null & sleep 4; kill $!; wait")
			}
			got := make(chan string, 1)
			go func() { got <- clear(p.R1) }()
			time.Sleep(time.Second)
			const lan1, lan2 = "2001:db8:100::1", "2001:db8:200::1"
			sh(t, p.R1, "ping", "-c", "5", "-i", "0.2", "-I", lan1, lan2)
			sh(t, p.R2, "ping", "-c", "5", "-i", "0.2", "-I", lan2, lan1)
			if lines := <-got; strings.TrimSpace(lines) != "" {
				t.Errorf("R1 sent more than ESP:\n%s", lines)
			}
			if c.mode == "gre ipv6" {
				sh(t, p.R1, "ping", "-c", "3", "-i", "0.2", "10.0.0.2")
			}
			const headers = 40 + 8 // IPv6 and ICMPv6
			sh(t, p.R1, "ping", "-c", "3", "-i", "0.2", "-M", "do", "-s", fmt.Sprint(c.mtu-headers), "-I", lan1, lan2)
			out, err := p.R1.Run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", fmt.Sprint(c.mtu+1-headers), "-I", lan1, lan2)
			if err == nil {
				t.Errorf("a ping of %d octets passed:\n%s", c.mtu+1, out)
			}
			for _, r := range []*routers.Router{p.R1, p.R2} {
				states := sh(t, r, "ip", "xfrm", "state")
				want(t, r.Name+" states", states, "rfc4106(gcm(aes))", "src 2001:db8::1 dst 2001:db8::2")
				if len(spis(states)) != 2 {
					t.Errorf("%s: want one pair of SAs:\n%s", r.Name, states)
				}
			}
			obol(t, p.R1, "clear", "crypto", "session")
			eventually(t, patience, "no SA on either side", func() bool {
				return len(spis(sh(t, p.R1, "ip", "xfrm", "state")+sh(t, p.R2, "ip", "xfrm", "state"))) == 0
			})
			if out, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-I", lan1, lan2); err == nil {
				t.Errorf("a ping passed without an SA:\n%s", out)
			}
			must(t, p.R1.Stop())
			if left := sh(t, p.R1, "sh", "-c", "ip link show | grep Tunnel; ip xfrm policy | grep 0x6f62; ip -6 route show proto 111; true"); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}
