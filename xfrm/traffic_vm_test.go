//go:build vm

package xfrm

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

// Every row of the suite table works in both directions, over both kinds of
// tunnel, and the counters tell.
func TestSuites(t *testing.T) {
	for _, kind := range []func() tunnel{vtiTunnel, greTunnel} {
		name := kind().kind.String()
		t.Run(name, func(t *testing.T) {
			r1, r2 := routers(t)
			base := kind()
			both(r1, r2, func(r *router) { r.raise(base) })
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
						tun.encr, tun.bits, tun.integ = c, b, a
						name := fmt.Sprintf("%s-%d", c.QM, b)
						if a != nil {
							name += " " + a.Transform
						}
						t.Run(name, func(t *testing.T) { carry(t, r1, r2, tun) })
					}
				}
			}
		})
	}
}

// carry installs SAs, sends three datagrams each way, reads the counters and
// removes the SAs.
func carry(t *testing.T, r1, r2 *router, tun tunnel) {
	both(r1, r2, func(r *router) { r.keyUp(tun, nil) })
	const n = 3
	exchange(t, r1, r2, n)
	both(r1, r2, func(r *router) {
		out, in := r.sa(tun, ipsec.Out, spi12).SAID, r.sa(tun, ipsec.In, spi21).SAID
		if r.local == addr2 {
			out.SPI, in.SPI = in.SPI, out.SPI
		}
		for _, id := range []ipsec.SAID{out, in} {
			c, err := r.QuerySA(id)
			r.must(err)
			if c.Packets != n || c.Octets == 0 || c.IntegrityErrors != 0 || c.ReplayErrors != 0 {
				t.Errorf("%s: %s: %+v, want %d packets", r.Host.Name, describeID(id), c, n)
			}
			// Linux tells of the last use since 6.2 only.
			recent := func(at time.Time) bool { return time.Since(at).Abs() < time.Minute }
			if !recent(c.Added) || !c.LastUsed.IsZero() && !recent(c.LastUsed) {
				t.Errorf("%s: %s: added %v, last used %v", r.Host.Name, describeID(id), c.Added, c.LastUsed)
			}
			r.must(r.RemoveSA(id))
			r.must(r.RemoveSA(id)) // again: no error
			if _, err := r.QuerySA(id); err == nil {
				t.Errorf("%s stands after its removal", describeID(id))
			}
		}
	})
}

// A do-not-fragment ping of exactly the MTU passes, one octet more is refused.
// Both on the router itself and for a host behind it.
func TestMTU(t *testing.T) {
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		t.Run(tun.kind.String(), func(t *testing.T) {
			r1, r2 := routers(t)
			both(r1, r2, func(r *router) { r.raise(tun); r.keyUp(tun, nil) })
			ping := func(size int) (string, error) {
				return r1.Try("ping", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", strconv.Itoa(size-28), r2.inner.Addr().String())
			}
			sent := []*netlab.Capture{r1.Sent("e0"), r2.Sent("e0")}
			if out, err := ping(tun.mtu); err != nil {
				t.Errorf("%d octets: %s\n%s", tun.mtu, out, r1.facts())
			}
			if out, err := ping(tun.mtu + 1); err == nil || !strings.Contains(out, "message too long, mtu="+strconv.Itoa(tun.mtu)) {
				t.Errorf("%d octets: %v %s", tun.mtu+1, err, out)
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
}

// Traffic of hosts behind the routers is forwarded through the tunnel, with
// rp_filter strict everywhere and no other sysctl but ip_forward.
//
//	lan1 10.1.1.2 -- 10.1.1.1 r1 ======= r2 10.2.2.1 -- 10.2.2.2 lan2
func TestForwarding(t *testing.T) {
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		t.Run(tun.kind.String(), func(t *testing.T) {
			r1, r2 := routers(t)
			lan := func(r *router, n int) *netlab.Host {
				h := netlab.New(t, fmt.Sprintf("lan%d", n))
				netlab.Join(r.Host, "lan", h, "e0")
				r.Addr("lan", fmt.Sprintf("10.%d.%d.1/24", n, n))
				h.Addr("e0", fmt.Sprintf("10.%d.%d.2/24", n, n))
				h.Run("ip", "route", "add", "default", "via", fmt.Sprintf("10.%d.%d.1", n, n))
				return h
			}
			lan1, lan2 := lan(r1, 1), lan(r2, 2)
			both(r1, r2, func(r *router) {
				r.Sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done; echo 1 > /proc/sys/net/ipv4/ip_forward")
				r.raise(tun)
				r.keyUp(tun, nil)
			})
			r1.must(r1.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.2.2.0/24"), Via: r2.inner.Addr(), Metric: 1}))
			r2.must(r2.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("10.1.1.0/24"), Dev: "Tunnel1", Metric: 1}))
			sent1, sent2 := r1.Sent("e0"), r2.Sent("e0")
			if out, err := lan1.Try("ping", "-c", "5", "-i", "0.2", "-W", "2", "10.2.2.2"); err != nil {
				t.Fatalf("%s\n%s\n%s", out, r1.facts(), r2.facts())
			}
			lan2.Run("ping", "-c", "2", "-i", "0.2", "-W", "2", "10.1.1.2")
			// path MTU discovery of a host behind the router
			lan1.Run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", strconv.Itoa(tun.mtu-28), "10.2.2.2")
			if out, err := lan1.Try("ping", "-c", "1", "-W", "2", "-M", "do", "-s", strconv.Itoa(tun.mtu-27), "10.2.2.2"); err == nil || !strings.Contains(out, "mtu = "+strconv.Itoa(tun.mtu)) {
				t.Errorf("one octet above the MTU: %v %s", err, out)
			}
			onlyESP(t, sent1, 8)
			onlyESP(t, sent2, 8)
		})
	}
}

// onlyESP fails for IPv4 packets that are not ESP, and wants some ESP.
func onlyESP(t *testing.T, c *netlab.Capture, atLeast int) {
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
