package script

import (
	"fmt"
	"strings"
)

// MaxTunnels is how many there may be: the addresses have no more room.
const MaxTunnels = 64 << 8

// Outer is the address of one end of a tunnel, 1 or 2, and Inner that of its interface:
// 10.1.i and 10.2.i for the first 256.
func Outer(i, end int) string { return fmt.Sprintf("10.%d.%d.%d", 1+i>>8*2, i&255, end) }

// Inner is an address with 24 bits of subnet.
func Inner(i, end int) string { return fmt.Sprintf("10.%d.%d.%d", 2+i>>8*2, i&255, end) }

// Tunnels is the configuration of a router with n tunnels, at most MaxTunnels, to one
// other that has the same: each is GRE between Outer addresses, with a pre-shared key of
// its own, and Inner inside. profile are lines for the ipsec profile P; with IKEv2Profile
// they choose version 2.
func Tunnels(n, own, peer int, profile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "hostname R%d\ncrypto isakmp policy 10\n encr aes\n hash sha256\n authentication pre-share\n group 19\n", own)
	b.WriteString("crypto ikev2 proposal P\n encryption aes-cbc-128\n integrity sha256\n group 19\ncrypto ikev2 policy P\n proposal P\ncrypto ikev2 keyring K\n")
	for i := range n {
		fmt.Fprintf(&b, " peer T%d\n  address %s\n  pre-shared-key secret%d\n", i, Outer(i, peer), i)
	}
	b.WriteString("crypto ikev2 profile V2\n authentication local pre-share\n authentication remote pre-share\n keyring local K\n")
	for i := range n {
		fmt.Fprintf(&b, " match identity remote address %s 255.255.255.255\n", Outer(i, peer))
	}
	b.WriteString("crypto ipsec transform-set TS esp-aes esp-sha256-hmac\n mode transport\ncrypto ipsec profile P\n set transform-set TS\n" + profile)
	for i := range n {
		fmt.Fprintf(&b, "crypto isakmp key secret%d address %s\n"+
			"interface Tunnel%d\n ip address %s 255.255.255.0\n tunnel source %s\n tunnel destination %s\n tunnel protection ipsec profile P\n",
			i, Outer(i, peer), i, Inner(i, own), Outer(i, own), Outer(i, peer))
	}
	return b.String()
}

// IKEv2Profile is a line of Tunnels' ipsec profile.
const IKEv2Profile = " set ikev2-profile V2\n"
