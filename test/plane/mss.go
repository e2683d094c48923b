package plane

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// What either end of a TCP connection offers is lowered where one end's link says so,
// until it does no more.
func adjustMSS(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		Both(r1, r2, func(r *Router) { r.Raise(tun); r.KeyUp(tun, nil) })
		largest := func() (at1, at2 int) {
			t.Helper()
			a, b := connection(r1, r2)
			defer a.Close()
			defer b.Close()
			return segment(r1, a), segment(r2, b)
		}
		if a, b := largest(); a <= 1000 || b <= 1000 {
			t.Errorf("segments of %d and %d octets without adjust-mss", a, b)
		}
		l := r1.Link(tun)
		l.MSS = ipsec.MSS{IPv4: 1000}
		r1.Must(r1.SetLink(l))
		if how, err := r1.LinkDiffers(l); how != "" || err != nil {
			t.Errorf("differs: %q, %v", how, err)
		}
		if a, b := largest(); a > 1000 || b > 1000 {
			t.Errorf("segments of %d and %d octets, want at most 1000\n%s", a, b, r1.Facts())
		}
		r1.Must(r1.SetLink(r1.Link(tun)))
		if a, b := largest(); a <= 1000 || b <= 1000 {
			t.Errorf("segments of %d and %d octets after it", a, b)
		}
		r1.Must(r1.RemoveLink(l.Name))
	})
}

// connection is one of TCP from r1 to r2, through their tunnel.
func connection(r1, r2 *Router) (a, b *net.TCPConn) {
	r1.T.Helper()
	at := func(r *Router) *net.TCPAddr { return net.TCPAddrFromAddrPort(netip.AddrPortFrom(r.Inner.Addr(), 0)) }
	var listener *net.TCPListener
	r2.Must(r2.Do(func() (err error) { listener, err = net.ListenTCP("tcp", at(r2)); return err }))
	defer listener.Close()
	r2.Must(listener.SetDeadline(time.Now().Add(patience)))
	r1.Must(r1.Do(func() (err error) {
		a, err = net.DialTCP("tcp", at(r1), listener.Addr().(*net.TCPAddr))
		return err
	}))
	b, err := listener.AcceptTCP()
	r2.Must(err)
	return a, b
}

// segment is the largest that an end of a connection sends.
func segment(r *Router, c *net.TCPConn) (n int) {
	r.T.Helper()
	raw, err := c.SyscallConn()
	r.Must(err)
	var failed error
	r.Must(raw.Control(func(fd uintptr) { n, failed = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG) }))
	r.Must(failed)
	return n
}
