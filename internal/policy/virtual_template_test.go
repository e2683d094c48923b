package policy

import (
	"net/netip"
	"strings"
	"testing"
)

const templateText = `crypto isakmp profile ONE
 match identity address 0.0.0.0
 virtual-template 1
crypto isakmp profile OTHER
 match identity address 0.0.0.0
 virtual-template 1
crypto ikev2 profile TWO
 match identity remote any
 authentication local pre-share key a
 authentication remote pre-share key a
 virtual-template 2 mode auto
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile ONE
 set transform-set TS
 set isakmp-profile ONE
crypto ipsec profile TWO
 set transform-set TS
interface Loopback0
 ip address 10.255.0.1 255.255.255.255
interface Virtual-Template1 type tunnel
 ip unnumbered Loopback0
 tunnel source 192.0.2.1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile ONE
interface Virtual-Template2 type tunnel
 ip unnumbered Loopback0
 ip mtu 1400
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile TWO
`

func compiledTemplates(t *testing.T, text string) *Config {
	t.Helper()
	c, errs := Compile(Source{"hub.cfg", []byte(text)})
	if errs != nil {
		t.Fatal(errs)
	}
	return c
}

// TestAccessFor: who gets a copy of a template, and who does not and why.
func TestAccessFor(t *testing.T) {
	c := compiledTemplates(t, templateText)
	local, elsewhere := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	all := c.Interface("Virtual-Template1").Template.Selector()
	lan := all
	lan.Remote = netip.MustParsePrefix("10.0.0.0/8")
	refused := TunnelChoice{Reason: RefusedProxies}
	one, other, two := c.Profile("ONE"), c.Profile("OTHER"), c.IKEv2Profile("TWO")
	shut := compiledTemplates(t, templateText+" shutdown\n")
	fits := func(tu *Tunnel) bool { return tu.Selector() == all }
	for _, x := range []struct {
		what        string
		got         TunnelChoice
		name        string
		reason, why string
	}{
		{"its profile", c.AccessFor(local, all, one, refused), "Virtual-Template1", "proxies of Virtual-Template1", ""},
		{"no profile", c.AccessFor(local, all, nil, refused), "", RefusedProxies, ""},
		{"the profile of another ipsec profile", c.AccessFor(local, all, other, refused), "", RefusedProfile, "its isakmp-profile is ONE"},
		{"less traffic", c.AccessFor(local, lan, one, refused), "", RefusedProxies, "its proxies are " + all.String()},
		{"another address of ours", c.AccessFor(elsewhere, all, one, refused), "", RefusedProxies, "its source is 192.0.2.1"},
		{"IKEv2, anywhere", c.IKEv2AccessFor(elsewhere, two, fits, refused), "Virtual-Template2", "proxies of Virtual-Template2", ""},
		{"IKEv2, no profile", c.IKEv2AccessFor(local, nil, fits, refused), "", RefusedProxies, ""},
		{"shut down", shut.IKEv2AccessFor(local, shut.IKEv2Profile("TWO"), fits, refused), "", RefusedProxies, "it is shut down"},
	} {
		name, why := "", ""
		if x.got.Interface != nil {
			name = x.got.Interface.Name
		}
		if n := len(x.got.AlsoRans); n > 0 {
			why = x.got.AlsoRans[n-1].Why
		}
		if name != x.name || x.got.Reason != x.reason || why != x.why {
			t.Errorf("%s: %q, %q, %q", x.what, name, x.got.Reason, why)
		}
	}
}

// TestAccess: a copy is a tunnel to the peer with names and an if_id of its own, and
// follows its template from one configuration to the next.
func TestAccess(t *testing.T) {
	c := compiledTemplates(t, templateText)
	a := c.Interface("Virtual-Template2").Access(12, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.5"))
	if a.Name != "Virtual-Access12" || a.Device != "Vi12" || a.Kind != TunnelInterface || a.MTU != 1400 || a.Unnumbered != "Loopback0" {
		t.Errorf("%+v", a)
	}
	if tu := a.Tunnel; tu.IfID != 0x6f63000c || uint32(tu.ReqID) != tu.IfID || tu.Mark != 0 || tu.Destination.String() != "203.0.113.5" || !tu.ReqID.Ours() {
		t.Errorf("%+v", tu)
	}
	if n, ok := AccessNumber(a.Name); n != 12 || !ok {
		t.Errorf("%d %v", n, ok)
	}
	if _, ok := AccessNumber("Tunnel12"); ok {
		t.Error("Tunnel12 is none")
	}
	changed := compiledTemplates(t, strings.Replace(templateText, "ip mtu 1400", "ip mtu 1300", 1))
	if now := changed.Current(a); now == nil || now.MTU != 1300 || now.Name != a.Name || now.Tunnel.IfID != a.Tunnel.IfID {
		t.Errorf("%+v", now)
	}
	if d := Compare(c, changed); d.Count(Renegotiated) != 0 || d.Count(Amended) != 1 {
		t.Error(d)
	}
	gone := compiledTemplates(t, templateText+"no interface Virtual-Template2\ncrypto ikev2 profile TWO\n no virtual-template 2\n")
	if now := gone.Current(a); now != nil {
		t.Errorf("%+v", now)
	}
}

// TestTemplateUnable: a template that cannot be obeyed whole makes no tunnels, and a
// profile that names none that there is cannot stand.
func TestTemplateUnable(t *testing.T) {
	for lines, want := range map[string]string{
		" tunnel mode gre ip\n":                               "of mode gre ip no dynamic tunnel is made, tunnel mode ipsec ipv4 would do",
		" tunnel destination 10.1.1.1\n":                      "it has a tunnel destination",
		" no tunnel protection ipsec profile TWO\n":           "it has no tunnel protection",
		" tunnel vrf RED\n":                                   "there is no vrf definition RED",
		" tunnel mode ipsec ipv6\n tunnel source 192.0.2.1\n": "tunnel mode ipsec ipv6 does not run from 192.0.2.1",
	} {
		c := compiledTemplates(t, templateText+lines)
		i := c.Interface("Virtual-Template2")
		last := c.Warnings[len(c.Warnings)-1].Text
		if i.Template != nil || !strings.Contains(i.Unable, want) || !strings.Contains(last+c.Warnings[0].Text, "interface Virtual-Template2 makes no tunnels: ") {
			t.Errorf("%q: %q, %q", lines, i.Unable, last)
		}
	}
	_, errs := Compile(Source{"hub.cfg", []byte(templateText + "no interface Virtual-Template1\n")})
	if len(errs) != 2 || !strings.Contains(errs[0].Error(), "hub.cfg:3:19: interface Virtual-Template1 does not exist") {
		t.Error(errs)
	}
}
