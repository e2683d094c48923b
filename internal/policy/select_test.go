package policy

import (
	"crypto"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

func fqdn(s string) PeerID { return PeerID{Type: wire.IDFQDN, Name: s} }
func user(s string) PeerID { return PeerID{Type: wire.IDUserFQDN, Name: s} }
func addr(s string) PeerID { return PeerID{Type: wire.IDIPv4Addr, Addr: netip.MustParseAddr(s)} }

func TestSelectISAKMPProfile(t *testing.T) {
	local := netip.MustParseAddr("192.168.0.1")
	tests := []struct {
		name     string
		profiles string // NAME: rule, rule; ...
		id       PeerID
		want     string // "" for none
	}{
		{"the note's", "prof1: identity host R2.cisco.com", fqdn("R2.cisco.com"), "prof1"},
		{"names know no case", "prof1: identity host R2.cisco.com", fqdn("r2.CISCO.com"), "prof1"},
		{"none", "prof1: identity host R2.cisco.com", fqdn("R3.cisco.com"), ""},
		{"the same rule, the last", "a: identity host x.y; b: identity host x.y; c: identity host x.y", fqdn("x.y"), "c"},
		{"the same wildcard, the last", "a: identity address 0.0.0.0; b: identity address 0.0.0.0", addr("192.0.2.1"), "b"},
		{"host before domain, first", "a: identity host x.y; b: identity host domain y", fqdn("x.y"), "a"},
		{"host before domain, last", "b: identity host domain y; a: identity host x.y", fqdn("x.y"), "a"},
		{"the longer domain", "a: identity host domain b.c; b: identity host domain c", fqdn("a.b.c"), "a"},
		{"a domain ends at a dot", "a: identity host domain cisco.com", fqdn("R1.notcisco.com"), ""},
		{"a domain is not its own host", "a: identity host domain cisco.com", fqdn("cisco.com"), ""},
		{"one address before a prefix", "a: identity address 192.0.2.1; b: identity address 192.0.2.0 255.255.255.0", addr("192.0.2.1"), "a"},
		{"the longer prefix", "a: identity address 192.0.2.0 255.255.255.0; b: identity address 192.0.0.0 255.255.0.0; c: identity address 0.0.0.0", addr("192.0.2.1"), "a"},
		{"equal prefixes, the last", "a: identity address 192.0.2.0 255.255.255.0; b: identity address 192.0.2.0 255.255.255.0", addr("192.0.2.1"), "b"},
		{"a host is no address", "a: identity address 0.0.0.0", fqdn("x.y"), ""},
		{"an address is no host", "a: identity host 192.0.2.1", addr("192.0.2.1"), ""},
		{"user before user domain", "a: identity user u@b.c; b: identity user domain b.c", user("u@b.c"), "a"},
		{"user domain", "b: identity user domain b.c; a: identity user x@b.c", user("u@b.c"), "b"},
		{"user domain above", "b: identity user domain c", user("u@b.c"), "b"},
		{"user domain ends at a dot", "b: identity user domain b.c", user("u@ab.c"), ""},
		{"a user is no host", "a: identity host u@b.c", user("u@b.c"), ""},
		{"group", "a: identity group G; b: identity group H", PeerID{Type: wire.IDKeyID, Name: "G"}, "a"},
		{"the best of many rules", "a: identity host domain y, identity host x.y; b: identity host domain x.y", fqdn("x.y"), "a"},
		{"certificate map", "a: certificate M", fqdn("x.y"), "a"},
		{"certificate map before everybody", "a: certificate M; b: identity address 0.0.0.0", addr("192.0.2.1"), "a"},
		{"host before certificate map", "b: identity host x.y; a: certificate M", fqdn("x.y"), "b"},
		{"map that does not match", "a: certificate N", fqdn("x.y"), ""},
		{"dn is matched by a map only", "b: identity host R2.cisco.com; a: certificate M", PeerID{Type: wire.IDDERASN1DN, DN: testCert(t).Subject}, "a"},
		{"local-address of another", "a: identity host x.y; b: identity host x.y, local-address 192.168.0.9", fqdn("x.y"), "a"},
		{"local-address", "a: identity host x.y, local-address 192.168.0.1", fqdn("x.y"), "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := compileText(t, profilesText(test.profiles))
			s := c.SelectISAKMPProfile(test.id, testCert(t), local)
			got := ""
			if s.Profile != nil {
				got = s.Profile.Name
				if s.Rule == nil || !strings.HasPrefix(s.Reason, "peer matches "+got+" profile: match ") {
					t.Errorf("rule %v, reason %q", s.Rule, s.Reason)
				}
			} else if s.Reason != "peer matches *none* of the profiles" {
				t.Errorf("reason %q", s.Reason)
			}
			if got != test.want {
				t.Errorf("profile %q, want %q", got, test.want)
			}
			lost := len(c.Profiles)
			if got != "" {
				lost--
			}
			if len(s.AlsoRans) != lost {
				t.Errorf("%d also-rans, want %d", len(s.AlsoRans), lost)
			}
			for _, a := range s.AlsoRans {
				if a.Why == "" {
					t.Errorf("%s lost for no reason", a.Profile.Name)
				}
			}
		})
	}
}

func TestSelectReasons(t *testing.T) {
	c := compileText(t, profilesText("a: identity host x.y; b: identity host domain y; c: identity host x.y; d: identity host z"))
	s := c.SelectISAKMPProfile(fqdn("x.y"), nil, netip.Addr{})
	var why []string
	for _, a := range s.AlsoRans {
		why = append(why, a.Profile.Name+": "+a.Why)
	}
	want := "a: match identity host x.y is as specific, but configured earlier|b: match identity host domain y is less specific|d: no rule matches x.y"
	if got := strings.Join(why, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func profilesText(s string) string {
	text := "crypto pki certificate map M 10\n subject-name co cn=r2\ncrypto pki certificate map M 20\n issuer-name co nobody\ncrypto pki certificate map N 10\n subject-name co cn = r2\n issuer-name co nobody\n"
	for p := range strings.SplitSeq(s, "; ") {
		name, rules, _ := strings.Cut(p, ": ")
		text += "crypto isakmp profile " + name + "\n"
		for r := range strings.SplitSeq(rules, ", ") {
			if !strings.HasPrefix(r, "local-address") {
				r = "match " + r
			}
			text += " " + r + "\n"
		}
	}
	return text
}

func TestCertificateMap(t *testing.T) {
	cert := testCert(t)
	tests := map[string]bool{
		"subject-name co cn=R2": true, "subject-name co CN=r2,OU=it": true, "subject-name co cn=r9": false, "subject-name nc cn=r9": true,
		"subject-name eq cn=R2,ou=IT,o=cisco,o=com": true, "subject-name eq cn=R2": false, "subject-name ne cn=R2": true,
		"subject-name co cn = r2": true, "subject-name co ou = it ,  O =cisco": true, "subject-name eq cn= R2, ou= IT, o= cisco, o= com": true,
		"subject-name nc ou = it": false, "subject-name ne cn = r2 , ou = it , o = cisco , o = com": false, "subject-name co ou = i t": false,
		"issuer-name co cn=R2": true, "serial-number eq 07": true, "serial-number ne 07": false,
		"alt-subject-name co r2.cisco": true, "name co r2.cisco.com": true, "unstructured-subject-name co x": false,
		"valid-start lt Jan 1 2100": true, "valid-start ge 1 Jan 2100 13:00 utc": false, "expires-on ge January 1 1990": true,
		"expires-on eq Jan 1 1990 00:00:00": false, "expires-on ne Jan 1 1990": true,
	}
	for rule, want := range tests {
		c := compileText(t, "crypto pki certificate map M 10\n "+rule+"\n")
		if got := c.Maps[0].Matches(cert); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
	if c := compileText(t, "crypto pki certificate map M 10\n"); c.Maps[0].Matches(cert) {
		t.Error("an empty sequence matches")
	}
	if c := compileText(t, "crypto pki certificate map M 10\n subject-name co cn=R2\n"); c.Maps[0].Matches(nil) {
		t.Error("no certificate matches")
	}
}

func TestTunnelFor(t *testing.T) {
	c := compileText(t, `
crypto isakmp profile P
 match identity host x
crypto isakmp profile Q
 match identity host y
crypto ipsec profile IP
 set isakmp-profile P
crypto ipsec profile ANY
interface Tunnel1
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.2
 tunnel protection ipsec profile IP
interface Tunnel2
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.6
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile ANY
interface Tunnel3
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.3
 tunnel protection ipsec profile IP
 shutdown
interface Tunnel4
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.7
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IP
interface Tunnel5
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.5
`)
	local := netip.MustParseAddr("192.0.2.1")
	gre := func(remote string) ipsec.Selector {
		return ipsec.Selector{Local: netip.PrefixFrom(local, 32), Remote: netip.PrefixFrom(netip.MustParseAddr(remote), 32), Protocol: ipsec.GRE}
	}
	any4 := netip.MustParsePrefix("0.0.0.0/0")
	all := ipsec.Selector{Local: any4, Remote: any4}
	narrow := gre("192.0.2.2")
	narrow.Protocol = 0
	tests := []struct {
		remote  string
		sel     ipsec.Selector
		profile string
		want    string
		reason  string
	}{
		{"192.0.2.2", gre("192.0.2.2"), "P", "Tunnel1", "proxies of Tunnel1"},
		{"192.0.2.2", gre("192.0.2.2"), "Q", "", RefusedProfile},
		{"192.0.2.2", gre("192.0.2.2"), "", "", RefusedProfile},
		{"192.0.2.6", all, "Q", "Tunnel2", "proxies of Tunnel2"},
		{"192.0.2.6", all, "P", "Tunnel2", "proxies of Tunnel2"}, // its ipsec profile names none
		{"192.0.2.7", all, "Q", "", RefusedProfile},
		{"192.0.2.7", all, "P", "Tunnel4", "proxies of Tunnel4"},
		{"192.0.2.2", all, "P", "", RefusedProxies},
		{"192.0.2.2", narrow, "P", "", RefusedProxies},
		{"192.0.2.2", gre("192.0.2.2").Mirror(), "P", "", RefusedProxies},
		{"192.0.2.3", gre("192.0.2.3"), "P", "", RefusedProxies},
		{"192.0.2.5", gre("192.0.2.5"), "P", "", RefusedProxies},
	}
	for _, test := range tests {
		choice := c.TunnelFor(local, netip.MustParseAddr(test.remote), test.sel, c.Profile(test.profile))
		got := ""
		if choice.Interface != nil {
			got = choice.Interface.Name
		}
		if got != test.want || choice.Reason != test.reason {
			t.Errorf("%s %s %q: %q %q, want %q %q", test.remote, test.sel, test.profile, got, choice.Reason, test.want, test.reason)
		}
		for _, a := range choice.AlsoRans {
			if a.Why == "" {
				t.Errorf("%s lost for no reason", a.Interface.Name)
			}
		}
	}
}

func TestIdentities(t *testing.T) {
	c := compileFile(t, "../../configs/note/ikev1-r1.cfg")
	local := netip.MustParseAddr("192.168.0.1")
	id, err := c.SelfIdentity(c.Profile("prof1"), local, nil)
	if err != nil || id.Type != wire.IDFQDN || string(id.Data) != "R1.cisco.com" || id.Protocol != 17 || id.Port != 500 {
		t.Errorf("%+v, %v", id, err)
	}
	if id, err = c.SelfIdentity(nil, local, nil); err != nil || id.Type != wire.IDIPv4Addr || string(id.Data) != "\xc0\xa8\x00\x01" {
		t.Errorf("%+v, %v", id, err)
	}
	own := &pki.Trustpoint{Identity: testCert(t)}
	if id, err = (&Config{ISAKMP: ISAKMP{Identity: IdentityDN}}).SelfIdentity(nil, local, own); err != nil || string(id.Data) != string(own.Identity.Subject.DER()) {
		t.Errorf("%+v, %v", id, err)
	}
	for _, test := range []struct {
		id   wire.IDV1
		want string // "" refused
	}{
		{wire.IDV1{Type: wire.IDIPv4Addr, Data: []byte{192, 0, 2, 1}}, "192.0.2.1"},
		{wire.IDV1{Type: wire.IDIPv4Addr, Data: []byte{192, 0, 2}}, ""},
		{wire.IDV1{Type: wire.IDIPv4AddrSubnet, Data: []byte{192, 0, 2, 0, 255, 255, 255, 0}}, "192.0.2.0/24"},
		{wire.IDV1{Type: wire.IDIPv4AddrSubnet, Data: []byte{192, 0, 2, 0, 255, 0, 255, 0}}, ""},
		{wire.IDV1{Type: wire.IDIPv4AddrSubnet, Data: nil}, ""},
		{wire.IDV1{Type: wire.IDFQDN, Data: []byte("R1.cisco.com")}, "R1.cisco.com"},
		{wire.IDV1{Type: wire.IDFQDN, Data: []byte("R1\n%CRYPTO")}, ""},
		{wire.IDV1{Type: wire.IDFQDN}, ""},
		{wire.IDV1{Type: wire.IDKeyID, Data: []byte{0, 1}}, `"\x00\x01"`},
		{wire.IDV1{Type: wire.IDDERASN1DN, Data: own.Identity.Subject.DER()}, "cn=R2,ou=IT,o=cisco,o=com"},
		{wire.IDV1{Type: wire.IDDERASN1DN, Data: []byte{0x30}}, ""},
		{wire.IDV1{Type: 99, Data: []byte("x")}, ""},
	} {
		got, err := ParsePeerID(test.id)
		if (err == nil) != (test.want != "") || err == nil && got.String() != test.want {
			t.Errorf("%s %q: %s, %v", test.id.Type, test.id.Data, got, err)
		}
	}
}

// A mismatch is only logged, so it has to be told right.
func TestNamedBy(t *testing.T) {
	name := testca.RouterName("R2", "192.168.0.2", "101")
	ios := testca.NewWith("CA1", testca.EC(1), crypto.SHA256).EnrollWith(name, testca.EC(2)).Cert
	template := &x509.Certificate{
		SerialNumber: big.NewInt(9), NotBefore: testca.NotBefore, NotAfter: testca.NotAfter, DNSNames: []string{"r3.cisco.com"}, EmailAddresses: []string{"u@b.c"},
		IPAddresses: []net.IP{net.ParseIP("192.168.0.3"), net.ParseIP("2001:db8::3")},
	}
	der, err := x509.CreateCertificate(nil, template, template, testca.Ed25519(1).Public(), testca.Ed25519(1))
	if err != nil {
		t.Fatal(err)
	}
	alternative, err := pki.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	v6 := PeerID{Type: wire.IDIPv6Addr, Addr: netip.MustParseAddr("2001:db8::3")}
	for _, test := range []struct {
		id               PeerID
		ios, alternative bool
	}{
		{fqdn("r2.CISCO.com"), true, false}, {fqdn("R3.cisco.com"), false, true}, {fqdn("R4.cisco.com"), false, false},
		{addr("192.168.0.2"), true, false}, {addr("192.168.0.3"), false, true}, {v6, false, true},
		{user("u@b.c"), false, true}, {user("x@b.c"), false, false},
		{PeerID{Type: wire.IDDERASN1DN, DN: name}, true, false}, {PeerID{Type: wire.IDKeyID, Name: "G"}, true, true},
	} {
		if a, b := test.id.NamedBy(ios), test.id.NamedBy(alternative); a != test.ios || b != test.alternative {
			t.Errorf("%s %s: %v and %v", test.id.Type, test.id, a, b)
		}
	}
}
