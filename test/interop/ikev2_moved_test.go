//go:build vm

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// movedEnd is one end of a tunnel through a NAT, before R1 with the address 172.16.0.1.
const movedEnd = `hostname R%[1]d
crypto ikev2 keyring KR
 peer OTHER
  address %[3]s
  pre-shared-key cisco
crypto ikev2 profile prof1
 match identity remote address %[4]s 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
%[5]scrypto ipsec transform-set TS esp-aes esp-sha256-hmac
 mode %[6]s
crypto ipsec profile prof1
 set transform-set TS
 set ikev2-profile prof1
interface Loopback0
 ip address 192.168.%[1]d00.1 255.255.255.0
interface Tunnel1
 ip address 10.0.0.%[1]d 255.255.255.0
 tunnel source Ethernet0/0
%[7]s tunnel destination %[3]s
 tunnel protection ipsec profile prof1
interface Ethernet0/0
 ip address %[2]s 255.255.255.0
ip route 192.168.%[8]d00.0 255.255.255.0 10.0.0.%[8]d
`

// The NAT before R1 gets another outer address: R2 follows, the tunnel with its routes
// goes over to it (GRE has the new end, and in place of a VTI there is an XFRM interface, which has none), and pings flow again. So they do on the way back, and after either
// end has begun anew where the NAT is.
func TestIKEv2Moved(t *testing.T) {
	for name, mode := range map[string][2]string{
		"VTI": {"tunnel", " tunnel mode ipsec ipv4\n"},
		"GRE": {"transport", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := routers.New(root+"/bin", "", "")
			must(t, err)
			b := &lab{Pair: p, t: t}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
				}
				must(t, p.Close())
			})
			n := b.masquerade(p.R1)
			p.R1.Config = b.write("r1.cfg", fmt.Sprintf(movedEnd, 1, "172.16.0.1", "192.168.0.2", "192.168.0.2", " dpd 10 2 periodic\n nat keepalive 20\n", mode[0], mode[1], 2))
			p.R2.Config = b.write("r2.cfg", fmt.Sprintf(movedEnd, 2, "192.168.0.2", "192.168.0.1", "172.16.0.1", "", mode[0], mode[1], 1))
			must(t, p.R1.Start("--initiate", "manual"))
			must(t, p.R2.Start("--initiate", "manual"))
			s := suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha256)"}
			b.initiate()
			b.passes(s)
			before := "192.168.0.1"
			for i, outside := range []string{"192.168.0.77", before} {
				must(t, n.Readdress(outside, 20000+10000*i))
				eventually(t, 30*time.Second, "answers after the NAT has another address", func() bool {
					_, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-I", "10.0.0.1", "10.0.0.2")
					return err == nil
				})
				b.passes(s)
				eventually(t, 10*time.Second, "nothing of the old address", func() bool {
					out := b.r2("ip", "xfrm", "state")
					return !strings.Contains(out, before) && strings.Contains(out, outside) && len(b.spis(p.R2)) == 2
				})
				before = outside
				if name == "VTI" {
					b.wantKind(p.R2, "xfrm")
				} else {
					b.wantKind(p.R2, "gre remote "+outside)
				}
				if out, err := p.R1.Run("ping", "-c", "2", "-i", "0.2", "-W", "3", "-I", "192.168.100.1", "192.168.200.1"); err != nil {
					t.Errorf("between the LANs: %v\n%s", err, out)
				}
				for _, r := range []*routers.Router{p.R2, p.R1} {
					if out, err := r.Obol("clear", "crypto", "sa"); err != nil {
						t.Fatal(out, err)
					}
					if out, err := r.Obol("initiate", "Tunnel1", "--wait", "30s"); err != nil {
						t.Fatalf("%s begins anew: %s%v", r.Name, out, err)
					}
					b.passes(s)
				}
			}
			if out, err := p.R1.Obol("clear", "crypto", "session"); err != nil {
				t.Fatal(out, err)
			}
			eventually(t, 15*time.Second, "no SA on either end", func() bool { return len(b.spis(p.R1))+len(b.spis(p.R2)) == 0 })
		})
	}
}
