//go:build vm

package xfrm

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/netlab"
)

// These tests run in the virtual machine:
//
//	go test -tags vm -exec "go run ./test/vm/run" ./xfrm/
//
// Two routers stand beside each other, each with a data plane of its own:
//
//	r1 [e0 192.0.2.1]------veth------[e0 192.0.2.2] r2
//	   Tunnel1 10.0.0.1 ==============  Tunnel1 10.0.0.2

var (
	addr1 = netip.MustParseAddr("192.0.2.1")
	addr2 = netip.MustParseAddr("192.0.2.2")
	any4  = netip.MustParsePrefix("0.0.0.0/0")
	any6  = netip.MustParsePrefix("::/0")
)

type router struct {
	*netlab.Host
	*Dataplane
	local, remote netip.Addr
	inner         netip.Prefix
	t             *testing.T
}

// routers makes the two; what fails in their data planes fails the test.
func routers(t *testing.T) (r1, r2 *router) {
	t.Helper()
	h1, h2 := netlab.Pair(t, "192.0.2.1/24", "192.0.2.2/24")
	r1 = &router{Host: h1, local: addr1, remote: addr2, inner: netip.MustParsePrefix("10.0.0.1/30"), t: t}
	r2 = &router{Host: h2, local: addr2, remote: addr1, inner: netip.MustParsePrefix("10.0.0.2/30"), t: t}
	for _, r := range []*router{r1, r2} {
		r.Dataplane = r.open(New)
	}
	return r1, r2
}

// open makes a data plane in the router's namespace; it is closed with the
// test.
func (r *router) open(make func() (*Dataplane, error)) (d *Dataplane) {
	r.t.Helper()
	err := r.Do(func() (err error) {
		d, err = make()
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { d.Close() })
	return d
}

func (r *router) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", r.Host.Name, err)
	}
}

// A tunnel is what the two ends agree on.
type tunnel struct {
	kind  ipsec.LinkKind
	mtu   int
	mark1 uint32 // of r1's VTI
	mark2 uint32 // of r2's VTI; the ends need not agree
	reqID ipsec.ReqID
	encr  *suite.Cipher
	bits  int
	integ *suite.Integrity // nil with a combined cipher
}

func vtiTunnel() tunnel {
	return tunnel{kind: ipsec.VTI, mtu: 1438, mark1: 0x0b000001, mark2: 0x0b000002, reqID: ipsec.ReqIDBase | 1,
		encr: suite.AES, bits: 128, integ: suite.HMACSHA256}
}

func greTunnel() tunnel {
	t := vtiTunnel()
	t.kind, t.mtu, t.mark1, t.mark2 = ipsec.GREIP, 1414, 0, 0
	return t
}

func (r *router) mark(t tunnel) uint32 {
	if r.Host.Name == "a" {
		return t.mark1
	}
	return t.mark2
}

func (r *router) link(t tunnel) ipsec.Link {
	return ipsec.Link{Name: "Tunnel1", Kind: t.kind, Local: r.local, Remote: r.remote, Key: r.mark(t),
		Addresses: []netip.Prefix{r.inner}, MTU: t.mtu, Up: true}
}

func (r *router) selector(t tunnel) ipsec.Selector {
	switch t.kind {
	case ipsec.VTI:
		return ipsec.Selector{Local: any4, Remote: any4}
	case ipsec.VTI6:
		return ipsec.Selector{Local: any6, Remote: any6}
	}
	return ipsec.Selector{Local: netip.PrefixFrom(r.local, 32), Remote: netip.PrefixFrom(r.remote, 32), Protocol: ipsec.GRE}
}

func (r *router) policies(t tunnel) (list []ipsec.Policy) {
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out, ipsec.Forward} {
		list = append(list, ipsec.Policy{Direction: d, Selector: r.selector(t), Mark: r.mark(t), ReqID: t.reqID,
			Mode: ipsec.Tunnel, Protocol: ipsec.ESP, Local: r.local, Remote: r.remote})
	}
	return list
}

// sa is one direction of a child SA; the keys follow from the SPI.
func (r *router) sa(t tunnel, d ipsec.Direction, spi uint32) ipsec.SA {
	src, dst := r.local, r.remote
	if d == ipsec.In {
		src, dst = dst, src
	}
	sa := ipsec.SA{
		SAID:      ipsec.SAID{Src: src, Dst: dst, SPI: spi, Protocol: ipsec.ESP, Mark: r.mark(t)},
		Direction: d, Mode: ipsec.Tunnel, Selector: r.selector(t), ReqID: t.reqID, Replay: 64,
		Encr: t.encr, EncrKey: key(t.encr.KeyLen(t.bits)+t.encr.SaltLen, spi),
	}
	if t.integ != nil {
		sa.Integ, sa.IntegKey = t.integ, key(t.integ.KeyLen, spi+1)
	}
	return sa
}

// key makes an arbitrary key; the three of 3DES differ, as they must.
func key(n int, seed uint32) suite.Key {
	k := make(suite.Key, n)
	for i := range k {
		k[i] = byte(i*7) ^ byte(seed) ^ byte(seed>>8)
	}
	return k
}

// SPIs from r1 to r2 and back.
const spi12, spi21 = 0x1001, 0x1002

// raise sets up the tunnel without SAs, policies before the link.
func (r *router) raise(t tunnel) {
	r.t.Helper()
	for _, p := range r.policies(t) {
		r.must(r.SetPolicy(p))
	}
	r.must(r.SetLink(r.link(t)))
}

// key installs a pair of SAs; change, when given, alters each first.
func (r *router) keyUp(t tunnel, change func(*ipsec.SA)) {
	r.t.Helper()
	out, in := uint32(spi12), uint32(spi21)
	if r.local == addr2 {
		out, in = in, out
	}
	for _, sa := range []ipsec.SA{r.sa(t, ipsec.In, in), r.sa(t, ipsec.Out, out)} {
		if change != nil {
			change(&sa)
		}
		r.must(r.InstallSA(sa))
	}
}

func both(r1, r2 *router, f func(*router)) {
	f(r1)
	f(r2)
}

// port is one of the router's address in the tunnel.
func (r *router) port(n uint16) string { return netip.AddrPortFrom(r.inner.Addr(), n).String() }

// exchange sends n datagrams from r1 to r2 and back through the tunnel.
func exchange(t *testing.T, r1, r2 *router, n int) {
	t.Helper()
	c1, c2 := r1.UDP(r1.port(7000)), r2.UDP(r2.port(7000))
	defer c1.Close()
	defer c2.Close()
	buf := make([]byte, 2000)
	for i := range n {
		msg := fmt.Appendf(nil, "datagram %d", i)
		if _, err := c1.WriteTo(msg, c2.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		c2.SetReadDeadline(time.Now().Add(3 * time.Second))
		m, from, err := c2.ReadFrom(buf)
		if err != nil || !bytes.Equal(buf[:m], msg) {
			t.Fatalf("r2 got %q, %v\n%s", buf[:m], err, r2.facts())
		}
		if _, err := c2.WriteTo(msg, from); err != nil {
			t.Fatal(err)
		}
		c1.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, _, err = c1.ReadFrom(buf); err != nil {
			t.Fatalf("back at r1: %v\n%s", err, r1.facts())
		}
	}
}

// facts are what one wants to see when packets do not arrive.
func (r *router) facts() string {
	return r.Sh("grep -vw 0 /proc/net/xfrm_stat; ip -s xfrm state | grep -v -e enc -e auth; ip xfrm policy; ip -s -d link")
}
