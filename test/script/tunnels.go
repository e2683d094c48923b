package script

import (
	"fmt"
	"strings"
)

// Tunnels is the configuration of a router with n tunnels, at most 256, to one other
// that has the same: tunnel i is GRE from 10.1.i.own to 10.1.i.peer, with a key of its
// own, and 10.2.i.own inside. profile are lines for the ipsec profile P; with
// IKEv2Profile they choose version 2.
func Tunnels(n, own, peer int, profile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "hostname R%d\ncrypto isakmp policy 10\n encr aes\n hash sha256\n authentication pre-share\n group 19\n", own)
	b.WriteString("crypto ikev2 proposal P\n encryption aes-cbc-128\n integrity sha256\n group 19\ncrypto ikev2 policy P\n proposal P\ncrypto ikev2 keyring K\n")
	for i := range n {
		fmt.Fprintf(&b, " peer T%[1]d\n  address 10.1.%[1]d.%[2]d\n  pre-shared-key secret%[1]d\n", i, peer)
	}
	b.WriteString("crypto ikev2 profile V2\n authentication local pre-share\n authentication remote pre-share\n keyring local K\n")
	for i := range n {
		fmt.Fprintf(&b, " match identity remote address 10.1.%d.%d 255.255.255.255\n", i, peer)
	}
	b.WriteString("crypto ipsec transform-set TS esp-aes esp-sha256-hmac\n mode transport\ncrypto ipsec profile P\n set transform-set TS\n" + profile)
	for i := range n {
		fmt.Fprintf(&b, "crypto isakmp key secret%[1]d address 10.1.%[1]d.%[3]d\n"+
			"interface Tunnel%[1]d\n ip address 10.2.%[1]d.%[2]d 255.255.255.0\n tunnel source 10.1.%[1]d.%[2]d\n tunnel destination 10.1.%[1]d.%[3]d\n tunnel protection ipsec profile P\n", i, own, peer)
	}
	return b.String()
}

// IKEv2Profile is a line of Tunnels' ipsec profile.
const IKEv2Profile = " set ikev2-profile V2\n"
