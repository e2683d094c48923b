//go:build vm

package xfrm

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// What the peer sends before our inbound SA stands comes out of the tunnel once it
// does, once each, with rp_filter strict. Without an expectation, and after
// its end, it is lost.
func TestEarly(t *testing.T) {
	vti6 := vtiTunnel()
	vti6.kind = ipsec.VTI6
	encap := &ipsec.Encap{LocalPort: 4500, RemotePort: 4500}
	for _, test := range []struct {
		name  string
		tun   tunnel
		encap *ipsec.Encap
	}{
		{"vti", vtiTunnel(), nil}, {"gre", greTunnel(), nil}, {"vti in UDP", vtiTunnel(), encap},
		{"vti6", vti6, nil}, {"vti6 in UDP", vti6, encap},
	} {
		t.Run(test.name, func(t *testing.T) {
			r1, r2 := routers(t)
			if test.tun.kind == ipsec.VTI6 {
				overIPv6(r1, r2)
			}
			both(r1, r2, func(r *router) {
				r.Sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done")
				r.raise(test.tun)
			})
			if test.encap != nil {
				r2.takeESP(netip.AddrPortFrom(r2.local, test.encap.LocalPort).String())
			}
			out, in := r1.sa(test.tun, ipsec.Out, spi12), r2.sa(test.tun, ipsec.In, spi12)
			out.Encap, in.Encap = test.encap, test.encap
			r1.must(r1.InstallSA(out))
			c1, c2 := r1.UDP(r1.port(7000)), r2.UDP(r2.port(7000))
			serial, lost := 0, 0
			send := func(n int) {
				t.Helper()
				for range n {
					serial++
					if _, err := c1.WriteTo(fmt.Append(nil, serial), c2.LocalAddr()); err != nil {
						t.Fatal(err)
					}
				}
				lost += n
				r2.noStates(lost)
			}
			// receive wants the last n that were sent. Each processor has a queue of its
			// own on the way, so that they may overtake each other.
			receive := func(n int) {
				t.Helper()
				b, got := make([]byte, 100), map[string]bool{}
				for range n {
					c2.SetReadDeadline(time.Now().Add(3 * time.Second))
					m, _, err := c2.ReadFrom(b)
					if err != nil {
						t.Fatalf("got %v, %v\n%s", got, err, r2.facts())
					}
					got[string(b[:m])] = true
				}
				for i := range n {
					if !got[fmt.Sprint(serial-i)] {
						t.Errorf("got %v, which has no %d\n%s", got, serial-i, r2.facts())
					}
				}
				count, err := r2.QuerySA(in.SAID)
				if err != nil || count.Packets != uint64(n) || count.ReplayErrors+count.IntegrityErrors != 0 {
					t.Errorf("the SA counts %+v, %v, want %d packets", count, err, n)
				}
			}
			install := func() {
				t.Helper()
				r2.must(r2.Do(func() error { return r2.InstallSA(in) }))
				if n := len(r2.expected); n != 0 {
					t.Errorf("%d SAs are expected", n)
				}
				if raw := r2.Sh("cat /proc/net/raw /proc/net/raw6 | grep -v local_address || true"); raw != "" {
					t.Errorf("raw sockets are left:\n%s", raw)
				}
			}
			expect := func(id ipsec.SAID) {
				t.Helper()
				r2.must(r2.Do(func() error { return r2.ExpectSA(id, in.Encap) }))
			}

			expect(in.SAID)
			send(5)
			install()
			receive(5)

			r2.must(r2.RemoveSA(in.SAID))
			send(1) // nobody expects it
			other := in.SAID
			other.SPI++
			expect(in.SAID)
			expect(other)
			send(1)
			r2.must(r2.RemoveSA(in.SAID)) // no more
			r2.must(r2.RemoveSA(other))
			install()
			lost -= 1
			send(1)
			receive(1)
		})
	}
}

// overIPv6 moves both to addresses of IPv6, outside and inside.
func overIPv6(r1, r2 *router) {
	r1.local, r1.remote, r1.inner = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParsePrefix("fd00::1/64")
	r2.local, r2.remote, r2.inner = r1.remote, r1.local, netip.MustParsePrefix("fd00::2/64")
	both(r1, r2, func(r *router) { r.Addr("e0", netip.PrefixFrom(r.local, 64).String()) })
}

// takeESP opens a socket that hands ESP in UDP to the kernel.
func (r *router) takeESP(addr string) {
	r.t.Helper()
	raw, err := r.UDP(addr).SyscallConn()
	r.must(err)
	var set error
	r.must(raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_ENCAP, unix.UDP_ENCAP_ESPINUDP)
	}))
	r.must(set)
}

// noStates waits until the kernel has dropped so many packets for want of an SA.
func (r *router) noStates(n int) {
	r.t.Helper()
	want := fmt.Sprint("XfrmInNoStates ", n)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := strings.Join(strings.Fields(r.Sh("grep XfrmInNoStates /proc/net/xfrm_stat")), " ")
		if got == want {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("%s, want %s\n%s", got, want, r.facts())
		}
	}
}

// No more than a number of SAs are helped, and a queue has an end.
func TestEarlyLimits(t *testing.T) {
	r1, r2 := routers(t)
	tun := vtiTunnel()
	r2.raise(tun)
	in := r2.sa(tun, ipsec.In, spi12)
	r2.must(r2.Do(func() error {
		for i := range uint32(2 * maxExpected) {
			id := in.SAID
			id.SPI += i
			if err := r2.ExpectSA(id, nil); err != nil {
				return err
			}
		}
		return nil
	}))
	if n := len(r2.expected); n != maxExpected {
		t.Errorf("%d SAs are expected, want %d", n, maxExpected)
	}
	var c net.PacketConn
	r1.must(r1.Do(func() (err error) {
		c, err = net.ListenPacket("ip4:50", r1.local.String())
		return err
	}))
	defer c.Close()
	packet := append([]byte{0, 0, spi12 >> 8, spi12 & 0xff}, make([]byte, 1000)...)
	const n = 2000
	for i := range uint32(n) {
		binary.BigEndian.PutUint32(packet[4:], i+1) // sequence number
		if _, err := c.WriteTo(packet, &net.IPAddr{IP: r2.local.AsSlice()}); err != nil {
			t.Fatal(err)
		}
	}
	r2.noStates(n)
	r2.must(r2.Do(func() error { return r2.InstallSA(in) }))
	time.Sleep(100 * time.Millisecond)
	count, err := r2.QuerySA(in.SAID)
	r2.must(err)
	if got := count.IntegrityErrors + count.ReplayErrors; got < 32 || got > earlyMost {
		t.Errorf("%d packets were given back of %d, want 32 to %d", got, n, earlyMost)
	}
}
