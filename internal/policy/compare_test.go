package policy

import (
	"slices"
	"strings"
	"testing"
)

// compared is a router with three protected tunnels: two of IKEv1, by key and by
// certificate, and one of IKEv2.
const compared = `hostname R1
ip domain name cisco.com
crypto pki trustpoint CA1
 enrollment url http://192.168.0.3:80
 revocation-check crl
crypto pki trustpoint CA2
 revocation-check none
crypto pki certificate map MAP 10
 subject-name co r3
crypto isakmp policy 10
 encr aes
 authentication pre-share
 group 14
crypto isakmp policy 20
 encr aes 256
 group 14
crypto isakmp key cisco address 10.1.0.2
crypto isakmp key other address 10.9.0.0 255.255.0.0
crypto isakmp profile CERT
 ca trust-point CA1
 match identity address 10.1.0.3 255.255.255.255
 match identity address 10.9.0.3 255.255.255.255
 match certificate MAP
crypto ikev2 proposal P2
 encryption aes-cbc-256
 integrity sha256
 group 14
crypto ikev2 policy POL
 proposal P2
crypto ikev2 keyring K2
 peer R4
  address 10.1.0.4
  pre-shared-key four
 peer R9
  address 10.9.0.4
  pre-shared-key nine
crypto ikev2 profile V2
 match identity remote address 10.1.0.4 255.255.255.255
 match identity remote address 10.9.0.4 255.255.255.255
 authentication local pre-share
 authentication remote pre-share
 keyring local K2
crypto ipsec transform-set TS esp-aes esp-sha-hmac
 mode transport
crypto ipsec profile KEY
 set transform-set TS
crypto ipsec profile CERT
 set transform-set TS
 set isakmp-profile CERT
crypto ipsec profile V2
 set transform-set TS
 set ikev2-profile V2
interface Loopback0
 ip address 172.16.0.1 255.255.255.255
interface Tunnel2
 ip address 10.0.2.1 255.255.255.0
 tunnel source 10.1.0.1
 tunnel destination 10.1.0.2
 tunnel protection ipsec profile KEY
interface Tunnel3
 ip address 10.0.3.1 255.255.255.0
 tunnel source 10.1.0.1
 tunnel destination 10.1.0.3
 tunnel protection ipsec profile CERT
interface Tunnel4
 ip unnumbered Loopback0
 tunnel source 10.1.0.1
 tunnel destination 10.1.0.4
 tunnel protection ipsec profile V2
ip route 192.168.2.0 255.255.255.0 Tunnel2
`

func mustCompile(t *testing.T, name, text string) *Config {
	t.Helper()
	cfg, errs := Compile(Source{Name: name, Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return cfg
}

// What an edit does to each interface, and why.
func TestCompare(t *testing.T) {
	for _, test := range []struct {
		edit string // lines at the end of the configuration
		want string
	}{
		{"! source lines alone\n", ""},
		{"crypto ipsec transform-set TS esp-aes 256 esp-sha-hmac\n mode transport\n", `
			Tunnel2 renegotiated crypto ipsec transform-set TS (new:71)
			Tunnel3 renegotiated crypto ipsec transform-set TS (new:71)
			Tunnel4 renegotiated crypto ipsec transform-set TS (new:71)
			later crypto ipsec transform-set`},
		{"crypto ipsec profile KEY\n set pfs group14\n", `
			Tunnel2 renegotiated crypto ipsec profile KEY (new:45)
			later crypto ipsec profile`},
		// Keys: the peer's own counts, also where a better one appears.
		{"crypto isakmp key changed address 10.1.0.2\n", `
			Tunnel2 renegotiated the pre-shared key of 10.1.0.2 (new:71)
			later crypto keyring and crypto isakmp key`},
		{"crypto isakmp key changed address 10.9.0.0 255.255.0.0\n", "later crypto keyring and crypto isakmp key"},
		{"crypto isakmp key five address 10.1.0.5\n", "later crypto keyring and crypto isakmp key"},
		{"no crypto isakmp key cisco address 10.1.0.2\n", `
			Tunnel2 renegotiated no more: the pre-shared key of 10.1.0.2 (old:17)
			later crypto keyring and crypto isakmp key`},
		{"crypto ikev2 keyring K2\n peer R4\n  pre-shared-key changed\n", `
			Tunnel4 renegotiated crypto ikev2 keyring K2, peer R4 (new:31)
			later crypto ikev2 keyring`},
		{"crypto ikev2 keyring K2\n peer R9\n  pre-shared-key changed\n", `
			later crypto ikev2 keyring`},
		// Policies and proposals: what SAs may have been agreed on has to be there yet.
		{"crypto isakmp policy 5\n encr aes 192\n group 14\n", "later crypto isakmp policy"},
		{"crypto isakmp policy 10\n lifetime 600\n", "later crypto isakmp policy"},
		{"no crypto isakmp policy 20\n", `
			Tunnel2 renegotiated no more: crypto isakmp policy 20 (old:14); no more: crypto pki trustpoint CA1 (old:3); no more: crypto pki trustpoint CA2 (old:6)
			Tunnel3 renegotiated no more: crypto isakmp policy 20 (old:14); no more: crypto pki trustpoint CA1 (old:3)
			later crypto isakmp policy`},
		{"no crypto isakmp policy 20\ncrypto isakmp policy 30\n encr aes 256\n group 14\n", "later crypto isakmp policy"},
		{"crypto ikev2 proposal P2\n group 19\n", `
			Tunnel4 renegotiated crypto ikev2 proposal P2 (new:24)
			later crypto ikev2 proposal`},
		// Who is let in.
		{"crypto isakmp profile CERT\n no match identity address 10.9.0.3 255.255.255.255\n", "later crypto isakmp profile"},
		{"crypto isakmp profile CERT\n no match identity address 10.1.0.3 255.255.255.255\n", `
			Tunnel3 renegotiated no more: crypto isakmp profile CERT: match identity address 10.1.0.3 (old:21)
			later crypto isakmp profile`},
		{"crypto isakmp profile CERT\n match identity host R7.cisco.com\n", "later crypto isakmp profile"},
		{"crypto pki certificate map MAP 10\n issuer-name co ca1\n", `
			Tunnel3 renegotiated crypto isakmp profile CERT: match certificate MAP (new:23)
			later crypto pki certificate map`},
		{"crypto pki trustpoint CA1\n revocation-check none\n", `
			Tunnel2 renegotiated crypto pki trustpoint CA1 (new:3)
			Tunnel3 renegotiated crypto pki trustpoint CA1 (new:3)
			later crypto pki trustpoint`},
		{"crypto pki trustpoint CA1\n enrollment url http://192.168.0.9:80\n", "later crypto pki trustpoint"},
		{"crypto pki trustpoint CA2\n revocation-check crl\n", "Tunnel2 renegotiated crypto pki trustpoint CA2 (new:6)\nlater crypto pki trustpoint"},
		{"crypto isakmp identity hostname\n", `
			Tunnel2 renegotiated our identity
			Tunnel3 renegotiated our identity
			later global commands of crypto isakmp`},
		{"crypto isakmp keepalive 10 periodic\n", `
			later global commands of crypto isakmp
			later crypto isakmp profile`},
		// Interfaces.
		{"interface Tunnel2\n tunnel destination 10.1.0.9\n", `
			Tunnel2 renegotiated interface Tunnel2 (new:55); no more: the pre-shared key of 10.1.0.2 (old:17)`},
		{"interface Tunnel2\n shutdown\n", "Tunnel2 renegotiated interface Tunnel2 (new:55)"},
		{"interface Tunnel2\n ip address 10.0.2.9 255.255.255.0\n ip mtu 1300\n description to R2\n", `
			Tunnel2 in place ip address, ip mtu, description (new:55)`},
		{"interface Loopback0\n ip address 172.16.0.9 255.255.255.255\n", `
			Loopback0 in place ip address (new:53)
			Tunnel4 in place ip address (new:65)`},
		{"interface Tunnel9\n tunnel source 10.1.0.1\n tunnel destination 10.1.0.9\n tunnel protection ipsec profile KEY\n", "Tunnel9 new"},
		{"interface Tunnel4\n no tunnel destination\n", "Tunnel4 removed it has no tunnel destination"},
		{"no interface Tunnel4\nno interface Loopback0\n", "Loopback0 removed\nTunnel4 removed"},
		{"no ip route 192.168.2.0 255.255.255.0 Tunnel2\nip route 192.168.3.0 255.255.255.0 Tunnel3\n", `
			route new: the route to 192.168.3.0/24 (new:72)
			route removed: the route to 192.168.2.0/24 (old:70)`},
	} {
		d := Compare(mustCompile(t, "old", compared), mustCompile(t, "new", compared+test.edit))
		var got []string
		for _, c := range d.Interfaces {
			if c.Fate != Untouched {
				got = append(got, strings.TrimSpace(c.Name+" "+c.Fate.String()+" "+strings.Join(c.Why, "; ")))
			}
		}
		for _, r := range d.Routes {
			got = append(got, "route "+r)
		}
		for _, l := range d.Later {
			got = append(got, "later "+l)
		}
		var want []string
		for line := range strings.SplitSeq(test.want, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n got %s\nwant %s", test.edit, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

func TestDifferenceString(t *testing.T) {
	d := Compare(mustCompile(t, "old", compared), mustCompile(t, "new", compared+
		"interface Tunnel2\n description to R2\ninterface Tunnel3\n shutdown\nno interface Tunnel4\ninterface Tunnel5\n tunnel source 10.1.0.1\n tunnel destination 10.1.0.5\n tunnel protection ipsec profile KEY\n"))
	if got := d.String(); got != "1 new, 1 removed, 1 renegotiated, 1 untouched (1 of them changed in place)" {
		t.Error(got)
	}
	if got := Compare(nil, mustCompile(t, "new", compared)).String(); got != "3 new, 0 removed, 0 renegotiated, 0 untouched" {
		t.Error(got)
	}
}
