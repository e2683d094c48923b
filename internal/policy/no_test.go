package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
)

// noTable are settings by the block that they stand in. What stands behind a
// '|' is the shortest no form that IOS takes.
var noTable = map[string]string{
	"": `
		crypto isakmp identity dn | no crypto isakmp identity
		crypto isakmp keepalive 10 3 periodic | no crypto isakmp keepalive
		crypto isakmp aggressive-mode disable
		crypto isakmp invalid-spi-recovery
		crypto isakmp key cisco address 192.0.2.1
		crypto isakmp key cisco address 192.0.2.0 255.255.255.0 no-xauth | no crypto isakmp key cisco address 192.0.2.0 255.255.255.0
		crypto isakmp key 7 070C285F4D06 hostname R9
		crypto isakmp key cisco address ipv6 2001:db8::/32
		crypto logging session
		crypto call admission limit ike in-negotiation-sa 20 | no crypto call admission limit ike in-negotiation-sa
		crypto ipsec security-association lifetime seconds 900 | no crypto ipsec security-association lifetime seconds
		crypto ipsec security-association lifetime kilobytes disable | no crypto ipsec security-association lifetime kilobytes
		crypto ipsec security-association lifetime days 2 | no crypto ipsec security-association lifetime
		crypto ipsec security-association replay window-size 1024 | no crypto ipsec security-association replay window-size
		crypto ipsec security-association replay disable
		crypto isakmp policy 20
		crypto isakmp profile P2
		crypto keyring K2
		crypto ipsec transform-set T2 esp-3des esp-md5-hmac | no crypto ipsec transform-set T2
		crypto ipsec profile IP2
		crypto pki certificate map M2 10
		crypto ikev2 dpd 20 3 periodic | no crypto ikev2 dpd
		crypto ikev2 nat keepalive 20 | no crypto ikev2 nat keepalive
		crypto ikev2 cookie-challenge 10 | no crypto ikev2 cookie-challenge
		crypto ikev2 window 1 | no crypto ikev2 window
		crypto ikev2 fragmentation mtu 1200 | no crypto ikev2 fragmentation
		crypto ikev2 limit max-sa 7 | no crypto ikev2 limit max-sa
		crypto ikev2 limit max-in-negotation-sa 7 | no crypto ikev2 limit max-in-negotation-sa
		crypto logging ikev2
		crypto ikev2 keyring K2`,
	"crypto ikev2 proposal P": `
		prf sha512 | no prf
		additional-key-exchange ml-kem-768`,
	"crypto ikev2 policy PO": `
		match fvrf any | no match fvrf
		match address local 192.0.2.1
		match address local 2001:db8::1
		proposal P2`,
	"crypto ikev2 keyring KR2": `
		peer B`,
	"crypto ikev2 keyring KR\n peer A": `
		description here | no description
		hostname R9 | no hostname
		address 192.0.2.0 255.255.255.0 | no address
		address 2001:db8::/32 | no address
		identity fqdn domain example.org | no identity
		pre-shared-key cisco | no pre-shared-key
		pre-shared-key local cisco | no pre-shared-key local
		pre-shared-key remote hex 0A0B | no pre-shared-key remote`,
	"crypto ikev2 profile P2": `
		description here | no description
		match fvrf any | no match fvrf
		match address local 192.0.2.1
		match address local interface Ethernet0/0
		match identity remote address 192.0.2.0 255.255.255.0
		match identity remote address 2001:db8::/32
		match identity remote fqdn domain example.org
		match identity remote email domain example.org
		match identity remote key-id G
		match identity remote any
		match certificate M
		identity local email a@b.c | no identity local
		authentication local ecdsa-sig
		authentication remote pre-share key cisco | no authentication remote pre-share
		keyring local KR
		pki trustpoint T sign | no pki trustpoint T
		lifetime 3600 | no lifetime
		dpd 20 3 periodic | no dpd
		nat keepalive 20 | no nat keepalive
		initial-contact force
		shutdown`,
	"crypto isakmp policy 10": `
		encryption aes 256 | no encryption
		hash sha256 | no hash
		authentication pre-share | no authentication
		group 14 | no group
		lifetime 3600 | no lifetime`,
	"crypto keyring K": `
		local-address 192.168.0.1 | no local-address
		local-address Ethernet0/0 | no local-address
		pre-shared-key address 192.0.2.1 key cisco | no pre-shared-key address 192.0.2.1
		pre-shared-key address 192.0.2.0 255.255.255.0 key cisco
		pre-shared-key hostname R9 key cisco | no pre-shared-key hostname R9
		pre-shared-key address ipv6 2001:db8::/32 key cisco | no pre-shared-key address ipv6 2001:db8::/32`,
	"crypto isakmp profile P": `
		description here | no description
		keyring K | no keyring
		ca trust-point T
		self-identity user-fqdn a@b.c | no self-identity
		match identity address 192.0.2.0 255.255.255.0
		match identity host domain example.org
		match identity user a@b.c
		match identity group G
		match certificate M
		keepalive 20 retry 5 | no keepalive
		initiate mode aggressive
		local-address Ethernet0/0 | no local-address`,
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac": `
		mode transport | no mode
		mode transport require | no mode`,
	"crypto ipsec profile IP": `
		set transform-set TS | no set transform-set
		set isakmp-profile P | no set isakmp-profile
		set ikev2-profile P2 | no set ikev2-profile
		set pfs group14 | no set pfs
		set security-association lifetime seconds 900 | no set security-association lifetime seconds
		set security-association lifetime kilobytes 5000 | no set security-association lifetime kilobytes
		set security-association lifetime days 2 | no set security-association lifetime
		set security-association replay disable | no set security-association replay
		set security-association replay window-size 512
		responder-only`,
}

// TestNoForms: a setting shows, and its no and default forms leave nothing of
// it.
func TestNoForms(t *testing.T) {
	const setup = `hostname R1
ip domain name cisco.com
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
crypto pki trustpoint T
crypto pki certificate map M 10
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto keyring K
crypto isakmp profile P
 match identity host R2
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 14
crypto ikev2 proposal P2
 encryption aes-gcm-256
 prf sha384
 group 19
crypto ikev2 policy PO
 proposal P
crypto ikev2 keyring KR
 peer A
crypto ikev2 keyring KR2
crypto ikev2 profile P2
crypto ipsec profile IP
`
	same := cmp.Options{
		cmpopts.IgnoreTypes(ios.Pos{}), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
		cmp.Comparer(func(x, y *suite.Cipher) bool { return x == y }),
		cmp.Comparer(func(x, y *suite.Hash) bool { return x == y }),
		cmp.Comparer(func(x, y *suite.Group) bool { return x == y }),
		cmp.Comparer(func(x, y *suite.Integrity) bool { return x == y }),
		cmpopts.IgnoreFields(Config{}, "Ignored", "Warnings", "Sources"),
		cmpopts.IgnoreUnexported(Config{}, pki.Settings{}),
	}
	for block, table := range noTable {
		base := compileText(t, setup+block+"\n")
		for row := range strings.Lines(table) {
			line, short, found := strings.Cut(strings.TrimSpace(row), " | ")
			if line == "" {
				continue
			}
			if !found {
				short = "no " + line
			}
			with := setup + block + "\n " + line + "\n"
			if cmp.Equal(base, compileText(t, with), same) {
				t.Errorf("%s / %s: shows nowhere", block, line)
			}
			for _, form := range []string{"no " + line, short, strings.Replace(short, "no ", "default ", 1)} {
				text := with + "!\n" + block + "\n " + form + "\n"
				if diff := cmp.Diff(base, compileText(t, text), same); diff != "" {
					t.Errorf("%s / %s / %s (-without +after):\n%s", block, line, form, diff)
				}
			}
		}
	}
}
