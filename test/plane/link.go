package plane

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// SetRoute and RemoveRoute say nothing when there is nothing to do; two routes
// of ours with one metric stand side by side.
func routes(t *testing.T, p Plane) {
	r1, _ := p.Routers(t)
	r1.Raise(GRE())
	prefix, addr2 := netip.MustParsePrefix, r1.Remote
	list := []ipsec.Route{
		{Dst: prefix("10.50.0.0/16"), Dev: "Tunnel1", Metric: 1},
		{Dst: prefix("10.51.0.0/16"), Via: netip.MustParseAddr("10.0.0.2"), Dev: "Tunnel1", Metric: 1},
		{Dst: prefix("10.51.0.0/16"), Via: addr2, Metric: 1},
		{Dst: prefix("10.51.0.0/16"), Via: addr2, Metric: 250},
		{Dst: prefix("0.0.0.0/0"), Via: addr2, Metric: 1},
	}
	for range 2 {
		for _, r := range list {
			r1.Must(r1.SetRoute(r))
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
	r1.Must(r1.RemoveRoute(list[1]))
	if got := r1.Sh("ip route show 10.51.0.0/16"); strings.Contains(got, "10.0.0.2") || strings.Count(got, "192.0.2.2") != 2 {
		t.Errorf("the wrong one went:\n%s", got)
	}
	r1.Must(r1.RemoveLink("Tunnel1"))
	for range 2 {
		for _, r := range list {
			r1.Must(r1.RemoveRoute(r))
		}
	}
	if got, err := r1.Try("ip", "route", "show", "proto", "111"); err != nil || got != "" {
		t.Errorf("left: %s %v", got, err)
	}
}

// SetLink makes what was asked and changes what differs; a link that is gone is
// gone.
func links(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, _ := p.Routers(t)
		prefix := netip.MustParsePrefix
		l := r1.Link(tun)
		l.Addresses = []netip.Prefix{prefix("10.0.0.1/30"), prefix("10.0.1.1/24")}
		r1.Raise(tun)
		for _, c := range []struct {
			change func()
			shows  string
		}{
			{func() {}, "10.0.1.1/24"},
			{func() { l.MTU = 1300 }, "mtu 1300"},
			{func() { l.MTU = 0 }, "mtu 1300"}, // 0 leaves it
			{func() { l.Addresses = []netip.Prefix{prefix("10.0.1.1/24"), prefix("10.0.2.1/32")} }, "inet 10.0.2.1/32"},
			{func() { l.Up = false }, "state DOWN"},
			{func() { l.Up = true }, "UP,LOWER_UP"},
		} {
			c.change()
			for range 2 {
				r1.Must(r1.SetLink(l))
			}
			shown := r1.Run("ip", "-d", "address", "show", "dev", "Tunnel1")
			if !strings.Contains(shown, c.shows) || !strings.Contains(shown, "alias obol:Tunnel1") || strings.Contains(shown, "inet6") {
				t.Errorf("want %q, our alias and no IPv6 address in\n%s", c.shows, shown)
			}
			if n := strings.Count(shown, "inet "); n != len(l.Addresses) {
				t.Errorf("%d addresses, want %d\n%s", n, len(l.Addresses), shown)
			}
		}
		r1.Must(r1.RemoveLink("Tunnel1"))
		r1.Must(r1.RemoveLink("Tunnel1"))
		if out, err := r1.Try("ip", "link", "show", "Tunnel1"); err == nil {
			t.Errorf("it stands after its removal:\n%s", out)
		}
	})
}

// A link whose far end has another address carries again, by new SAs, and is the same
// link with its addresses and routes.
func moved(t *testing.T, p Plane) {
	for _, tun := range []Tunnel{VTI(), XFRM(), GRE(), transport(GRE())} {
		t.Run(fmt.Sprint(tun.Kind, tun.Mode), func(t *testing.T) {
			r1, r2 := p.Routers(t)
			Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
			Exchange(t, r1, r2, 1)
			r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.50.0.0/16"), Dev: "Tunnel1", Metric: 1}))
			shown := func() string {
				return r1.Sh("ip link show dev Tunnel1 | head -1 | cut -d, -f1; ip -4 address show dev Tunnel1 | grep inet; ip route show dev Tunnel1")
			}
			before, last := shown(), tun
			for _, a := range []string{"192.0.2.77", "192.0.2.2"} {
				to := netip.MustParseAddr(a)
				if to != netip.MustParseAddr("192.0.2.2") {
					r2.Addr("e0", a+"/24")
				}
				tun.SPIs[0] += 0x10
				tun.SPIs[1] += 0x10
				Both(r1, r2, func(r *Router) {
					old, gone := r.Policies(last), []ipsec.SAID{r.SA(last, ipsec.Out).SAID, r.SA(last, ipsec.In).SAID}
					if r == r1 {
						r.Remote = to
					} else {
						r.Local = to
					}
					r.KeyUp(tun, nil)
					r.Raise(tun)
					for _, p := range old {
						if p.Selector != r.selector(tun) {
							r.Must(r.RemovePolicy(p))
						}
					}
					for _, id := range gone {
						r.Must(r.RemoveSA(id))
					}
				})
				Exchange(t, r1, r2, 3)
				if after := shown(); after != before || !strings.Contains(after, "10.50.0.0/16") {
					t.Errorf("at %s:\n%s\nbefore:\n%s", a, after, before)
				}
				last = tun
			}
		})
	}
}

// A VTI becomes an XFRM interface, as where its peer turns out to be behind a NAT, and
// an XFRM interface a VTI: it carries by SAs and policies of the new kind only.
func otherKind(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	last := VTI()
	Both(r1, r2, func(r *Router) { r.Raise(last) })
	for i, tun := range []Tunnel{XFRM(), VTI()} {
		tun.SPIs[0] += 0x10 * uint32(i)
		tun.SPIs[1] += 0x10 * uint32(i)
		Both(r1, r2, func(r *Router) {
			r.KeyUp(tun, nil)
			r.Raise(tun)
			for _, p := range r.Policies(last) {
				r.Must(r.RemovePolicy(p))
			}
			if how, err := r.LinkDiffers(r.Link(tun)); how != "" || err != nil {
				t.Errorf("%s: %s, %v", tun.Kind, how, err)
			}
		})
		Exchange(t, r1, r2, 3)
		last = tun
	}
}

// transport is a tunnel in transport mode.
func transport(t Tunnel) Tunnel {
	t.Mode = ipsec.Transport
	return t
}

// everything lists what the namespace has, without what changes by itself:
// counters, ages and link-local IPv6 addresses.
func (r *Router) everything() string {
	return r.Sh("ip xfrm state; ip xfrm policy; ip link; ip -4 address | grep inet; ip -4 route show table all; ip -6 route show proto 111")
}

// Sweep removes everything that is recognisably ours, and nothing of others, which
// in our way is refused by name.
func sweep(t *testing.T, p Plane) {
	r1, _ := p.Routers(t)
	// The kernel makes links of its own with the first of a kind.
	r1.Must(r1.SetLink(ipsec.Link{Name: "warm1", Kind: ipsec.GREIP, Local: r1.Local, Remote: r1.Remote}))
	r1.Must(r1.SetLink(ipsec.Link{Name: "warm2", Kind: ipsec.VTI, Local: r1.Local, Remote: r1.Remote, Key: 9}))
	r1.Must(r1.Sweep())
	r1.Sh(`set -e
ip link add foreign0 type veth peer name foreign1
ip link set foreign0 up alias "not obol:foreign0"
ip link set foreign1 up
ip address add 10.9.0.1/16 dev foreign0
ip link add Tunnel7 type veth peer name foreign7
ip route add 10.8.0.0/16 via 192.0.2.2 proto static metric 1`)
	before := r1.everything()
	route := ipsec.Route{Dst: netip.MustParsePrefix("10.8.0.0/16"), Via: r1.Remote, Metric: 1}
	foreign := r1.Link(VTI())
	foreign.Name = "Tunnel7"
	for _, c := range []struct {
		err  error
		what string
	}{
		{r1.SetLink(foreign), "interface Tunnel7"},
		{r1.RemoveLink("Tunnel7"), "interface Tunnel7"},
		{r1.SetRoute(route), "route 10.8.0.0/16 via 192.0.2.2 metric 1"},
	} {
		if text := fmt.Sprint(c.err); !strings.Contains(text, c.what) || !strings.Contains(text, "exists and is not obol's") {
			t.Errorf("%s of somebody else: %v", c.what, c.err)
		}
	}
	r1.Must(r1.RemoveRoute(route))
	if after := r1.everything(); after != before {
		t.Errorf("after refusals:\n%s\nbefore:\n%s", after, before)
	}

	vti, gre := VTI(), GRE()
	gre.Name, gre.ReqID = "Tunnel2", gre.ReqID+1
	r1.Raise(vti)
	r1.KeyUp(vti, nil)
	second := *r1
	second.Inner = netip.MustParsePrefix("10.0.2.1/30")
	second.Raise(gre)
	r1.Must(r1.SetLink(ipsec.Link{Name: "Loopback0", Kind: ipsec.Dummy, Addresses: []netip.Prefix{netip.MustParsePrefix("10.99.0.1/32")}, Up: true}))
	r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.50.0.0/16"), Dev: "Tunnel1", Metric: 1}))
	r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.51.0.0/16"), Via: r1.Remote, Metric: 1}))
	if shown := r1.everything(); !strings.Contains(shown, "10.99.0.1/32") || !strings.Contains(shown, "Tunnel2") {
		t.Fatalf("nothing to sweep:\n%s", shown)
	}
	r1.Must(r1.Sweep())
	r1.Must(r1.Sweep())
	if after := r1.everything(); after != before {
		t.Errorf("after the sweep:\n%s\nbefore:\n%s", after, before)
	}
}
