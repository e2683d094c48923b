//go:build vm

package xfrm

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/test/plane"
)

// These tests run in the virtual machine:
//
//	go test -tags vm -exec "go run ./test/vm/run" ./xfrm/

var (
	addr1 = netip.MustParseAddr("192.0.2.1")
	addr2 = netip.MustParseAddr("192.0.2.2")
)

// spi12 is that of what r1 sends to r2.
const spi12 = 0x1001

var kernel = plane.Plane{
	Open:    func(*netlab.Host) (ipsec.Dataplane, error) { return New() },
	TakeESP: takeESP,
	Bare:    true,
}

// The kernel's data plane does what every data plane does.
func TestDataplane(t *testing.T) { plane.Test(t, kernel) }

// takeESP opens a socket that hands ESP in UDP to the kernel.
func takeESP(r *plane.Router, at netip.AddrPort) {
	r.T.Helper()
	raw, err := r.UDP(at.String()).SyscallConn()
	r.Must(err)
	var set error
	r.Must(raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_ENCAP, unix.UDP_ENCAP_ESPINUDP)
	}))
	r.Must(set)
}

// router is one of the two with what only the kernel's data plane has.
type router struct {
	*plane.Router
	*Dataplane
}

func routers(t *testing.T) (r1, r2 *router) {
	t.Helper()
	p1, p2 := kernel.Routers(t)
	return &router{p1, p1.Dataplane.(*Dataplane)}, &router{p2, p2.Dataplane.(*Dataplane)}
}

// open makes another data plane in the router's namespace; it is closed with the
// test.
func (r *router) open(make func() (*Dataplane, error)) *Dataplane {
	r.T.Helper()
	return r.Open(func(*netlab.Host) (ipsec.Dataplane, error) { return make() }).(*Dataplane)
}

func both(r1, r2 *router, f func(*router)) {
	f(r1)
	f(r2)
}

// withSPI is an SA of the tunnel with another SPI.
func (r *router) withSPI(tun plane.Tunnel, d ipsec.Direction, spi uint32) ipsec.SA {
	tun.SPIs = [2]uint32{spi, spi}
	return r.SA(tun, d)
}
