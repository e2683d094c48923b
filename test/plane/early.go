package plane

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// What the peer sends before our inbound SA stands comes out of the tunnel once it
// does, once each, with rp_filter strict. Without an expectation, and after
// its end, it is lost.
func early(t *testing.T, p Plane) {
	vti6 := VTI()
	vti6.Kind = ipsec.VTI6
	for _, tun := range []Tunnel{VTI(), GRE(), inUDP(VTI()), vti6, inUDP(vti6)} {
		name := tun.Kind.String()
		if tun.Encap != nil {
			name += " in UDP"
		}
		t.Run(name, func(t *testing.T) {
			r1, r2 := p.Routers(t)
			if tun.Kind == ipsec.VTI6 {
				OverIPv6(r1, r2)
			}
			Both(r1, r2, func(r *Router) {
				r.Sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done")
				r.Raise(tun)
			})
			p.listen(tun, r1, r2)
			in := r2.SA(tun, ipsec.In)
			r1.Must(r1.InstallSA(r1.SA(tun, ipsec.Out)))
			c1, c2 := r1.UDP(r1.Port(7000)), r2.UDP(r2.Port(7000))
			serial := 0
			send := func(n int) {
				t.Helper()
				for range n {
					serial++
					if _, err := c1.WriteTo(fmt.Append(nil, serial), c2.LocalAddr()); err != nil {
						t.Fatal(err)
					}
				}
			}
			// lost sends what finds no SA, and waits until it has met none.
			lost := func(n int) {
				t.Helper()
				before := r2.InvalidSPIs()
				send(n)
				for end := time.Now().Add(patience); r2.InvalidSPIs() < before+uint64(n); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d packets of no SA, want %d more than %d\n%s", r2.InvalidSPIs(), n, before, r2.Facts())
					}
				}
			}
			// receive wants the last n that were sent. Each processor has a queue of its
			// own on the way, so that they may overtake each other.
			receive := func(n int) {
				t.Helper()
				b, got := make([]byte, 100), map[string]bool{}
				for range n {
					c2.SetReadDeadline(time.Now().Add(patience))
					m, _, err := c2.ReadFrom(b)
					if err != nil {
						t.Fatalf("got %v, %v\n%s", got, err, r2.Facts())
					}
					got[string(b[:m])] = true
				}
				for i := range n {
					if !got[fmt.Sprint(serial-i)] {
						t.Errorf("got %v, which has no %d\n%s", got, serial-i, r2.Facts())
					}
				}
				count, err := r2.QuerySA(in.SAID)
				if err != nil || count.Packets != uint64(n) || count.ReplayErrors+count.IntegrityErrors != 0 {
					t.Errorf("the SA counts %+v, %v, want %d packets", count, err, n)
				}
			}
			install := func() { r2.Must(r2.Do(func() error { return r2.InstallSA(in) })) }
			expect := func(id ipsec.SAID) {
				t.Helper()
				r2.Must(r2.Do(func() error { return r2.ExpectSA(id, in.Encap) }))
			}

			expect(in.SAID)
			lost(5)
			install()
			receive(5)

			r2.Must(r2.RemoveSA(in.SAID))
			lost(1) // nobody expects it
			other := in.SAID
			other.SPI++
			expect(in.SAID)
			expect(other)
			lost(1)
			r2.Must(r2.RemoveSA(in.SAID)) // no more
			r2.Must(r2.RemoveSA(other))
			install()
			send(1)
			receive(1)
		})
	}
}

// inUDP is the tunnel with UDP encapsulation.
func inUDP(t Tunnel) Tunnel {
	t.Encap, t.MTU = &ipsec.Encap{LocalPort: 4500, RemotePort: 4500}, 1400
	return t
}

// listen has both take the ESP in UDP of a tunnel that has it.
func (p Plane) listen(t Tunnel, r1, r2 *Router) {
	if t.Encap != nil {
		Both(r1, r2, func(r *Router) { p.TakeESP(r, netip.AddrPortFrom(r.Local, 4500)) })
	}
}
