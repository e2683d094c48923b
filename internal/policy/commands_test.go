package policy

import (
	"fmt"
	"strings"
	"testing"
)

// TestCommands holds every command to what it takes. Each line stands alone in
// its block: + is taken, ~ taken with a warning, - refused, . left to others.
func TestCommands(t *testing.T) {
	const setup = "hostname R1\nip domain name cisco.com\ncrypto pki trustpoint T\ncrypto keyring K\ncrypto isakmp profile P\n match identity host R2\n" +
		"crypto ipsec transform-set TS esp-aes esp-sha-hmac\ncrypto ipsec profile IP\ncrypto pki certificate map M 10\ncrypto ikev2 keyring K2\n peer X\ncrypto ikev2 profile V2\ninterface Loopback0\n ip address 10.9.9.9 255.255.255.255\n" +
		"interface Ethernet0/0\n ip address 192.168.0.1 255.255.255.0\ninterface Virtual-Template1 type tunnel\ninterface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n tunnel source Ethernet0/0\n tunnel destination 192.168.0.2\n"
	for block, table := range commandTable {
		for row := range strings.Lines(table) {
			row = strings.TrimSpace(row)
			if row == "" {
				continue
			}
			want, line := row[:1], strings.TrimSpace(row[1:])
			text := setup + block + "\n " + line + "\n"
			if block == "" {
				text = setup + "!\n" + line + "\n"
			}
			base, errs := Compile(Source{"base", []byte(setup + block + "\n")})
			if errs != nil {
				t.Fatal(errs)
			}
			c, errs := Compile(Source{"r1.cfg", []byte(text)})
			got := "+"
			switch {
			case errs != nil:
				got = "-"
				if len(errs) != 1 {
					got = fmt.Sprintf("%d errors", len(errs))
				}
			case len(c.Ignored) > len(base.Ignored):
				got = "."
			case len(c.Warnings) > len(base.Warnings):
				got = "~"
			}
			if got != want {
				t.Errorf("%s / %s: %s, want %s\n%v", block, line, got, want, errs)
			}
		}
	}
}

var commandTable = map[string]string{
	"crypto ikev2 proposal P2": `
		+ encryption aes-cbc-256
		+ encryption aes-cbc-256 aes-cbc-128 3des
		+ encryption aes-gcm-256
		+ encryption chacha20-poly1305
		- encryption aes-256
		- encryption
		+ integrity sha256 sha512
		- integrity sha
		+ prf sha384
		+ group 19 14 31
		- group 3
		+ additional-key-exchange ml-kem-768
		+ no group
		- lifetime 100`,
	"crypto ikev2 policy P2": `
		- proposal P2
		+ match fvrf any
		+ match address local 192.0.2.1
		+ match address local 2001:db8::1
		- match address 192.0.2.1
		+ proposal default`,
	"crypto ikev2 keyring K2\n peer X": `
		+ address 192.0.2.1
		+ address 192.0.2.0 255.255.255.0
		+ address 2001:db8::/32
		- address 192.0.2.0 255.0.255.0
		+ hostname R2.cisco.com
		+ identity fqdn R2.cisco.com
		+ identity fqdn domain cisco.com
		+ identity email domain cisco.com
		+ identity key-id west
		+ identity address 192.0.2.1
		+ pre-shared-key s3cret
		+ pre-shared-key local s3cret
		+ pre-shared-key remote 0 s3cret
		+ pre-shared-key hex 0a0b
		- pre-shared-key hex 0a0
		- pre-shared-key 6 s3cret
		- pre-shared-key 7 s3cret
		- pre-shared-key
		+ description of R2
		- peer-address 192.0.2.1`,
	"crypto ikev2 profile P2": `
		+ match identity remote address 192.0.2.1
		+ match identity remote address 192.0.2.0 255.255.255.0
		+ match identity remote any
		+ match identity remote fqdn domain cisco.com
		+ match certificate M
		- match certificate N
		+ match address local interface Loopback0
		+ match address local 192.0.2.9
		+ match fvrf any
		+ identity local dn
		+ identity local address 192.0.2.9
		+ identity local email a@b.ch
		- identity local email ab.ch
		+ identity local key-id west
		+ authentication local rsa-sig
		+ authentication remote pre-share key s3cret
		+ authentication local ecdsa-sig
		- authentication remote pre-share key 6 s3cret
		- authentication rsa-sig
		+ keyring local K2
		+ keyring K2
		- keyring local K3
		+ pki trustpoint T
		+ pki trustpoint T sign
		- pki trustpoint U
		+ lifetime 3600
		- lifetime 60
		+ dpd 10 2 periodic
		+ nat keepalive 10
		+ no config-exchange request
		+ initial-contact force
		+ shutdown
		~ virtual-template 1`,

	"": `
		+ hostname R2
		- hostname
		+ no hostname
		+ ip domain-name example.org
		- ip domain name ..
		. ip domain name vrf V example.org
		. no ip domain name vrf V example.org
		. ip domain-name vrf V example.org
		. ip domain list x
		+ ip host R9 192.0.2.9
		. ip host R9 mx 10 mail
		. ip http server
		. aaa new-model
		. no ip http server
		. some-new-feature on
		- crpto isakmp enable
		- crypto
		- crypto isakmp
		+ crypto isakmp enable
		+ no crypto isakmp enable
		+ cry isak en
		+ crypto isakmp identity dn
		+ crypto isakmp identity hostname
		- crypto isakmp identity fqdn
		+ crypto isakmp key k address 192.0.2.1
		+ crypto isakmp key 0 k address 192.0.2.0 255.255.255.0 no-xauth
		+ crypto isakmp key k address ipv6 2001:db8::/32
		+ crypto isakmp key k hostname R2.cisco.com
		- crypto isakmp key 6 k address 192.0.2.1
		+ crypto isakmp key 7 070C285F4D06 address 192.0.2.1
		- crypto isakmp key 7 k address 192.0.2.1
		- crypto isakmp key k address 192.0.2.1 255.0.255.0
		+ crypto isakmp keepalive 10
		+ crypto isakmp keepalive 10 3 periodic
		+ crypto isakmp keepalive 3600 on-demand
		+ no crypto isakmp keepalive
		- crypto isakmp keepalive 10 61
		- crypto isakmp keepalive 9
		+ crypto isakmp nat keepalive 20
		+ no crypto isakmp nat keepalive
		- crypto isakmp nat keepalive 4
		+ crypto isakmp aggressive-mode disable
		+ crypto isakmp fragmentation
		+ crypto isakmp invalid-spi-recovery
		~ crypto isakmp disconnect-revoked-peers
		~ crypto isakmp xauth timeout 5
		+ crypto isakmp default policy
		+ no crypto isakmp default policy
		~ crypto isakmp peer address 192.0.2.1 vrf V
		~ crypto isakmp client configuration group G
		+ crypto call admission limit ike in-negotiation-sa 200
		- crypto call admission limit ike in-negotiation-sa none
		~ crypto call admission limit ike sa 200
		~ crypto call admission limit ipsec sa 200
		+ crypto ipsec security-association lifetime seconds 120
		+ crypto ipsec security-association lifetime kilobytes disable
		+ crypto ipsec security-association lifetime days 30
		- crypto ipsec security-association lifetime days 31
		+ crypto ipsec security-association replay disable
		+ crypto ipsec security-association replay window-size 64
		- crypto ipsec security-association replay window-size 65
		~ crypto ipsec security-association idle-time 60
		+ crypto ipsec df-bit clear
		+ no crypto ipsec df-bit
		~ crypto ipsec df-bit set
		~ crypto ipsec fragmentation before-encryption
		+ crypto ipsec nat-transparency udp-encapsulation
		+ no crypto ipsec nat-transparency udp-encapsulation
		~ crypto ipsec nat-transparency spi-matching
		+ crypto ipsec transform-set X esp-aes 256 esp-sha512-hmac
		~ crypto ipsec transform-set X esp-3des
		~ crypto ipsec transform-set X esp-null esp-sha-hmac
		+ crypto ipsec transform-set X esp-gcm 256
		+ crypto ipsec transform-set X esp-chacha20-poly1305
		~ crypto ipsec transform-set X esp-gmac 256
		- crypto ipsec transform-set X esp-gcm esp-sha-hmac
		+ crypto ipsec transform-set X ah-sha-hmac esp-aes
		+ crypto ipsec transform-set X ah-sha256-hmac
		~ crypto ipsec transform-set X esp-aes esp-sha-hmac comp-lzs
		- crypto ipsec transform-set X
		- crypto ipsec transform-set X esp-aes esp-des
		- crypto ipsec transform-set X esp-aes 129
		~ crypto ikev2 proposal X
		~ crypto ikev2 policy X
		+ crypto ikev2 keyring X
		~ crypto ikev2 profile X
		+ no crypto ikev2 profile X
		+ crypto ikev2 dpd 10 2 on-demand
		- crypto ikev2 dpd 10 2
		- crypto ikev2 dpd 9 2 periodic
		+ crypto ikev2 nat keepalive 20
		+ crypto ikev2 cookie-challenge 100
		- crypto ikev2 cookie-challenge 1001
		+ crypto ikev2 window 10
		- crypto ikev2 window 21
		+ crypto ikev2 fragmentation
		+ crypto ikev2 fragmentation mtu 1400
		- crypto ikev2 fragmentation 1400
		+ no crypto ikev2 http-url cert
		+ crypto ikev2 limit max-sa 100
		+ crypto ikev2 limit max-in-negotation-sa 10 incoming
		+ crypto ikev2 certificate-cache 100
		+ crypto ikev2 diagnose error 100
		+ no crypto ikev2 diagnose error
		- crypto ikev2 diagnose error 1001
		~ crypto ikev2 authorization policy default
		- crypto ikev2 prfile X
		~ crypto map M 10 ipsec-isakmp
		+ crypto logging session
		+ no crypto logging session
		+ crypto logging ikev2
		~ crypto key generate rsa general-keys label x
		+ crypto pki crl cache size 10
		- crypto pki crl cache size 0
		~ crypto pki crl download schedule prepublish 5
		- crypto pki enroll T
		+ crypto ca trustpoint OLD
		+ crypto isakmp policy 10000
		- crypto isakmp policy 10001
		+ no crypto isakmp policy 5
		- no crypto isakmp policy
		- no crypto keyring
		~ interface Tunnel 7
		+ int lo5
		- interface
		- interface Tunnel
		- interface Tunnle5
		. interface Warp0/0
		+ ip route 10.0.0.0 255.0.0.0 192.168.0.2
		+ ip route 10.0.0.0 255.0.0.0 Tunnel1 10.0.0.2 200 name x
		+ ip route 10.0.0.0 255.0.0.0 Tunnel1 permanent tag 7
		+ no ip route 10.0.0.0 255.0.0.0
		~ ip route 10.0.0.0 255.0.0.0 192.168.0.2 track 1
		~ ip route 10.0.0.0 255.0.0.0 Null0
		~ ip route 0.0.0.0 0.0.0.0 dhcp
		- ip route 10.0.0.1 255.0.0.0 192.168.0.2
		- ip route 10.0.0.0 255.0.0.0
		- ip route 10.0.0.0 255.0.0.0 192.168.0.2 256
		+ ipv6 route 2001:db8::/32 2001:db8::2
		+ ipv6 route 2001:db8::/32 Tunnel1 FE80::2 200 name x
		+ no ipv6 route 2001:db8::/32
		~ ipv6 route ::/0 Null0
		~ ipv6 route vrf V ::/0 2001:db8::2
		- ipv6 route 2001:db8::1/32 2001:db8::2
		- ipv6 route 2001:db8::/32 192.0.2.1
		. ipv6 unicast-routing
		- ip route 10.0.0.0 255.0.0.0 Loopback9
		+ !obol serial-number 100
		+ !obol half-open-per-address 10
		+ !obol enrolled T
		- !obol enrolled
		- !obol enrolled T T
		- !obol enrolled NONE
		+ !obol ca-name T CN=CA1,O=cisco,O=com
		- !obol ca-name T
		- !obol ca-name T CA1
		- !obol ca-name NONE CN=CA1
		+ !obol half-open-timeout 30
		+ !obol refuse-signatures md5 sha1
		- !obol refuse-signatures sha3
		+ !obol refuse-rsa-below 2048
		- !obol refuse-rsa-below 100
		- !obol half-open-timeout never
		- !obol nonsense
		+ ! obol is a coin
		+ !obolus`,
	"crypto isakmp policy 10": `
		+ encryption 3des
		+ encr aes
		+ encr aes 192
		- encr aes 19
		- encr blowfish
		+ no encr
		+ default encr
		+ hash md5
		+ hash sha384
		+ hash sha3
		- hash sha1
		+ authentication pre-share
		~ authentication rsa-encr
		~ authentication ecdsa-sig
		+ authentication rsa-sig
		+ group 24
		- group 4
		+ lifetime 60
		- lifetime 86401
		+ exit
		- match identity host x`,
	"crypto keyring K": `
		+ description x y
		+ local-address Ethernet0/0
		+ local-address 192.168.0.1
		- local-address Ethernet0/7
		+ pre-shared-key address 192.0.2.1 key k
		+ pre-shared-key address 192.0.2.0 255.255.255.0 key 0 k
		- pre-shared-key address 192.0.2.1 key 6 k
		+ pre-shared-key hostname R2.cisco.com key 7 070C285F4D06
		- pre-shared-key hostname R2.cisco.com key 7 k
		+ pre-shared-key address ipv6 2001:db8::/32 key k
		+ pre-shared-key hostname R2.cisco.com key k
		- pre-shared-key k
		~ rsa-pubkey address 192.0.2.1 signature`,
	"crypto isakmp profile P": `
		+ description x y
		+ keyring K
		+ keyring default
		- keyring Q
		+ ca trust-point T
		- ca trust-point U
		+ self-identity address
		+ self-identity fqdn
		+ self-identity fqdn R1.example.org
		+ self-identity user-fqdn a@b.c
		- self-identity user-fqdn a
		~ self-identity address ipv6
		+ match identity address 192.0.2.1
		+ match identity address 192.0.2.0 255.255.255.0
		+ match identity address 0.0.0.0
		+ match identity address 192.0.2.0 255.255.255.0 VRF
		+ match identity address ipv6 2001:db8::/32
		+ match identity host domain cisco.com
		+ match identity user a@b.c
		+ match identity user domain b.c
		+ match identity group G
		- match identity
		+ match certificate M
		- match certificate N
		+ keepalive 10 retry 2
		+ keepalive 10
		- keepalive 9
		+ initiate mode aggressive
		+ local-address 192.168.0.1
		+ local-address Ethernet0/0
		~ vrf V
		~ virtual-template 1
		~ accounting L
		~ qos-group 3
		~ client configuration address respond
		~ isakmp authorization list L
		- set transform-set TS`,
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac": `
		+ mode tunnel
		+ mode transport
		+ mode transport require
		+ no mode
		- mode`,
	"crypto ipsec profile IP": `
		+ description x
		+ set transform-set TS
		- set transform-set TT
		+ set isakmp-profile P
		- set isakmp-profile Q
		+ set ikev2-profile V2
		- set ikev2-profile V3
		+ set pfs
		+ set pfs group14
		- set pfs group3
		+ no set pfs
		+ set security-association lifetime kilobytes 2560
		+ set security-association replay disable
		~ set security-association idle-time 60 default
		+ set security-association dfbit copy
		~ set mixed-mode
		~ set identity I
		~ set reverse-route tag 7
		+ responder-only
		~ redundancy HA stateful
		~ dialer pre-classify
		- set peer 192.0.2.1`,
	"crypto pki trustpoint T": `
		+ enrollment url http://192.168.0.3:80
		+ enrollment terminal pem
		+ enrollment selfsigned
		+ enrollment url http://[2001:db8::1]:8080/certsrv/mscep/mscep.dll
		- enrollment url http://192.168.0.3:8o
		- enrollment url http://user:secret@192.168.0.3
		- enrollment url http:192.168.0.3
		+ enrollment mode ra
		+ enrollment retry period 60
		+ enrollment retry count 100
		- enrollment retry count 101
		+ enrollment http-proxy 192.0.2.1 8080
		+ serial-number
		+ serial-number none
		+ fqdn none
		+ fqdn R1.cisco.com
		+ ip-address none
		+ ip-address 192.168.0.1
		+ ip-address Ethernet0/0
		- ip-address Ethernet0/7
		+ subject-name CN=R1,OU=IT,O=cisco,O=com
		- subject-name CN
		+ revocation-check none
		+ revocation-check crl ocsp none
		- revocation-check crl crl
		- revocation-check sometimes
		+ rsakeypair L 2048
		+ hash sha256
		+ usage ike
		+ auto-enroll 70 regenerate
		+ auto-enroll
		- auto-enroll 9
		+ regenerate
		+ subject-alt-name vpn.cisco.com www.cisco.com
		- subject-alt-name no_name!
		+ password 7 0822455D0A16
		+ password Secret
		- password 7 0
		+ fingerprint A792544F 9A2D75F5 B89E404F DF8EFD2C
		+ fingerprint 81788E5E10EBA99F904FA74E543B83753A490814
		- fingerprint 0123 4567
		~ crl query ldap://x
		+ crl cache none
		+ crl cache delete-after 60
		+ crl cache delete-after none
		+ crl cache extend 30
		- crl cache extend 1441
		+ crl optional
		+ crl best-effort
		+ ocsp url http://192.168.0.3/ocsp
		- ocsp url ldap://192.168.0.3
		+ ocsp disable-nonce
		+ match certificate M
		+ match certificate M allow expired-certificate
		+ match certificate M skip revocation-check
		- match certificate NONE
		~ match certificate M skip authorization-check
		+ match certificate M override ocsp 1 url http://x
		+ match certificate M override ocsp trustpoint T 1 url http://x
		+ match certificate M override cdp url http://x/crl
		- match certificate M override cdp url ldap://x
		~ match certificate M override sia 1 url http://x
		+ source interface Ethernet0/0
		- source interface Ethernet0/7
		+ match eku client-auth ipsec-tunnel
		- match eku flying
		+ match key-usage digitalSignature cRLSign
		- match key-usage flying
		+ chain-validation continue
		+ chain-validation stop
		- chain-validation continue NOWHERE
		- chain-validation continue T
		~ vrf V
		~ primary
		- keyring K`,
	"crypto pki trustpool policy": `
		~ cabundle url http://www.cisco.com/security/pki/trs/ios.p7b
		+ cabundle url none
		- cabundle url flash:/ios.p7b
		+ chain-validation
		+ revocation-check crl none
		+ match certificate M skip revocation-check
		- match certificate NONE
		+ source interface Ethernet0/0
		- source interface Ethernet0/7
		~ crl query ldap://x
		~ storage flash:
		~ vrf V
		- enrollment terminal`,
	"crypto pki certificate map M 20": `
		+ subject-name co cn=r1
		+ issuer-name eq cn=CA1, o=cisco
		+ serial-number ne 02
		+ valid-start lt Mar 2 2027
		+ expires-on ge 2 Mar 2027 13:00:00 utc
		- valid-start lt x
		- subject-name is x`,
	"interface Ethernet0/0": `
		+ description x
		+ ip address 192.168.0.9 255.255.255.0
		+ ip address 192.168.7.1 255.255.255.0 secondary
		- ip address 192.168.0.255 255.255.255.0
		- ip address 192.168.0.9
		. duplex auto
		. ip nat outside
		. some-feature
		- descripton x
		+ shutdown
		+ ip mtu 1400
		+ ipv6 address 2001:db8::9/64
		- ipv6 address 2001:db8::9
		- ipv6 address fe80::1/64
		- ipv6 address ::1.2.3.4
		~ ipv6 address fe80::1 link-local
		~ ipv6 address 2001:db8::/64 eui-64
		~ ipv6 address autoconfig
		+ ipv6 mtu 1400
		- ipv6 mtu 1279
		. ipv6 ospf 1 area 0
		~ crypto map M
		- !obol xfrm-interface
		+ !obol linux-device eth0
		- !obol linux-device a/b`,
	"interface Tunnel1": `
		+ ip unnumbered Loopback0
		+ ip mtu 1400
		+ ip tcp adjust-mss 1360
		- ip tcp adjust-mss 499
		+ ipv6 tcp adjust-mss 1340
		+ tunnel source 192.168.0.1
		+ tunnel source Ethernet 0/0
		- tunnel source Ethernet0/7
		~ tunnel source 2001:db8::1
		~ ipv6 unnumbered Loopback0
		+ tunnel destination 192.168.0.3
		- tunnel destination 2001:db8::3
		~ tunnel destination r2.cisco.com
		+ tunnel mode gre ip
		~ tunnel mode gre multipoint
		~ tunnel mode ipsec ipv4
		- tunnel mode ipsec ipv6
		- tunnel mode gre ipv6
		~ tunnel mode ipip
		- tunnel mode ipsec
		+ tunnel key 0
		+ tunnel key 4294967295
		+ tunnel ttl 255
		~ tunnel tos 5
		~ tunnel checksum
		~ tunnel vrf V
		+ tunnel path-mtu-discovery age-timer infinite
		+ crypto ipsec df-bit copy
		+ tunnel protection ipsec profile IP
		+ tunnel protection ipsec profile default
		~ tunnel protection ipsec profile IP shared
		- tunnel protection ipsec profile IQ
		- tunnel protection ipsec profile IP isakmp-profile P
		+ no tunnel protection ipsec profile
		- tunnel frobnicate`,
}
