//go:build vm

package xfrm

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

func (r *router) index(name string) int {
	r.T.Helper()
	l, err := r.kernelLink(name)
	r.Must(err)
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
	set := func() int { r1.Must(r1.SetLink(l)); return r1.index("Tunnel1") }
	first := set()
	updates := make(chan netlink.LinkUpdate, 16)
	done := make(chan struct{})
	r1.Must(r1.Do(func() error { return netlink.LinkSubscribe(updates, done) }))
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
		{func() { l.PathMTU = true }, true, "gre remote 192.0.2.9 local 192.0.2.1 ttl 255 nopmtudisc"},
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
		if l.Kind == ipsec.GREIP && strings.Contains(shown, "ignore-df") == l.PathMTU {
			t.Errorf("%s: DF is copied: want %v\n%s", c.shows, l.PathMTU, shown)
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
	r1.Must(r1.RemoveLink("Tunnel1"))
	r1.Must(r1.RemoveLink("Tunnel1"))
	if _, err := r1.kernelLink("Tunnel1"); err == nil {
		t.Error("it stands after its removal")
	}
}

// A link that the kernel refuses leaves nothing behind, and the error says what
// was asked.
func TestSetLinkRefused(t *testing.T) {
	r1, _ := routers(t)
	l := r1.Link(plane.VTI())
	r1.Must(r1.SetLink(l))
	twin := l
	twin.Name, twin.Key, twin.Addresses = "Tunnel2", 0x0b000009, nil
	err := r1.SetLink(twin)
	want := "make vti interface Tunnel2: interface Tunnel1 has the same ends and the kernel could not tell the two apart: file exists"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	twin.Remote = netip.MustParseAddr("192.0.2.9")
	r1.Must(r1.SetLink(twin))
	twin.Remote = l.Remote
	want = "move vti interface Tunnel2: interface Tunnel1 has the same ends and the kernel could not tell the two apart: file exists"
	if err := r1.SetLink(twin); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	r1.Must(r1.RemoveLink("Tunnel2"))
	l.MTU = 20
	if err := r1.SetLink(l); err == nil || !strings.Contains(err.Error(), "set interface Tunnel1: mtu 20: ") {
		t.Errorf("MTU 20: %v", err)
	}
	if err := r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.50.0.0/16"), Dev: "Tunnel7", Metric: 1}); err == nil || !strings.Contains(err.Error(), "set route 10.50.0.0/16 dev Tunnel7 metric 1: ") {
		t.Errorf("a route over no interface: %v", err)
	}
}

// Policies are set and removed any number of times, and read back as asked.
func TestPolicies(t *testing.T) {
	r1, _ := routers(t)
	for _, tun := range []plane.Tunnel{plane.VTI(), plane.GRE()} {
		for range 2 {
			for _, p := range r1.Policies(tun) {
				r1.Must(r1.SetPolicy(p))
			}
		}
		list, err := r1.handle.XfrmPolicyList(netlink.FAMILY_ALL)
		r1.Must(err)
		if len(list) != 3 {
			t.Fatalf("%d policies, want 3", len(list))
		}
		for _, k := range list {
			src, dst := net.IP(addr1.AsSlice()), net.IP(addr2.AsSlice())
			if k.Dir != netlink.XFRM_DIR_OUT {
				src, dst = dst, src
			}
			tm := k.Tmpls[0]
			if !tm.Src.Equal(src) || !tm.Dst.Equal(dst) || tm.Optional != 0 || tm.Mode != netlink.XFRM_MODE_TUNNEL || tm.Proto != netlink.XFRM_PROTO_ESP || ipsec.ReqID(tm.Reqid) != tun.ReqID {
				t.Errorf("template %+v", tm)
			}
			if k.Action != netlink.XFRM_POLICY_ALLOW || k.Priority != priority || tun.Kind == ipsec.GREIP && k.Proto != 47 {
				t.Errorf("policy %+v", k)
			}
			if (k.Mark == nil) != (tun.Marks[0] == 0) || k.Mark != nil && (k.Mark.Value != tun.Marks[0] || k.Mark.Mask != ^uint32(0)) {
				t.Errorf("mark %+v", k.Mark)
			}
		}
		for range 2 {
			for _, p := range r1.Policies(tun) {
				r1.Must(r1.RemovePolicy(p))
			}
		}
		if list, err = r1.handle.XfrmPolicyList(netlink.FAMILY_ALL); err != nil || len(list) != 0 {
			t.Errorf("%d left, %v", len(list), err)
		}
	}
}
