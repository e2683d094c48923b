//go:build vm

package xfrm

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/obol-ike/obol/internal/ipsec"
)

func (r *router) index(name string) int {
	r.t.Helper()
	l, err := r.kernelLink(name)
	r.must(err)
	return l.Attrs().Index
}

func (r *router) kernelLink(name string) (l netlink.Link, err error) {
	err = r.Do(func() error {
		l, err = netlink.LinkByName(name)
		return err
	})
	return l, err
}

// SetLink changes what differs and keeps the interface, with its routes; it makes it
// anew when its kind, key or ttl differ.
func TestSetLink(t *testing.T) {
	r1, _ := routers(t)
	p := netip.MustParsePrefix
	l := ipsec.Link{Name: "Tunnel1", Kind: ipsec.GREIP, Local: addr1, Remote: addr2, Addresses: []netip.Prefix{p("10.0.0.1/30"), p("10.0.1.1/24")}, MTU: 1414, Up: true}
	set := func() int { r1.must(r1.SetLink(l)); return r1.index("Tunnel1") }
	first := set()
	updates := make(chan netlink.LinkUpdate, 16)
	done := make(chan struct{})
	r1.must(r1.Do(func() error { return netlink.LinkSubscribe(updates, done) }))
	if set() != first {
		t.Error("made anew though nothing differs")
	}
	close(done)
	for u := range updates {
		t.Errorf("the same link again touches it: %+v", u.Header)
	}

	for _, c := range []struct {
		change func()
		keeps  bool
		shows  string // in ip -d address
	}{
		{func() { l.MTU = 1400 }, true, "mtu 1400"},
		{func() { l.MTU = 0 }, true, "mtu 1400"}, // 0 leaves it
		{func() { l.Addresses = []netip.Prefix{p("10.0.1.1/24"), p("10.0.2.1/32")} }, true, "inet 10.0.2.1/32"},
		{func() { l.Up = false }, true, "state DOWN"},
		{func() { l.Up = true }, true, "UP,LOWER_UP"},
		{func() { l.Remote = netip.MustParseAddr("192.0.2.9") }, true, "gre remote 192.0.2.9 local 192.0.2.1 ttl 255 nopmtudisc ignore-df"},
		{func() { l.TTL = 64 }, false, "ttl 64"},
		{func() { l.HasKey, l.Key = true, 0x0a000001 }, false, "ikey 10.0.0.1 okey 10.0.0.1"},
		{func() { l.Key = 0 }, false, "ikey 0.0.0.0 okey 0.0.0.0"},
		{func() { l.HasKey = false }, false, "gre remote"},
		{func() { l.Kind, l.Key = ipsec.VTI, 0x0b000001 }, false, "vti remote 192.0.2.9 local 192.0.2.1 ikey 11.0.0.1 okey 11.0.0.1"},
		{func() { l.Remote = addr2 }, true, "vti remote 192.0.2.2 local 192.0.2.1 ikey 11.0.0.1 okey 11.0.0.1"},
		{func() { l.Key = 0x0b000002 }, false, "ikey 11.0.0.2 okey 11.0.0.2"},
		{func() {
			l.Kind, l.Local, l.Remote = ipsec.VTI6, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
		}, false, "vti6 remote 2001:db8::2 local 2001:db8::1 ikey 11.0.0.2 okey 11.0.0.2"},
		{func() { l.Remote = netip.MustParseAddr("2001:db8::3") }, true, "vti6 remote 2001:db8::3 local 2001:db8::1 ikey 11.0.0.2 okey 11.0.0.2"},
		{func() { l.Key = 0x0b000001 }, false, "ikey 11.0.0.1 okey 11.0.0.1"},
		{func() { l.Kind, l.HasKey = ipsec.GREIPv6, true }, false, "ip6gre remote 2001:db8::3 local 2001:db8::1 hoplimit 64 encaplimit none"},
		{func() { l.Remote = netip.MustParseAddr("2001:db8::2") }, true, "ip6gre remote 2001:db8::2 local 2001:db8::1 hoplimit 64 encaplimit none"},
		{func() { l.TTL = 0 }, false, "hoplimit 255"},
		{func() { l.Kind, l.Local, l.Remote = ipsec.Dummy, netip.Addr{}, netip.Addr{} }, false, "dummy"},
	} {
		c.change()
		before := r1.index("Tunnel1")
		after := set()
		if (before == after) != c.keeps {
			t.Errorf("%s: kept %v, want %v", c.shows, before == after, c.keeps)
		}
		if set() != after {
			t.Errorf("%s: made anew the second time", c.shows)
		}
		shown := r1.Run("ip", "-d", "address", "show", "dev", "Tunnel1")
		if !strings.Contains(shown, c.shows) {
			t.Errorf("want %q in\n%s", c.shows, shown)
		}
		if n := strings.Count(shown, "inet "); n != len(l.Addresses) {
			t.Errorf("%s: %d addresses, want %d\n%s", c.shows, n, len(l.Addresses), shown)
		}
		if !strings.Contains(shown, "alias obol:Tunnel1") {
			t.Errorf("%s: no alias\n%s", c.shows, shown)
		}
		// The interface says nothing by itself: no IPv6 address, no sysctl.
		if strings.Contains(shown, "inet6") {
			t.Errorf("%s: an IPv6 address\n%s", c.shows, shown)
		}
	}
	r1.must(r1.RemoveLink("Tunnel1"))
	r1.must(r1.RemoveLink("Tunnel1"))
	if _, err := r1.kernelLink("Tunnel1"); err == nil {
		t.Error("it stands after its removal")
	}
}

// A link that the kernel refuses leaves nothing behind, and the error says what
// was asked.
func TestSetLinkRefused(t *testing.T) {
	r1, _ := routers(t)
	l := r1.link(vtiTunnel())
	r1.must(r1.SetLink(l))
	twin := l
	twin.Name, twin.Key, twin.Addresses = "Tunnel2", 0x0b000009, nil
	err := r1.SetLink(twin)
	want := "make vti interface Tunnel2: interface Tunnel1 has the same ends and the kernel could not tell the two apart: file exists"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	twin.Remote = netip.MustParseAddr("192.0.2.9")
	r1.must(r1.SetLink(twin))
	twin.Remote = l.Remote
	want = "move vti interface Tunnel2: interface Tunnel1 has the same ends and the kernel could not tell the two apart: file exists"
	if err := r1.SetLink(twin); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	r1.must(r1.RemoveLink("Tunnel2"))
	l.MTU = 20
	if err := r1.SetLink(l); err == nil || !strings.Contains(err.Error(), "set interface Tunnel1: mtu 20: ") {
		t.Errorf("MTU 20: %v", err)
	}
	if err := r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.50.0.0/16"), Dev: "Tunnel7", Metric: 1}); err == nil || !strings.Contains(err.Error(), "set route 10.50.0.0/16 dev Tunnel7 metric 1: ") {
		t.Errorf("a route over no interface: %v", err)
	}
}

// Two VTIs of one pair of routers, with marks of their own, carry their own
// traffic with their own SAs.
func TestTwoVTIs(t *testing.T) {
	r1, r2 := routers(t)
	r1.Addr("e0", "198.51.100.1/24")
	r2.Addr("e0", "198.51.100.2/24")
	one, two := vtiTunnel(), vtiTunnel()
	two.mark1, two.mark2, two.reqID = 0x0c000001, 0x0c000002, one.reqID+1
	both(r1, r2, func(r *router) {
		r.raise(one)
		r.keyUp(one, nil)
	})
	second := func(r *router, local, remote, inner string) *router {
		s := *r
		s.local, s.remote, s.inner = netip.MustParseAddr(local), netip.MustParseAddr(remote), netip.MustParsePrefix(inner)
		return &s
	}
	s1 := second(r1, "198.51.100.1", "198.51.100.2", "10.0.2.1/30")
	s2 := second(r2, "198.51.100.2", "198.51.100.1", "10.0.2.2/30")
	for _, c := range []struct {
		r       *router
		mark    uint32
		out, in uint32
	}{{s1, two.mark1, 0x2001, 0x2002}, {s2, two.mark2, 0x2002, 0x2001}} {
		tun := two
		tun.mark1, tun.mark2 = c.mark, c.mark
		l := c.r.link(tun)
		l.Name = "Tunnel2"
		for _, p := range c.r.policies(tun) {
			c.r.must(c.r.SetPolicy(p))
		}
		c.r.must(c.r.SetLink(l))
		c.r.must(c.r.InstallSA(c.r.sa(tun, ipsec.In, c.in)))
		c.r.must(c.r.InstallSA(c.r.sa(tun, ipsec.Out, c.out)))
	}
	exchange(t, r1, r2, 3)
	exchange(t, s1, s2, 5)
	list, err := r1.states()
	r1.must(err)
	packets := map[uint32]uint64{}
	for _, s := range list {
		packets[s.id.SPI] = s.counters.Packets
	}
	for spi, n := range map[uint32]uint64{spi12: 3, spi21: 3, 0x2001: 5, 0x2002: 5} {
		if packets[spi] != n {
			t.Errorf("SPI %#x carried %d packets, want %d", spi, packets[spi], n)
		}
	}
}

// SetRoute and RemoveRoute say nothing when there is nothing to do; two routes
// of ours with one metric stand side by side.
func TestRoutes(t *testing.T) {
	r1, _ := routers(t)
	r1.must(r1.SetLink(r1.link(greTunnel())))
	p := netip.MustParsePrefix
	routes := []ipsec.Route{
		{Dst: p("10.50.0.0/16"), Dev: "Tunnel1", Metric: 1},
		{Dst: p("10.51.0.0/16"), Via: netip.MustParseAddr("10.0.0.2"), Dev: "Tunnel1", Metric: 1},
		{Dst: p("10.51.0.0/16"), Via: addr2, Metric: 1},
		{Dst: p("10.51.0.0/16"), Via: addr2, Metric: 250},
		{Dst: p("0.0.0.0/0"), Via: addr2, Metric: 1},
	}
	for range 2 {
		for _, r := range routes {
			r1.must(r1.SetRoute(r))
		}
	}
	want := `default via 192.0.2.2 dev e0 proto 111 metric 1
10.50.0.0/16 dev Tunnel1 proto 111 scope link metric 1
10.51.0.0/16 via 10.0.0.2 dev Tunnel1 proto 111 metric 1
10.51.0.0/16 via 192.0.2.2 dev e0 proto 111 metric 1
10.51.0.0/16 via 192.0.2.2 dev e0 proto 111 metric 250
`
	if got := strings.ReplaceAll(r1.Sh("ip route show | grep 'proto 111'"), " \n", "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	r1.must(r1.RemoveRoute(routes[1]))
	if got := r1.Sh("ip route show 10.51.0.0/16"); strings.Contains(got, "10.0.0.2") || strings.Count(got, "192.0.2.2") != 2 {
		t.Errorf("the wrong one went:\n%s", got)
	}
	r1.must(r1.RemoveLink("Tunnel1"))
	for range 2 {
		for _, r := range routes {
			r1.must(r1.RemoveRoute(r))
		}
	}
	if got, err := r1.Try("ip", "route", "show", "proto", "111"); err != nil || got != "" {
		t.Errorf("left: %s %v", got, err)
	}
}

// Policies are set and removed any number of times, and read back as asked.
func TestPolicies(t *testing.T) {
	r1, _ := routers(t)
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		for range 2 {
			for _, p := range r1.policies(tun) {
				r1.must(r1.SetPolicy(p))
			}
		}
		list, err := r1.handle.XfrmPolicyList(netlink.FAMILY_ALL)
		r1.must(err)
		if len(list) != 3 {
			t.Fatalf("%d policies, want 3", len(list))
		}
		for _, k := range list {
			src, dst := net.IP(addr1.AsSlice()), net.IP(addr2.AsSlice())
			if k.Dir != netlink.XFRM_DIR_OUT {
				src, dst = dst, src
			}
			tm := k.Tmpls[0]
			if !tm.Src.Equal(src) || !tm.Dst.Equal(dst) || tm.Optional != 0 || tm.Mode != netlink.XFRM_MODE_TUNNEL || tm.Proto != netlink.XFRM_PROTO_ESP || ipsec.ReqID(tm.Reqid) != tun.reqID {
				t.Errorf("template %+v", tm)
			}
			if k.Action != netlink.XFRM_POLICY_ALLOW || k.Priority != priority || tun.kind == ipsec.GREIP && k.Proto != 47 {
				t.Errorf("policy %+v", k)
			}
			if (k.Mark == nil) != (tun.mark1 == 0) || k.Mark != nil && (k.Mark.Value != tun.mark1 || k.Mark.Mask != ^uint32(0)) {
				t.Errorf("mark %+v", k.Mark)
			}
		}
		for range 2 {
			for _, p := range r1.policies(tun) {
				r1.must(r1.RemovePolicy(p))
			}
		}
		if list, err = r1.handle.XfrmPolicyList(netlink.FAMILY_ALL); err != nil || len(list) != 0 {
			t.Errorf("%d left, %v", len(list), err)
		}
	}
}
