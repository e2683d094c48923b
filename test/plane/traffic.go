package plane

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/netlab"
)

// kinds are a VTI, an XFRM interface in its place, and GRE.
func kinds(t *testing.T, test func(*testing.T, Tunnel)) {
	for _, tun := range []Tunnel{VTI(), XFRM(), GRE()} {
		t.Run(tun.Kind.String(), func(t *testing.T) { test(t, tun) })
	}
}

// Every row of the suite table works in both directions, over a VTI and GRE, and the
// counters tell.
func suites(t *testing.T, p Plane) {
	for _, base := range []Tunnel{VTI(), GRE()} {
		t.Run(base.Kind.String(), func(t *testing.T) { everySuite(t, p, base) })
	}
}

func everySuite(t *testing.T, p Plane, base Tunnel) {
	r1, r2 := p.Routers(t)
	Both(r1, r2, func(r *Router) { r.Raise(base) })
	for _, c := range append(suite.Ciphers(), suite.AEADs()...) {
		bits := c.Bits
		if bits == nil {
			bits = []int{0}
		}
		integrities := suite.Integrities()
		if c.Combined() {
			integrities = []*suite.Integrity{nil}
		}
		for _, b := range bits {
			for _, a := range integrities {
				tun := base
				tun.Cipher, tun.Bits, tun.Integ = c, b, a
				name := fmt.Sprintf("%s-%d", c.QM, b)
				if a != nil {
					name += " " + a.Transform
				}
				t.Run(name, func(t *testing.T) { carry(t, r1, r2, tun) })
			}
		}
	}
}

// carry installs SAs, sends three datagrams each way, reads the counters and
// removes the SAs.
func carry(t *testing.T, r1, r2 *Router, tun Tunnel) {
	Both(r1, r2, func(r *Router) { r.KeyUp(tun, nil) })
	const n = 3
	Exchange(t, r1, r2, n)
	Both(r1, r2, func(r *Router) {
		for _, d := range []ipsec.Direction{ipsec.Out, ipsec.In} {
			id := r.SA(tun, d).SAID
			c, err := r.QuerySA(id)
			r.Must(err)
			if c.Packets != n || c.Octets == 0 || c.IntegrityErrors != 0 || c.ReplayErrors != 0 {
				t.Errorf("%s, %s: %+v, want %d packets", r.Host.Name, d, c, n)
			}
			// Linux tells of the last use since 6.2 only.
			recent := func(at time.Time) bool { return time.Since(at).Abs() < time.Minute }
			if !recent(c.Added) || !c.LastUsed.IsZero() && !recent(c.LastUsed) {
				t.Errorf("%s, %s: added %v, last used %v", r.Host.Name, d, c.Added, c.LastUsed)
			}
			r.Must(r.RemoveSA(id))
			r.Must(r.RemoveSA(id)) // again: no error
			if _, err := r.QuerySA(id); err == nil {
				t.Errorf("%s, %s: stands after its removal", r.Host.Name, d)
			}
		}
	})
}

// A do-not-fragment ping of exactly the MTU passes, one octet more is refused.
// Both on the router itself and for a host behind it.
func linkMTU(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
		ping := func(size int) (string, error) {
			return r1.Try("ping", "-c", "1", "-W", "30", "-M", "do", "-s", strconv.Itoa(size-28), r2.Inner.Addr().String())
		}
		sent := []*netlab.Capture{r1.Sent("e0"), r2.Sent("e0")}
		for range 2 {
			if out, err := ping(tun.MTU); err != nil {
				t.Errorf("%d octets: %s\n%s", tun.MTU, out, r1.Facts())
			}
		}
		if out, err := ping(tun.MTU + 1); err == nil || !strings.Contains(out, "message too long, mtu="+strconv.Itoa(tun.MTU)) {
			t.Errorf("%d octets: %v %s", tun.MTU+1, err, out)
		}
		for _, c := range sent {
			full := 0
			for _, p := range c.Packets() {
				if len(p.Data) > 1500 || p.Data[6]&0x3f != 0 || p.Data[7] != 0 {
					t.Errorf("an outer packet of %d octets, fragment field %x", len(p.Data), p.Data[6:8])
				}
				if p.Protocol() == uint8(ipsec.ESP) && len(p.Data) == 1500 {
					full++
				}
			}
			if full != 2 {
				t.Errorf("%d full packets seen, want 2\n%s", full, c)
			}
		}
	})
}

// Traffic of hosts behind the routers is forwarded through the tunnel, with
// rp_filter strict everywhere and no other sysctl but ip_forward.
//
//	lan1 10.1.1.2 -- 10.1.1.1 r1 ======= r2 10.2.2.1 -- 10.2.2.2 lan2
func forwarding(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		lan := func(r *Router, n int) *netlab.Host {
			h := netlab.New(t, fmt.Sprintf("obol-plane-lan%d", n))
			netlab.Join(r.Host, "lan", h, "e0")
			r.Addr("lan", fmt.Sprintf("10.%d.%d.1/24", n, n))
			h.Addr("e0", fmt.Sprintf("10.%d.%d.2/24", n, n))
			h.Run("ip", "route", "add", "default", "via", fmt.Sprintf("10.%d.%d.1", n, n))
			return h
		}
		lan1, lan2 := lan(r1, 1), lan(r2, 2)
		Both(r1, r2, func(r *Router) {
			r.Sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done; echo 1 > /proc/sys/net/ipv4/ip_forward")
			r.Raise(tun)
			r.KeyUp(tun, nil)
		})
		r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.2.2.0/24"), Via: r2.Inner.Addr(), Metric: 1}))
		r2.Must(r2.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.1.1.0/24"), Dev: tun.Name, Metric: 1}))
		sent1, sent2 := r1.Sent("e0"), r2.Sent("e0")
		if out, err := lan1.Try("ping", "-c", "5", "-i", "0.2", "-w", "30", "10.2.2.2"); err != nil {
			t.Fatalf("%s\n%s\n%s", out, r1.Facts(), r2.Facts())
		}
		lan2.Run("ping", "-c", "2", "-i", "0.2", "-w", "30", "10.1.1.2")
		// path MTU discovery of a host behind the router
		lan1.Run("ping", "-c", "1", "-w", "30", "-M", "do", "-s", strconv.Itoa(tun.MTU-28), "10.2.2.2")
		if out, err := lan1.Try("ping", "-c", "1", "-W", "2", "-M", "do", "-s", strconv.Itoa(tun.MTU-27), "10.2.2.2"); err == nil || !strings.Contains(out, "mtu = "+strconv.Itoa(tun.MTU)) {
			t.Errorf("one octet above the MTU: %v %s", err, out)
		}
		OnlyESP(t, sent1, 8)
		OnlyESP(t, sent2, 8)
	})
}

// GRE in transport mode, where IOS's transform set says so, saves the 20
// octets of the inner GRE packet's header.
func transportMode(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	tun := GRE()
	tun.Mode, tun.MTU = ipsec.Transport, 1434
	Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
	sent := r1.Sent("e0")
	Exchange(t, r1, r2, 3)
	r1.Run("ping", "-c", "1", "-w", "30", "-M", "do", "-s", strconv.Itoa(tun.MTU-28), "10.0.0.2")
	OnlyESP(t, sent, 4)
	for _, p := range sent.Packets() {
		if len(p.Data) > 1500 || p.Data[6]&0x3f != 0 {
			t.Errorf("fragmented or too large:\n%s", sent)
		}
	}
}

// Tunnels between IPv6 addresses, and IPv6 in a GRE tunnel between those of IPv4.
func overIPv6(t *testing.T, p Plane) {
	for _, kind := range []ipsec.LinkKind{ipsec.VTI6, ipsec.GREIPv6} {
		t.Run(kind.String(), func(t *testing.T) {
			r1, r2 := p.Routers(t)
			OverIPv6(r1, r2)
			tun := VTI()
			tun.Kind, tun.MTU = kind, 1400
			if kind == ipsec.GREIPv6 {
				tun.Marks = [2]uint32{}
			}
			Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
			Exchange(t, r1, r2, 3)
		})
	}
	t.Run("inside gre", func(t *testing.T) {
		r1, r2 := p.Routers(t)
		r1.Inner, r2.Inner = netip.MustParsePrefix("fd00::1/64"), netip.MustParsePrefix("fd00::2/64")
		tun := GRE()
		Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
		Exchange(t, r1, r2, 3)
	})
}

// GRE with a key, of which 0 is one too, carries; with another key than the peer's
// it does not.
func greKey(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	tun := GRE()
	tun.Key, tun.MTU = 0x0a000001, 1410
	Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
	Exchange(t, r1, r2, 3)
	for _, key := range []uint32{0, 7} {
		other := r2.Link(tun)
		other.Key = key
		r2.Must(r2.SetLink(other))
		if out, ok := r1.answered(r2); ok {
			t.Errorf("key %d takes packets of key %d:\n%s", key, tun.Key, out)
		}
	}
	none := r1.Link(tun)
	none.Key = 0
	r1.Must(r1.SetLink(none))
	none = r2.Link(tun)
	none.Key = 0
	r2.Must(r2.SetLink(none))
	Exchange(t, r1, r2, 3)
}

// Two VTIs of one pair of routers, with addresses of their own, carry their own
// traffic with their own SAs.
func twoTunnels(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	r1.Addr("e0", "198.51.100.1/24")
	r2.Addr("e0", "198.51.100.2/24")
	second := func(r *Router, local, remote, inner string) *Router {
		s := *r
		s.Local, s.Remote, s.Inner = netip.MustParseAddr(local), netip.MustParseAddr(remote), netip.MustParsePrefix(inner)
		return &s
	}
	s1 := second(r1, "198.51.100.1", "198.51.100.2", "10.0.2.1/30")
	s2 := second(r2, "198.51.100.2", "198.51.100.1", "10.0.2.2/30")
	one, two := VTI(), VTI()
	two.Name, two.Marks, two.SPIs, two.ReqID = "Tunnel2", [2]uint32{0x0c000001, 0x0c000002}, [2]uint32{0x2001, 0x2002}, one.ReqID+1
	Both(r1, r2, func(r *Router) { r.Raise(one); r.KeyUp(one, nil) })
	Both(s1, s2, func(r *Router) { r.Raise(two); r.KeyUp(two, nil) })
	Exchange(t, r1, r2, 3)
	Exchange(t, s1, s2, 5)
	for _, c := range []struct {
		r    *Router
		tun  Tunnel
		want uint64
	}{{r1, one, 3}, {s1, two, 5}} {
		for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
			id := c.r.SA(c.tun, d).SAID
			if got, err := r1.QuerySA(id); err != nil || got.Packets != c.want {
				t.Errorf("SPI %#x carried %d packets, %v, want %d", id.SPI, got.Packets, err, c.want)
			}
		}
	}
}

// Where a route to the peer leads into its own tunnel, a packet does not go round for
// ever, a little larger each time.
func intoItself(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
		Exchange(t, r1, r2, 1)
		r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.PrefixFrom(r1.Remote, r1.Remote.BitLen()), Dev: tun.Name, Metric: 1}))
		if out, ok := r1.answered(r2); ok {
			t.Errorf("a ping is answered:\n%s", out)
		}
		before, err := r1.QuerySA(r1.SA(tun, ipsec.Out).SAID)
		r1.Must(err)
		time.Sleep(200 * time.Millisecond)
		after, err := r1.QuerySA(r1.SA(tun, ipsec.Out).SAID)
		if err != nil || after.Packets != before.Packets || after.Packets > 10 {
			t.Errorf("the SA has carried %d packets and then %d, %v", before.Packets, after.Packets, err)
		}
	})
}

// OnlyESP fails for IPv4 packets that are not ESP, and wants some ESP.
func OnlyESP(t *testing.T, c *netlab.Capture, atLeast int) {
	t.Helper()
	n := 0
	for _, p := range c.Packets() {
		if p.Protocol() == uint8(ipsec.ESP) {
			n++
			continue
		}
		t.Errorf("in clear: protocol %d, %v -> %v", p.Protocol(), net.IP(p.Data[12:16]), net.IP(p.Data[16:20]))
	}
	if n < atLeast {
		t.Errorf("%d ESP packets, want %d", n, atLeast)
	}
}
