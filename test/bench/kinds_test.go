//go:build bench

package bench

import "fmt"

// A kind is what both daemons negotiate, and how they authenticate.
type kind struct {
	name       string
	version    int
	psk, ecdsa bool   // RSA with 2048 bits else
	group      string // IOS's word
	charonIKE  string // charon's proposal
}

var kinds = []kind{
	{name: "ikev1-rsa2048-group14", version: 1, group: "14", charonIKE: "aes128-sha256-modp2048"},
	{name: "ikev1-psk-group14", version: 1, psk: true, group: "14", charonIKE: "aes128-sha256-modp2048"},
	{name: "ikev2-psk-x25519", version: 2, psk: true, group: "31", charonIKE: "aes128-sha256-x25519"},
	{name: "ikev2-rsa2048-x25519", version: 2, group: "31", charonIKE: "aes128-sha256-x25519"},
	{name: "ikev2-ecdsa256-x25519", version: 2, ecdsa: true, group: "31", charonIKE: "aes128-sha256-x25519"},
	{name: "ikev2-rsa2048-group14", version: 2, group: "14", charonIKE: "aes128-sha256-modp2048"},
}

const config = `!obol serial-number 100
hostname R%[1]d
ip domain name cisco.com
crypto pki trustpoint IOSCA1
 revocation-check none
%[4]scrypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile IPSEC
 set transform-set TS
%[5]sinterface Tunnel1
 ip address 10.0.0.%[1]d 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination %[3]s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IPSEC
interface Ethernet0/0
 ip address %[2]s 255.255.255.0
`

const configV1 = `crypto isakmp policy 10
 encryption aes
 hash sha256
 authentication %s
 group %s
crypto isakmp identity %s
crypto isakmp key secret-of-both address 0.0.0.0 0.0.0.0
`

const configV2 = `crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group %[2]s
crypto ikev2 policy P
 proposal P
crypto ikev2 keyring KR
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key secret-of-both
crypto ikev2 profile prof1
 match identity remote address 0.0.0.0 0.0.0.0
 match identity remote fqdn domain cisco.com
 identity local %[3]s
 authentication remote %[1]s
 authentication local %[1]s
 keyring local KR
 pki trustpoint IOSCA1
`

// config is that of router n.
func (k kind) config(n int, own, peer string) []byte {
	auth, identity := "rsa-sig", "dn"
	switch {
	case k.psk && k.version == 1:
		auth, identity = "pre-share", "address"
	case k.psk:
		auth, identity = "pre-share", "address "+own
	case k.ecdsa:
		auth, identity = "ecdsa-sig", fmt.Sprintf("fqdn R%d.cisco.com", n)
	case k.version == 2:
		identity = fmt.Sprintf("fqdn R%d.cisco.com", n)
	}
	ike, profile := configV1, ""
	if k.version == 2 {
		ike, profile = configV2, " set ikev2-profile prof1\n"
	}
	return fmt.Appendf(nil, config, n, own, peer, fmt.Sprintf(ike, auth, k.group, identity), profile)
}
