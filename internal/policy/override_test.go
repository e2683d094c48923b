package policy

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
)

// TestNote holds what the note's listing means.
func TestNote(t *testing.T) {
	c := compileFile(t, "../../configs/note/ikev1-r1.cfg")
	if len(c.Warnings)+len(c.Ignored) > 0 {
		t.Errorf("remarks: %v %v", c.Warnings, c.Ignored)
	}
	if c.FQDN() != "R1.cisco.com" || c.Serial != "100" {
		t.Errorf("fqdn %s, serial %s", c.FQDN(), c.Serial)
	}
	p := c.Policies[0]
	if len(c.Policies) != 1 || p.Priority != 10 || p.Encr != suite.TripleDES || p.Hash != suite.MD5 || p.Group.Number != 2 || p.Auth != RSASig || p.Lifetime != 24*time.Hour {
		t.Errorf("policy %+v", p)
	}
	profile := c.Profile("prof1")
	if diff := cmp.Diff([]string{"IOSCA1"}, profile.Trustpoints); diff != "" {
		t.Error(diff)
	}
	if profile.SelfIdentity != IdentityFQDN || len(profile.Matches) != 1 || profile.Matches[0].String() != "match identity host R2.cisco.com" {
		t.Errorf("profile %+v", profile)
	}
	tu := c.Interface("Tunnel1").Tunnel
	want := &Tunnel{
		Source: netip.MustParseAddr("192.168.0.1"), SourceInterface: "Ethernet0/0", Destination: netip.MustParseAddr("192.168.0.2"),
		Protection: c.IPsec[0], ReqID: 0x6f620001,
	}
	if *tu != *want {
		t.Errorf("tunnel %+v, want %+v", tu, want)
	}
	if tu.Protection.ISAKMPProfile != profile || len(tu.Protection.Transforms) != 1 || tu.Protection.Transforms[0].String() != "esp-aes esp-sha256-hmac" {
		t.Errorf("protection %+v", tu.Protection)
	}
	if got := tu.Protection.Lifetime; got != (ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}) {
		t.Errorf("lifetime %+v", got)
	}
	if got := tu.Selector().String(); got != "192.168.0.1/255.255.255.255/47/0 192.168.0.2/255.255.255.255/47/0" {
		t.Errorf("selector %s", got)
	}
	if got := c.Routes[0]; got.Dst.String() != "192.168.200.0/24" || got.Via.String() != "10.0.0.2" || got.Distance != 1 {
		t.Errorf("route %+v", got)
	}
	if tp := c.Trustpoints[1]; tp.Name != "IOSCA2" || !tp.SerialNumber || tp.FQDN != "R1.cisco.com" || tp.IPAddress.String() != "192.168.0.1" || tp.RevocationCheck[0] != pki.RevocationCRL {
		t.Errorf("trustpoint %+v", tp)
	}

	vti := compileFile(t, "../../configs/vti/r1.cfg").Interface("Tunnel1").Tunnel
	if vti.Mode != IPsecIPv4 || vti.Mark != 0x6f620001 || vti.Selector().String() != "0.0.0.0/0.0.0.0/0/0 0.0.0.0/0.0.0.0/0/0" {
		t.Errorf("vti %+v %s", vti, vti.Selector())
	}
	for _, path := range []string{"../../configs/note/ikev1-r2.cfg", "../../configs/vti/r2.cfg"} {
		if r2 := compileFile(t, path); r2.FQDN() != "R2.cisco.com" || r2.Serial != "101" || len(r2.Profile("prof1").Trustpoints) != 0 || len(r2.Warnings) > 0 {
			t.Errorf("%s: %+v", path, r2)
		}
	}
}

// TestOverride: later lines override earlier ones, no forms undo them.
func TestOverride(t *testing.T) {
	c := compileText(t, `
hostname OLD
hostname R1
ip domain name cisco.com
crypto pki trustpoint A
crypto pki trustpoint B
 serial-number
 no serial-number
 revocation-check none
 no revocation-check
crypto isakmp policy 30
 encr aes 256
 hash sha512
crypto isakmp policy 10
 encr aes
 no encr
crypto isakmp policy 30
 hash md5
crypto isakmp policy 20
no crypto isakmp policy 20
crypto isakmp key one address 192.0.2.1
crypto isakmp key two address 192.0.2.1
crypto isakmp key three address 192.0.2.2
no crypto isakmp key three address 192.0.2.2
crypto isakmp profile P
 ca trust-point B
 ca trust-point A
 ca trust-point B
 no ca trust-point B
 match identity host x
 match identity host x
 match identity host y
 no match identity host y
crypto isakmp profile GONE
 match identity host z
no crypto isakmp profile GONE
crypto ipsec security-association lifetime seconds 1800
crypto ipsec transform-set T esp-3des esp-md5-hmac
 mode transport
crypto ipsec transform-set T esp-aes 192 esp-sha-hmac
crypto ipsec profile I
 set transform-set T
 set pfs group5
 set pfs
 set security-association lifetime kilobytes disable
 set security-association replay disable
 set isakmp-profile P
 responder-only
 no responder-only
interface Loopback0
 ip address 10.1.1.1 255.255.255.0
 ip address 10.1.1.2 255.255.255.0 secondary
 ip address 10.1.1.3 255.255.255.0
interface Tunnel1
 tunnel mode ipsec ipv4
 no tunnel mode
 tunnel source 192.0.2.9
 tunnel source Loopback0
 tunnel destination 192.0.2.2
 tunnel key 7
 no tunnel key
interface Tunnel2
no interface Tunnel2
ip route 10.0.0.0 255.0.0.0 192.0.2.1
ip route 10.0.0.0 255.0.0.0 192.0.2.1 5
ip route 10.0.0.0 255.0.0.0 192.0.2.7
no ip route 10.0.0.0 255.0.0.0 192.0.2.7
`)
	if c.Hostname != "R1" || len(c.Policies) != 2 || c.Policies[0].Priority != 10 || c.Policies[0].Encr != suite.DES {
		t.Errorf("%s %+v", c.Hostname, c.Policies)
	}
	if p := c.Policies[1]; p.Encr != suite.AES || p.KeyBits != 256 || p.Hash != suite.MD5 {
		t.Errorf("policy 30: %+v", p)
	}
	if k := c.Keyrings[0]; k.Name != "default" || len(k.Keys) != 1 || string(k.Keys[0].Key) != "two" {
		t.Errorf("keyring %+v", k)
	}
	if len(c.Profiles) != 1 || len(c.Profiles[0].Trustpoints) != 1 || c.Profiles[0].Trustpoints[0] != "A" || len(c.Profiles[0].Matches) != 1 {
		t.Errorf("profiles %+v", c.Profiles)
	}
	if tp := c.Trustpoints[1]; tp.SerialNumber || len(tp.RevocationCheck) != 1 || tp.RevocationCheck[0] != pki.RevocationCRL {
		t.Errorf("trustpoint %+v", tp)
	}
	i := c.IPsec[0]
	if ts := i.Transforms[0]; ts.String() != "esp-aes 192 esp-sha-hmac" || ts.Mode != ipsec.Transport {
		t.Errorf("transform-set %s %s", ts, ts.Mode)
	}
	if i.PFS.Number != 1 || i.Lifetime != (ipsec.Lifetime{Duration: 30 * time.Minute}) || i.Replay != 0 || i.ResponderOnly {
		t.Errorf("ipsec profile %+v", i)
	}
	if got := c.Interface("Loopback0").Addresses; len(got) != 2 || got[0].String() != "10.1.1.3/24" || got[1].String() != "10.1.1.2/24" {
		t.Errorf("addresses %v", got)
	}
	if tu := c.Interface("Tunnel1").Tunnel; tu.Mode != GREIP || tu.HasKey || tu.Source.String() != "10.1.1.3" || c.Interface("Tunnel2") != nil {
		t.Errorf("tunnel %+v", tu)
	}
	if len(c.Routes) != 1 || c.Routes[0].Distance != 5 {
		t.Errorf("routes %+v", c.Routes)
	}
}

// TestDefaults: what IOS has without being told.
func TestDefaults(t *testing.T) {
	c := compileText(t, "hostname R1\n")
	if len(c.Policies) != 8 || c.Policies[0].Priority != 65507 || c.Policies[7].Priority != 65514 || !c.Policies[0].Default {
		t.Fatalf("%d default policies", len(c.Policies))
	}
	if p := c.Policies[0]; p.Encr != suite.AES || p.KeyBits != 128 || p.Hash != suite.SHA1 || p.Auth != RSASig || p.Group.Number != 5 {
		t.Errorf("65507: %+v", p)
	}
	if p := c.Policies[7]; p.Encr != suite.TripleDES || p.Hash != suite.MD5 || p.Auth != PreShare || p.Group.Number != 2 {
		t.Errorf("65514: %+v", p)
	}
	want := ISAKMP{Identity: IdentityAddress, HalfOpenTotal: 1000, HalfOpenPerPeer: 64, HalfOpenTimeout: time.Minute}
	if c.ISAKMP != want {
		t.Errorf("%+v", c.ISAKMP)
	}
	if c := compileText(t, "no crypto isakmp default policy\n"); len(c.Policies) != 0 {
		t.Errorf("%d policies", len(c.Policies))
	}
	c = compileText(t, "crypto isakmp policy 5\ncrypto call admission limit ike in-negotiation-sa 77\n!obol half-open-per-address 8\n!obol half-open-timeout 20\n")
	if p := c.Policies[0]; len(c.Policies) != 1 || p.Encr != suite.DES || p.Hash != suite.SHA1 || p.Auth != RSASig || p.Group.Number != 1 || p.Lifetime != 24*time.Hour {
		t.Errorf("%+v", c.Policies)
	}
	if c.ISAKMP.HalfOpenTotal != 77 || c.ISAKMP.HalfOpenPerPeer != 8 || c.ISAKMP.HalfOpenTimeout != 20*time.Second {
		t.Errorf("%+v", c.ISAKMP)
	}
}

// TestSelfIdentityWithoutDomain takes the trustpoint's fqdn, with one warning; the
// hostname alone will do for crypto isakmp identity only.
func TestSelfIdentityWithoutDomain(t *testing.T) {
	const text = "hostname R1\ncrypto isakmp identity hostname\ncrypto pki trustpoint A\n fqdn R1.example.org\ncrypto pki trustpoint B\ncrypto isakmp profile P\n match identity host R2\n self-identity fqdn\n"
	c := compileText(t, text)
	if len(c.Warnings) != 2 {
		t.Fatalf("%v", c.Warnings)
	}
	a, b := &pki.Trustpoint{Settings: c.Trustpoints[0]}, &pki.Trustpoint{Settings: c.Trustpoints[1]}
	for _, row := range []struct {
		profile *ISAKMPProfile
		own     *pki.Trustpoint
		want    string
	}{
		{c.Profiles[0], a, "R1.example.org"}, {nil, a, "R1.example.org"},
		{c.Profiles[0], b, ""}, {c.Profiles[0], nil, ""}, {nil, b, "R1"}, {nil, nil, "R1"},
	} {
		if id, err := c.SelfIdentity(row.profile, netip.Addr{}, row.own); string(id.Data) != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%v: %q, %v", row, id.Data, err)
		}
	}
	if _, errs := Compile(Source{"r1.cfg", []byte(text + " ca trust-point B\n")}); len(errs) != 1 {
		t.Errorf("a profile whose trustpoints have no fqdn: %v", errs)
	}
}

// TestTunnelIDs: request ids come from the numbers, whatever the order.
func TestTunnelIDs(t *testing.T) {
	ids := func(numbers ...string) map[string]ipsec.ReqID {
		text := "crypto ipsec profile I\n"
		for i, n := range numbers {
			text += "interface Tunnel" + n + fmt.Sprintf("\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.%d\n", 2+i) + " tunnel mode ipsec ipv4\n tunnel protection ipsec profile I\n"
		}
		got := map[string]ipsec.ReqID{}
		for _, i := range compileText(t, text).Interfaces {
			got[i.Name] = i.Tunnel.ReqID
			if uint32(i.Tunnel.ReqID) != i.Tunnel.Mark {
				t.Errorf("%s: mark %#x", i.Name, i.Tunnel.Mark)
			}
		}
		return got
	}
	want := map[string]ipsec.ReqID{"Tunnel1": 0x6f620001, "Tunnel2": 0x6f620002, "Tunnel65537": 0x6f620003, "Tunnel65535": 0x6f62ffff, "Tunnel131071": 0x6f620000}
	if diff := cmp.Diff(want, ids("1", "2", "65537", "65535", "131071")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, ids("131071", "65537", "2", "65535", "1")); diff != "" {
		t.Error(diff)
	}
}

// TestDownTunnels: what cannot be made as written is not made at all, and its
// routes neither.
func TestDownTunnels(t *testing.T) {
	const ends = " ip address 10.0.0.1 255.255.255.0\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n"
	const route = "ip route 10.9.0.0 255.255.0.0 10.0.0.2\nip route 10.8.0.0 255.255.0.0 Tunnel1\n"
	const profiles = "crypto ipsec transform-set GCM esp-gcm\ncrypto ipsec profile I\ncrypto ikev2 profile X\ncrypto ipsec profile V2\n set ikev2-profile X\ncrypto ipsec profile G\n set transform-set GCM\n"
	for line, up := range map[string]bool{
		"": true, "tunnel protection ipsec profile I": true, "tunnel protection ipsec profile V2": false, "tunnel protection ipsec profile G": false,
		"tunnel mode ipsec ipv4": false, "tunnel mode gre multipoint": false, "tunnel vrf X": false,
		"no tunnel source": false, "no tunnel destination": false, "tunnel destination r2.cisco.com": false,
	} {
		c := compileText(t, profiles+"interface Tunnel1\n"+ends+" "+line+"\n"+route)
		if got := c.Interface("Tunnel1").Tunnel != nil; got != up || len(c.Routes) > 0 != up {
			t.Errorf("%q: up %v with %d routes, want %v", line, got, len(c.Routes), up)
		}
		if !up && len(c.Warnings) < 3 {
			t.Errorf("%q: too few warnings: %v", line, c.Warnings)
		}
	}
	c := compileText(t, "interface Tunnel1\n"+ends+"interface Tunnel2\n"+ends+" no ip address\ninterface Tunnel3\n"+ends+" no ip address\n tunnel key 3\n")
	if c.Interfaces[0].Tunnel == nil || c.Interfaces[1].Tunnel != nil || c.Interfaces[2].Tunnel == nil {
		t.Errorf("GRE tunnels of the same ends: %v", c.Warnings)
	}
	const vti = ends + " tunnel mode ipsec ipv4\n tunnel protection ipsec profile I\n"
	for name, text := range map[string]string{
		"two GRE":     "interface Tunnel1\n" + ends + " tunnel protection ipsec profile I\ninterface Tunnel2\n" + ends + " no ip address\n tunnel key 5\n tunnel protection ipsec profile I\n",
		"two VTIs":    "interface Tunnel1\n" + vti + "interface Tunnel2\n" + vti + " no ip address\n",
		"GRE and VTI": "interface Tunnel1\n" + ends + "interface Tunnel2\n" + vti + " no ip address\n",
		"VTI and GRE": "interface Tunnel1\n" + vti + "interface Tunnel2\n" + ends + " no ip address\n tunnel key 5\n",
	} {
		c := compileText(t, profiles+text)
		if c.Interfaces[0].Tunnel == nil || c.Interfaces[1].Tunnel != nil || !strings.Contains(fmt.Sprint(c.Warnings), "takes everything between them") {
			t.Errorf("%s of the same ends: %v", name, c.Warnings)
		}
	}
}

func TestCertificateChain(t *testing.T) {
	der := testCert(t).Raw()
	c := compileText(t, fmt.Sprintf("crypto pki trustpoint T\ncrypto pki certificate chain T\n certificate ca 07\n  %X %X\n  \tquit\nhostname R1\n", der[:40], der[40:]))
	got := c.Chains[0].Certificates
	if c.Hostname != "R1" || len(got) != 1 || !got[0].CA || got[0].Serial != "07" || !bytes.Equal(got[0].DER, der) {
		t.Errorf("%+v", c.Chains)
	}
}
