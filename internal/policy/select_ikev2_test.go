package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// ikev2ProfilesText makes profiles of NAME: line, line; ... whose lines begin
// without match.
func ikev2ProfilesText(s string) string {
	text := "crypto pki certificate map M 10\n subject-name co cn=r2\ncrypto pki certificate map N 10\n subject-name co nobody\n"
	for p := range strings.SplitSeq(s, "; ") {
		name, rules, _ := strings.Cut(p, ": ")
		text += "crypto ikev2 profile " + name + "\n authentication local rsa-sig\n authentication remote rsa-sig\n"
		for r := range strings.SplitSeq(rules, ", ") {
			if r != "shutdown" && !strings.HasPrefix(r, "no ") {
				r = "match " + r
			}
			text += " " + r + "\n"
		}
	}
	return text
}

func TestSelectIKEv2Profile(t *testing.T) {
	local := netip.MustParseAddr("192.168.0.1")
	dn := PeerID{Type: wire.IDDERASN1DN, DN: testCert(t).Subject}
	v6 := PeerID{Type: wire.IDIPv6Addr, Addr: netip.MustParseAddr("2001:db8::1")}
	const id = "identity remote "
	for _, test := range []struct {
		name     string
		profiles string
		id       PeerID
		cert     *pki.Certificate
		want     string // "" for none
	}{
		{"the note's three, the last", "profile1: " + id + "address 192.168.0.1; profile2: " + id + "address 192.168.0.1; profile3: " + id + "address 192.168.0.1", addr("192.168.0.1"), nil, "profile3"},
		{"three wildcards, the last", "a: " + id + "address 0.0.0.0; b: " + id + "address 0.0.0.0; c: " + id + "address 0.0.0.0", addr("192.0.2.1"), nil, "c"},
		{"the most specific, first", "a: " + id + "address 192.0.2.1; b: " + id + "address 192.0.2.0 255.255.255.0; c: " + id + "address 0.0.0.0", addr("192.0.2.1"), nil, "a"},
		{"the most specific, last", "c: " + id + "any; b: " + id + "address 192.0.2.0 255.255.255.0; a: " + id + "address 192.0.2.1", addr("192.0.2.1"), nil, "a"},
		{"a prefix of IPv6", "a: " + id + "address ::/0; b: " + id + "address 2001:db8::/32; c: " + id + "address 0.0.0.0", v6, nil, "b"},
		{"fqdn", "a: " + id + "fqdn R2.cisco.com; b: " + id + "fqdn domain cisco.com", fqdn("r2.cisco.com"), nil, "a"},
		{"the longer domain", "a: " + id + "fqdn domain b.c; b: " + id + "fqdn domain c", fqdn("a.b.c"), nil, "a"},
		{"email", "a: " + id + "email u@b.c; b: " + id + "email domain b.c", user("u@b.c"), nil, "a"},
		{"email domain", "a: " + id + "email x@b.c; b: " + id + "email domain b.c", user("u@b.c"), nil, "b"},
		{"an email address is no fqdn", "a: " + id + "fqdn u@b.c", user("u@b.c"), nil, ""},
		{"key-id", "a: " + id + "key-id G; b: " + id + "key-id g; c: " + id + "any", PeerID{Type: wire.IDKeyID, Name: "G"}, nil, "a"},
		{"any, of whatever kind", "a: " + id + "any", user("u@b.c"), nil, "a"},
		{"any comes last", "a: " + id + "address 0.0.0.0; b: " + id + "any", addr("192.0.2.1"), nil, "a"},
		{"a certificate map", "a: certificate M; b: " + id + "any", fqdn("x.y"), testCert(t), "a"},
		{"a map or an identity", "a: certificate N, " + id + "fqdn x.y", fqdn("x.y"), testCert(t), "a"},
		{"an exact identity before a map", "a: " + id + "fqdn x.y; b: certificate M", fqdn("x.y"), testCert(t), "a"},
		{"a map without a certificate", "a: certificate M", fqdn("x.y"), nil, ""},
		{"a distinguished name needs a map", "a: " + id + "any; b: " + id + "address 0.0.0.0; c: certificate N", dn, testCert(t), ""},
		{"a distinguished name has one", "a: certificate M; b: " + id + "any", dn, testCert(t), "a"},
		{"another local address", "a: " + id + "fqdn x.y; b: " + id + "fqdn x.y, address local 192.168.0.9", fqdn("x.y"), nil, "a"},
		{"the local address", "a: " + id + "fqdn x.y, address local 192.168.0.9, address local 192.168.0.1", fqdn("x.y"), nil, "a"},
		{"any VRF", "a: " + id + "fqdn x.y, fvrf any", fqdn("x.y"), nil, "a"},
		{"another VRF", "a: " + id + "fqdn x.y; b: " + id + "fqdn x.y, fvrf RED", fqdn("x.y"), nil, "a"},
		{"shut down", "a: " + id + "fqdn x.y; b: " + id + "fqdn x.y, shutdown", fqdn("x.y"), nil, "a"},
		{"incomplete", "a: " + id + "any; b: " + id + "fqdn x.y, no authentication local rsa-sig", fqdn("x.y"), nil, "a"},
		{"nobody", "a: " + id + "fqdn x.y", fqdn("y.x"), nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compileText(t, ikev2ProfilesText(test.profiles))
			s := c.SelectIKEv2Profile(test.id, test.cert, local)
			got, lost := "", len(c.IKEv2.Profiles)
			if s.Profile != nil {
				got, lost = s.Profile.Name, lost-1
			}
			if got != test.want || len(s.AlsoRans) != lost {
				t.Errorf("%q with %d also-rans, want %q", got, len(s.AlsoRans), test.want)
			}
			if s.Profile != nil != strings.HasPrefix(s.Reason, "found matching IKEv2 profile '"+got+"': match ") || s.Profile == nil != (s.Reason == ProfileNotFound) {
				t.Errorf("reason %q", s.Reason)
			}
			for _, a := range s.AlsoRans {
				if a.Why == "" {
					t.Errorf("%s lost for no reason", a.Profile.Name)
				}
			}
		})
	}
}

func TestSelectIKEv2Reasons(t *testing.T) {
	c := compileText(t, ikev2ProfilesText("a: identity remote address 192.0.2.0 255.255.255.0; b: identity remote any; c: identity remote address 192.0.2.0 255.255.255.0; "+
		"d: identity remote key-id z; e: identity remote any, address local 10.0.0.1; f: identity remote any, fvrf RED; g: identity remote any, shutdown; h: certificate M"))
	s := c.SelectIKEv2Profile(addr("192.0.2.1"), nil, netip.MustParseAddr("192.168.0.1"))
	var why []string
	for _, a := range s.AlsoRans {
		why = append(why, a.Profile.Name+": "+a.Why)
		if a.Tie != (a.Profile.Name == "a") || (a.Rule != nil) != (a.Profile.Name == "a" || a.Profile.Name == "b") {
			t.Errorf("%s: tie %v by rule %v", a.Profile.Name, a.Tie, a.Rule)
		}
	}
	want := "a: match identity remote address 192.0.2.0 255.255.255.0 is as specific, but configured earlier|b: match identity remote any is less specific|" +
		"d: no rule matches 192.0.2.1|e: match address local is [10.0.0.1], not 192.168.0.1|f: it is for peers of VRF RED|g: it is shut down|h: no rule matches 192.0.2.1"
	if got := strings.Join(why, "|"); got != want || s.Reason != "found matching IKEv2 profile 'c': match identity remote address 192.0.2.0 255.255.255.0" {
		t.Errorf("%s\ngot  %s\nwant %s", s.Reason, got, want)
	}
	for rule, want := range map[string]string{
		"identity remote fqdn domain b.c": "fqdn domain b.c", "identity remote email u@b.c": "email u@b.c", "identity remote email domain b.c": "email domain b.c",
		"identity remote address 2001:db8::/32": "address 2001:db8::/32", "identity remote address 0.0.0.0": "address 0.0.0.0", "identity remote key-id z": "key-id z",
	} {
		m := compileText(t, ikev2ProfilesText("a: "+rule)).IKEv2.Profiles[0].Matches[0]
		if got := m.Identity(); got != want {
			t.Errorf("%s: %q", rule, got)
		}
	}
}

// The initiator has its profile, and another one that would take the responder
// does not help.
func TestVerifyIKEv2Profile(t *testing.T) {
	c := compileText(t, ikev2ProfilesText("a: identity remote fqdn R2.cisco.com; b: identity remote any; c: certificate M"))
	local := netip.MustParseAddr("192.168.0.1")
	dn := PeerID{Type: wire.IDDERASN1DN, DN: testCert(t).Subject}
	for _, test := range []struct {
		profile string
		id      PeerID
		ok      bool
	}{
		{"a", fqdn("R2.cisco.com"), true}, {"a", fqdn("R3.cisco.com"), false}, {"b", fqdn("R3.cisco.com"), true}, {"b", dn, false}, {"c", dn, true},
	} {
		p := c.IKEv2Profile(test.profile)
		if s := c.VerifyIKEv2Profile(p, test.id, testCert(t), local); (s.Profile == p) != test.ok || (s.Reason == ProfileNotFound) == test.ok {
			t.Errorf("%s in %s: %s", test.id, test.profile, s.Reason)
		}
	}
	if c.IKEv2Profile("z") != nil {
		t.Error("found what is not there")
	}
}

func TestIKEv2TunnelFor(t *testing.T) {
	c := compileText(t, ikev2ProfilesText("P: identity remote any; Q: identity remote any")+`
crypto ipsec profile V2
crypto ipsec profile V1
interface Tunnel1
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.2
 tunnel protection ipsec profile V2
interface Tunnel2
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.3
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile V2
interface Tunnel3
 tunnel source 192.0.2.1
 tunnel destination 192.0.2.4
 tunnel protection ipsec profile V1
`)
	c.IPsec[0].IKEv2Profile = c.IKEv2Profile("P")
	local, all := netip.MustParseAddr("192.0.2.1"), netip.MustParsePrefix("0.0.0.0/0")
	for _, test := range []struct {
		remote  string
		profile string
		offered string // the peer's side of the selectors
		proto   uint8
		want    string
		reason  string
	}{
		{"192.0.2.2", "P", "192.0.2.2/32", 47, "Tunnel1", "proxies of Tunnel1"},
		{"192.0.2.2", "P", "0.0.0.0/0", 0, "Tunnel1", "proxies of Tunnel1"},
		{"192.0.2.2", "P", "192.0.2.2/32", 6, "", RefusedProxies},
		{"192.0.2.2", "Q", "192.0.2.2/32", 47, "", RefusedProfile},
		{"192.0.2.2", "", "192.0.2.2/32", 47, "", RefusedProfile},
		{"192.0.2.3", "P", "0.0.0.0/0", 0, "Tunnel2", "proxies of Tunnel2"},
		{"192.0.2.3", "P", "10.0.0.0/8", 0, "", RefusedProxies},
		{"192.0.2.4", "P", "0.0.0.0/0", 0, "", RefusedProfile}, // IKEv1's
		{"192.0.2.5", "P", "0.0.0.0/0", 0, "", RefusedProxies},
	} {
		offered := netip.MustParsePrefix(test.offered)
		choice := c.IKEv2TunnelFor(local, netip.MustParseAddr(test.remote), c.IKEv2Profile(test.profile), func(tu *Tunnel) bool {
			sel := tu.Selector()
			return offered.Bits() <= sel.Remote.Bits() && offered.Contains(sel.Remote.Addr()) && (test.proto == 0 || test.proto == sel.Protocol)
		})
		got := ""
		if choice.Interface != nil {
			got = choice.Interface.Name
		}
		if got != test.want || choice.Reason != test.reason {
			t.Errorf("%s %s %q: %q %q, want %q %q", test.remote, test.offered, test.profile, got, choice.Reason, test.want, test.reason)
		}
		for _, a := range choice.AlsoRans {
			if d := a.Interface.Tunnel.Destination; d.String() != test.remote {
				t.Errorf("%s: a tunnel to %s was a candidate", test.remote, d)
			}
		}
	}
	before := &IKEv2Profile{Name: "P"}
	if choice := c.IKEv2TunnelFor(local, netip.MustParseAddr("192.0.2.2"), before, func(*Tunnel) bool { return true }); choice.Interface == nil {
		t.Errorf("a profile of the configuration before: %s", choice.Reason)
	}
	if choice := c.TunnelFor(local, netip.MustParseAddr("192.0.2.3"), ipsec.Selector{Local: all, Remote: all}, nil); choice.Interface != nil || choice.Reason != RefusedProfile {
		t.Errorf("IKEv1 takes a tunnel of IKEv2: %s", choice.Reason)
	}
}
