package plane

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/netlab"
)

// A Router is one of the two.
type Router struct {
	*netlab.Host
	ipsec.Dataplane
	Local, Remote netip.Addr
	Inner         netip.Prefix // of Tunnel1
	T             *testing.T
	first         bool
}

// Routers makes the two; what fails in their data planes fails the test.
func (p Plane) Routers(t *testing.T) (r1, r2 *Router) {
	t.Helper()
	a1, a2 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	r1 = &Router{Host: netlab.New(t, "obol-plane-1"), Local: a1, Remote: a2, Inner: netip.MustParsePrefix("10.0.0.1/30"), T: t, first: true}
	r2 = &Router{Host: netlab.New(t, "obol-plane-2"), Local: a2, Remote: a1, Inner: netip.MustParsePrefix("10.0.0.2/30"), T: t}
	netlab.Join(r1.Host, "e0", r2.Host, "e0")
	for _, r := range []*Router{r1, r2} {
		r.Addr("e0", netip.PrefixFrom(r.Local, 24).String())
		r.Dataplane = r.Open(p.Open)
	}
	return r1, r2
}

// Open makes a data plane in the router's namespace; it is closed with the test.
func (r *Router) Open(open func(*netlab.Host) (ipsec.Dataplane, error)) (d ipsec.Dataplane) {
	r.T.Helper()
	r.Must(r.Do(func() (err error) {
		d, err = open(r.Host)
		return err
	}))
	r.T.Cleanup(func() { d.Close() })
	return d
}

// Must ends the test on an error.
func (r *Router) Must(err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatalf("%s: %v", r.Host.Name, err)
	}
}

// Both does something on either router.
func Both(r1, r2 *Router, f func(*Router)) {
	f(r1)
	f(r2)
}

// OverIPv6 moves both to addresses of IPv6, outside and inside.
func OverIPv6(r1, r2 *Router) {
	r1.Local, r1.Remote, r1.Inner = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParsePrefix("fd00::1/64")
	r2.Local, r2.Remote, r2.Inner = r1.Remote, r1.Local, netip.MustParsePrefix("fd00::2/64")
	Both(r1, r2, func(r *Router) { r.Addr("e0", netip.PrefixFrom(r.Local, 64).String()) })
}

// A Tunnel is what the two ends agree on.
type Tunnel struct {
	Name   string
	Kind   ipsec.LinkKind
	Mode   ipsec.Mode
	MTU    int
	Marks  [2]uint32 // of r1's VTI and of r2's, or if_ids; the ends need not agree
	Key    uint32    // of GRE, 0: none
	ReqID  ipsec.ReqID
	Cipher *suite.Cipher
	Bits   int
	Integ  *suite.Integrity // nil with a combined cipher
	Encap  *ipsec.Encap     // as r1 sees it
	SPIs   [2]uint32        // from r1 to r2 and back
}

// VTI is a static virtual tunnel interface with IOS's most usual transform set.
func VTI() Tunnel {
	return Tunnel{Name: "Tunnel1", Kind: ipsec.VTI, Mode: ipsec.Tunnel, MTU: 1438, Marks: [2]uint32{0x0b000001, 0x0b000002}, ReqID: ipsec.ReqIDBase | 1,
		Cipher: suite.AES, Bits: 128, Integ: suite.HMACSHA256, SPIs: [2]uint32{0x1001, 0x1002}}
}

// GRE is the note's tunnel.
func GRE() Tunnel {
	t := VTI()
	t.Kind, t.MTU, t.Marks = ipsec.GREIP, 1414, [2]uint32{}
	return t
}

// XFRM is the same on an interface without ends, whose if_ids stand in for the marks.
func XFRM() Tunnel {
	t := VTI()
	t.Kind = ipsec.XFRM
	return t
}

// Link is the router's interface of the tunnel.
func (r *Router) Link(t Tunnel) ipsec.Link {
	l := ipsec.Link{Name: t.Name, Kind: t.Kind, Local: r.Local, Remote: r.Remote, Key: r.key(t),
		Addresses: []netip.Prefix{r.Inner}, MTU: t.MTU, Up: true}
	if t.Key != 0 {
		l.HasKey, l.Key = true, t.Key
	}
	return l
}

// mark and ifID are what SAs and policies know the interface by.
func (r *Router) mark(t Tunnel) uint32 {
	if t.Kind == ipsec.XFRM {
		return 0
	}
	return r.key(t)
}

func (r *Router) ifID(t Tunnel) uint32 {
	if t.Kind != ipsec.XFRM {
		return 0
	}
	return r.key(t)
}

func (r *Router) key(t Tunnel) uint32 {
	if r.first {
		return t.Marks[0]
	}
	return t.Marks[1]
}

func (r *Router) selector(t Tunnel) ipsec.Selector {
	switch t.Kind {
	case ipsec.VTI, ipsec.XFRM:
		any4 := netip.MustParsePrefix("0.0.0.0/0")
		return ipsec.Selector{Local: any4, Remote: any4}
	case ipsec.VTI6:
		any6 := netip.MustParsePrefix("::/0")
		return ipsec.Selector{Local: any6, Remote: any6}
	}
	bits := r.Local.BitLen()
	return ipsec.Selector{Local: netip.PrefixFrom(r.Local, bits), Remote: netip.PrefixFrom(r.Remote, bits), Protocol: ipsec.GRE}
}

// Policies are those of a tunnel, in the order in which they are set.
func (r *Router) Policies(t Tunnel) (list []ipsec.Policy) {
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out, ipsec.Forward} {
		list = append(list, ipsec.Policy{Direction: d, Selector: r.selector(t), Mark: r.mark(t), IfID: r.ifID(t), ReqID: t.ReqID,
			Mode: t.Mode, Protocol: ipsec.ESP, Local: r.Local, Remote: r.Remote})
	}
	if t.Mode == ipsec.Transport {
		list = list[:2] // nothing is forwarded to another host's transport mode
	}
	return list
}

// SA is one direction of a child SA; the keys follow from the SPI.
func (r *Router) SA(t Tunnel, d ipsec.Direction) ipsec.SA {
	src, dst, spi := r.Local, r.Remote, t.SPIs[0]
	if d == ipsec.In {
		src, dst = dst, src
	}
	if (d == ipsec.Out) != r.first {
		spi = t.SPIs[1]
	}
	sa := ipsec.SA{
		SAID:      ipsec.SAID{Src: src, Dst: dst, SPI: spi, Protocol: ipsec.ESP, Mark: r.mark(t)},
		Direction: d, Mode: t.Mode, Selector: r.selector(t), ReqID: t.ReqID, IfID: r.ifID(t), Replay: 64,
		Encr: t.Cipher, EncrKey: Key(t.Cipher.KeyLen(t.Bits)+t.Cipher.SaltLen, spi),
	}
	if t.Integ != nil {
		sa.Integ, sa.IntegKey = t.Integ, Key(t.Integ.KeyLen, spi+1)
	}
	if t.Encap != nil {
		e := *t.Encap
		if !r.first {
			e.LocalPort, e.RemotePort = e.RemotePort, e.LocalPort
		}
		sa.Encap = &e
	}
	return sa
}

// Key makes an arbitrary key; the three of 3DES differ, as they must.
func Key(n int, seed uint32) suite.Key {
	k := make(suite.Key, n)
	for i := range k {
		k[i] = byte(i*7) ^ byte(seed) ^ byte(seed>>8)
	}
	return k
}

// Raise sets up the tunnel without SAs, policies before the link.
func (r *Router) Raise(t Tunnel) {
	r.T.Helper()
	for _, p := range r.Policies(t) {
		r.Must(r.SetPolicy(p))
	}
	r.Must(r.SetLink(r.Link(t)))
	if r.Inner.Addr().Is6() {
		r.awaitLocal(r.Inner.Addr())
	}
}

// awaitLocal waits until the kernel takes packets to an address of IPv6: a queue of its
// own makes the route, after the address can be bound.
func (r *Router) awaitLocal(a netip.Addr) {
	r.T.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if r.Run("ip", "-6", "route", "show", "table", "local", a.String()) != "" {
			return
		}
		if time.Now().After(end) {
			r.T.Fatalf("%s: no route to its own %s", r.Host.Name, a)
		}
	}
}

// KeyUp installs a pair of SAs; change, when given, alters each first.
func (r *Router) KeyUp(t Tunnel, change func(*ipsec.SA)) {
	r.T.Helper()
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		sa := r.SA(t, d)
		if change != nil {
			change(&sa)
		}
		r.Must(r.InstallSA(sa))
	}
}

// Port is one of the router's address in the tunnel.
func (r *Router) Port(n uint16) string { return netip.AddrPortFrom(r.Inner.Addr(), n).String() }

// patience is for what has to come, on a loaded machine too.
const patience = 30 * time.Second

// settle is enough for a few packets to be where they go, or lost, on an idle machine.
const settle = 500 * time.Millisecond

// Exchange sends n datagrams from r1 to r2 and back through the tunnel.
func Exchange(t *testing.T, r1, r2 *Router, n int) {
	t.Helper()
	c1, c2 := r1.UDP(r1.Port(7000)), r2.UDP(r2.Port(7000))
	defer c1.Close()
	defer c2.Close()
	buf := make([]byte, 2000)
	for i := range n {
		msg := fmt.Sprintf("datagram %d", i)
		if _, err := c1.WriteTo([]byte(msg), c2.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		c2.SetReadDeadline(time.Now().Add(patience))
		m, from, err := c2.ReadFrom(buf)
		if err != nil || string(buf[:m]) != msg {
			t.Fatalf("r2 got %q, %v\n%s\n%s", buf[:m], err, r1.Facts(), r2.Facts())
		}
		if _, err := c2.WriteTo(buf[:m], from); err != nil {
			t.Fatal(err)
		}
		c1.SetReadDeadline(time.Now().Add(patience))
		if _, _, err = c1.ReadFrom(buf); err != nil {
			t.Fatalf("back at r1: %v\n%s\n%s", err, r1.Facts(), r2.Facts())
		}
	}
}

// answered says whether pings to the peer's end of the tunnel are answered, and what
// ping says.
func (r *Router) answered(peer *Router, args ...string) (string, bool) {
	out, err := r.Try(append([]string{"ping", "-c", "2", "-i", "0.2", "-W", "1", peer.Inner.Addr().String()}, args...)...)
	return out, err == nil
}

// Facts are what one wants to see when packets do not arrive.
func (r *Router) Facts() string {
	out, _ := r.Try("sh", "-c", "cat /proc/net/xfrm_stat | grep -vw 0; ip -s xfrm state | grep -v -e enc -e auth; ip xfrm policy; ip -s -d link; ip route")
	return r.Host.Name + "\n" + out
}
