package tunnel

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

func TestAdopt(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*policy.Config)
		changed bool
		orders  []string
	}{
		{"nothing but source lines", func(c *policy.Config) {
			c.Interface("Tunnel1").Pos = ios.Pos{File: "r1.cfg", Line: 99}
			tunnelOf(c).Protection.Pos.Line = 98
			tunnelOf(c).Protection.Transforms[0].Pos.Line = 97
		}, false, nil},
		{"another inner address", func(c *policy.Config) {
			c.Interface("Tunnel1").Addresses = []netip.Prefix{prefix("10.0.0.9/24")}
		}, false, []string{"set link Tunnel1 gre up=true mtu=1414"}},
		{"an ip mtu", func(c *policy.Config) { c.Interface("Tunnel1").MTU = 1300 }, false, []string{
			"set link Tunnel1 gre up=true mtu=1300"}},
		{"another route", func(c *policy.Config) { c.Routes[0].Dst = prefix("192.168.201.0/24") }, false, []string{
			"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
			"set route 192.168.201.0/24 via 10.0.0.2 dev Tunnel1"}},
		{"no loopback", func(c *policy.Config) { c.Interfaces = c.Interfaces[1:] }, false, []string{
			"del link Loopback0 dummy up=true mtu=0"}},
		{"another key size", func(c *policy.Config) { tunnelOf(c).Protection.Transforms[0].KeyBits = 256 }, true, []string{
			"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
			"del link Tunnel1 gre up=true mtu=1414",
			"report {Interface:Tunnel1 Up:false Reason:removed}",
			"del policy in mark 0x0 Tunnel",
			"del policy out mark 0x0 Tunnel",
			"set policy in mark 0x0 Tunnel",
			"set policy out mark 0x0 Tunnel",
			"set link Tunnel1 gre up=true mtu=1414",
			"report {Interface:Tunnel1 Up:true Reason:}",
			"set route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1"}},
		{"the tunnel removed", func(c *policy.Config) {
			c.Interfaces = slices.DeleteFunc(c.Interfaces, func(i *policy.Interface) bool { return i.Name == "Tunnel1" })
			c.Routes = nil
		}, true, []string{
			"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
			"del link Tunnel1 gre up=true mtu=1414",
			"report {Interface:Tunnel1 Up:false Reason:removed}",
			"del policy in mark 0x0 Tunnel",
			"del policy out mark 0x0 Tunnel"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s Set
			s.Adopt(start, note(policy.GREIP), Options{})
			s.ChildUp(start, pair(1000, 2000, true))
			orders(&s)
			c := note(policy.GREIP)
			test.change(c)
			s.Adopt(start, c, Options{})
			want(t, &s, test.orders...)
			if tu := s.Lookup("Tunnel1"); !test.changed && !tu.Up() {
				t.Error("a tunnel left alone lost its SAs")
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	for _, test := range []struct {
		name  string
		route policy.StaticRoute
		want  []string
	}{
		{"tunnel by name", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Device: "Tunnel1"}, []string{
			"set route 172.16.0.0/12 via invalid IP dev Tunnel1"}},
		{"tunnel by name, next hop elsewhere", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Device: "Tunnel1", Via: addr("9.9.9.9")}, []string{
			"set route 172.16.0.0/12 via invalid IP dev Tunnel1"}},
		{"physical network", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Via: addr("192.168.0.254")}, []string{
			"set route 172.16.0.0/12 via 192.168.0.254 dev "}},
		{"unknown network", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Via: addr("9.9.9.9")}, []string{
			"set route 172.16.0.0/12 via 9.9.9.9 dev "}},
		{"physical interface without a device", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Device: "Ethernet0/0"}, []string{
			"report {Dst:172.16.0.0/12 Reason:the Linux device of Ethernet0/0 is not known}"}},
		{"no such interface", policy.StaticRoute{Dst: prefix("172.16.0.0/12"), Device: "Tunnel7"}, []string{
			"report {Dst:172.16.0.0/12 Reason:no interface Tunnel7}"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := note(policy.GREIP)
			c.Routes = []policy.StaticRoute{test.route}
			var s Set
			s.Adopt(start, c, Options{})
			var got []string
			for _, line := range orders(&s) {
				if strings.Contains(line, "172.16.0.0/12") {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestUnnumbered(t *testing.T) {
	c := note(policy.GREIP)
	itf := c.Interface("Tunnel1")
	itf.Addresses, itf.Unnumbered = nil, "Loopback0"
	var s Set
	s.Adopt(start, c, Options{})
	if got := s.Views()[0].Addresses; !slices.Equal(got, []netip.Prefix{prefix("192.168.100.1/32")}) {
		t.Errorf("addresses %v", got)
	}
}

// A VTI of IPv6: its own kind of link, policies for everything of IPv6, and beside
// what ip unnumbered lends its addresses of IPv6.
func TestIPv6(t *testing.T) {
	c := note(policy.IPsecIPv6)
	itf, tu := c.Interface("Tunnel1"), tunnelOf(c)
	tu.Source, tu.Destination, tu.Mark = addr("2001:db8::1"), addr("2001:db8::2"), 0x6f620001
	itf.Addresses, itf.Unnumbered = []netip.Prefix{prefix("192.168.100.1/24"), prefix("2001:db8:12::1/64")}, "Loopback0"
	c.Routes = []policy.StaticRoute{{Dst: prefix("2001:db8:200::/64"), Via: addr("2001:db8:12::2"), Distance: 1}}
	var s Set
	s.Adopt(start, c, Options{})
	all := ipsec.Selector{Local: prefix("::/0"), Remote: prefix("::/0")}
	policies := 0
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.SetPolicy:
			policies++
			if o.Policy.Selector != all || o.Policy.Mark != tu.Mark || o.Policy.Mode != ipsec.Tunnel {
				t.Errorf("%+v", o.Policy)
			}
		case ike.SetLink:
			if l := o.Link; l.Name == "Tunnel1" && (l.Kind != ipsec.VTI6 || l.Key != tu.Mark || l.MTU != 1406 || l.Up ||
				!slices.Equal(l.Addresses, []netip.Prefix{prefix("192.168.100.1/32"), prefix("2001:db8:12::1/64")})) {
				t.Errorf("%+v", l)
			}
		case ike.SetRoute:
			t.Errorf("a route into a link that is down: %+v", o.Route)
		}
	}
	if policies != 3 {
		t.Errorf("%d policies, want in, out and fwd", policies)
	}
}
