//go:build bench

package speed

import (
	"fmt"
	"testing"
)

const obolConfig = `hostname R%[1]d
crypto ikev2 keyring KR
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key secret-of-both
crypto ikev2 profile prof1
 match identity remote address 0.0.0.0 0.0.0.0
 identity local address %[2]s
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS %[4]s
crypto ipsec profile IPSEC
 set transform-set TS
 set security-association lifetime kilobytes disable
 set ikev2-profile prof1
interface Tunnel1
 ip address %[5]s 255.255.255.0
 ip mtu 1400
 tunnel source Ethernet0/0
 tunnel destination %[3]s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IPSEC
interface Ethernet0/0
 ip address %[2]s 255.255.255.0
`

// inUDP makes the first host find itself behind a NAT: what it sends from port 500
// has another port, and nothing else is touched. Then ESP goes in UDP.
const inUDP = `nft -f - <<end
table ip nat {
	chain out {
		type filter hook output priority 0
		udp sport 500 udp sport set 10500
	}
	chain in {
		type filter hook prerouting priority -300
		udp dport 10500 udp dport set 500
	}
}
end`

// obold runs ours on both hosts with the userspace data plane; the first one begins.
func obold(transforms string, udp bool) func(*testing.B, *stage) {
	return func(b *testing.B, s *stage) {
		if udp {
			s.hosts[0].Sh(inUDP)
		}
		for _, i := range []int{1, 0} {
			name := fmt.Sprintf("R%d", i+1)
			config := s.write(b, name+".cfg", fmt.Sprintf(obolConfig, i+1, outer(i), outer(1-i), transforms, s.inner[i]))
			initiate := "manual"
			if i == 0 {
				initiate = "auto"
			}
			s.start(b, i, nil, bin+"/obold", "-c", config, "--store", s.dir+"/"+name, "--socket", s.dir+"/"+name+".sock",
				"--dataplane", "userspace", "--initiate", initiate)
		}
	}
}
