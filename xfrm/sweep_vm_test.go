//go:build vm

package xfrm

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// everything lists what the kernel has, without what changes by itself:
// counters, ages and link-local IPv6 addresses.
func (r *router) everything() string {
	return r.Sh("ip xfrm state; ip xfrm policy; ip link; ip -4 address | grep inet; ip -4 route show table all; ip -6 route show proto 111")
}

// Sweep removes everything that a killed daemon left, larval SAs too, and
// nothing of others.
func TestSweep(t *testing.T) {
	r1, _ := routers(t)
	r1.Sh(`set -e
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x99 reqid 7 mode tunnel auth 'hmac(sha1)' 0x0102030405060708090a0b0c0d0e0f1011121314 enc 'ecb(cipher_null)' ''
ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel
ip xfrm policy add src 10.9.0.0/16 dst 10.7.0.0/16 dir out action block
ip xfrm policy add src 2001:db8::/32 dst 2001:db8:1::/48 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel
ip link add foreign0 type dummy
ip link set foreign0 up alias "not obol:foreign0"
ip address add 10.9.0.1/16 dev foreign0
ip route add 10.8.0.0/16 via 192.0.2.2 proto static metric 1`)
	r1.Must(r1.SetLink(ipsec.Link{Name: "warm1", Kind: ipsec.GREIP, Local: addr1, Remote: addr2})) // brings the kernel's own gre0, gretap0 ...
	r1.Must(r1.SetLink(ipsec.Link{Name: "warm2", Kind: ipsec.VTI, Local: addr1, Remote: addr2, Key: 9}))
	r1.Must(r1.Sweep())
	before := r1.everything()

	vti, gre := plane.VTI(), plane.GRE()
	gre.ReqID++
	r1.Raise(vti)
	r1.KeyUp(vti, nil)
	l := r1.Link(gre)
	l.Name, l.Addresses = "Tunnel2", []netip.Prefix{netip.MustParsePrefix("10.0.2.1/30")}
	for _, p := range r1.Policies(gre) {
		r1.Must(r1.SetPolicy(p))
	}
	r1.Must(r1.SetLink(l))
	v6 := r1.Policies(vti)[0]
	v6.Selector = ipsec.Selector{Local: netip.MustParsePrefix("2001:db8::/32"), Remote: netip.MustParsePrefix("::/0")}
	r1.Must(r1.SetPolicy(v6))
	loopback := ipsec.Link{Name: "Loopback0", Kind: ipsec.Dummy, Addresses: []netip.Prefix{netip.MustParsePrefix("10.99.0.1/32")}, Up: true}
	r1.Must(r1.SetLink(loopback))
	routes := []ipsec.Route{
		{Dst: netip.MustParsePrefix("10.50.0.0/16"), Dev: "Tunnel1", Metric: 1},
		{Dst: netip.MustParsePrefix("10.51.0.0/16"), Via: addr2, Metric: 1},
	}
	for _, route := range routes {
		r1.Must(r1.SetRoute(route))
	}
	// A daemon killed in the middle of making a link.
	r1.Sh("ip link add Tunnel9 type dummy; ip link set Tunnel9 group 28514")
	// Larval SAs: traffic without an SA, with a mark and without one.
	r1.Must(r1.RemoveSA(r1.SA(vti, ipsec.Out).SAID))
	r1.Try("ping", "-c", "1", "-W", "1", "10.0.0.2")
	r1.Try("ping", "-c", "1", "-W", "1", "10.0.2.2")
	if list, err := r1.states(); err != nil || larval(list) != 2 {
		t.Fatalf("%d larval SAs, %v: this test shows less than it should", larval(list), err)
	}
	if r1.everything() == before {
		t.Fatal("nothing to sweep")
	}
	intent := ipsec.Intent{
		Links: []ipsec.Link{r1.Link(vti), l, loopback}, Routes: routes, SAs: []ipsec.SAID{r1.SA(vti, ipsec.In).SAID},
		Policies: slices.Concat(r1.Policies(vti), r1.Policies(gre), []ipsec.Policy{v6}),
	}
	if strays, err := r1.Strays(intent); err != nil || !slices.Equal(strays, []string{"interface Tunnel9"}) {
		t.Errorf("strays %q, %v", strays, err)
	}
	all := 1 + len(intent.Links) + len(intent.Routes) + len(intent.SAs) + len(intent.Policies)
	if strays, err := r1.Strays(ipsec.Intent{}); err != nil || len(strays) != all {
		t.Errorf("%d strays, want %d: %q, %v", len(strays), all, strays, err)
	}

	next := r1.open(New) // the next start of the daemon
	r1.Must(next.Sweep())
	if after := r1.everything(); after != before {
		t.Errorf("after the sweep:\n%s\nbefore:\n%s", after, before)
	}
	r1.Must(next.Sweep())
}

// Links go all at once where the group is ours alone: a hundred of them take no
// longer than a few.
func TestSweepOfManyLinks(t *testing.T) {
	r1, _ := routers(t)
	r1.Sh(`set -e
ip link add foreign0 type dummy
ip link set foreign0 alias "not obol's"
`)
	before := strings.Count(r1.Sh("ip -o link"), "\n")
	// Of a machine that others use too the best of three times counts.
	best := time.Duration(math.MaxInt64)
	for range 3 {
		r1.Sh(`for i in $(seq 100); do echo "link add Loopback$i group 28514 type dummy"; done | ip -batch -`)
		began := time.Now()
		r1.Must(r1.Sweep())
		best = min(best, time.Since(began))
		if after := strings.Count(r1.Sh("ip -o link"), "\n"); after != before {
			t.Errorf("%d links, and there were %d before", after, before)
		}
	}
	if best > 2*time.Second {
		t.Errorf("a hundred links took %v", best)
	}

	r1.Sh(`ip link add Loopback1 group 28514 type dummy; ip link set foreign0 group 28514`)
	r1.Must(r1.Sweep())
	if left := r1.Sh("ip -o link"); !strings.Contains(left, "foreign0") || strings.Contains(left, "Loopback1") {
		t.Errorf("with a foreign link in our group:\n%s", left)
	}
}

func larval(list []state) (n int) {
	for _, s := range list {
		if s.id.SPI == 0 {
			n++
		}
	}
	return n
}

// A link, a policy and a route of somebody else in our way are refused by name
// and left as they are.
func TestForeignRefused(t *testing.T) {
	r1, _ := routers(t)
	tun := plane.VTI()
	r1.Sh(`set -e
ip link add Tunnel1 type dummy
ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in mark 0x0b000001 mask 0xffffffff tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 7 mode tunnel
ip route add 10.51.0.0/16 via 192.0.2.2 proto static metric 1`)
	before := r1.everything()
	in := r1.Policies(tun)[0]
	route := ipsec.Route{Dst: netip.MustParsePrefix("10.51.0.0/16"), Via: addr2, Metric: 1}
	for _, c := range []struct {
		err  error
		want string
	}{
		{r1.SetLink(r1.Link(tun)), "interface Tunnel1 exists and is not obol's"},
		{r1.RemoveLink("Tunnel1"), "interface Tunnel1 exists and is not obol's"},
		{r1.SetPolicy(in), "set in policy " + in.Selector.String() + " mark 0xb000001: it exists and is not obol's"},
		{r1.SetRoute(route), "set route 10.51.0.0/16 via 192.0.2.2 metric 1: one with this destination and metric exists and is not obol's"},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", c.err, c.want)
		}
	}
	r1.Must(r1.RemovePolicy(in))
	r1.Must(r1.RemoveRoute(route))
	r1.Must(r1.Sweep())
	if after := r1.everything(); after != before {
		t.Errorf("after:\n%s\nbefore:\n%s", after, before)
	}
}
