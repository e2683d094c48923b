package plane

import (
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// A packet that comes twice, one that was altered and one for no SA reach nobody;
// the SA counts the first two. Without a window what comes twice is taken twice.
func replay(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	tun := VTI()
	Both(r1, r2, func(r *Router) { r.Raise(tun) })
	in := r2.SA(tun, ipsec.In)
	for _, window := range []int{0, 64, 512} {
		Both(r1, r2, func(r *Router) { r.KeyUp(tun, func(sa *ipsec.SA) { sa.Replay = window }) })
		sent := r1.Sent("e0")
		Exchange(t, r1, r2, 5)
		packets := esp(sent)
		if len(packets) != 5 {
			t.Fatalf("%d ESP packets, want 5\n%s", len(packets), sent)
		}
		sink := r2.UDP(r2.Port(7000))
		for _, b := range packets[:3] {
			r1.inject(b, r2)
		}
		foreign := append([]byte(nil), packets[3]...)
		binary.BigEndian.PutUint32(foreign[20:], in.SPI+0x77)
		r1.inject(foreign, r2)
		forged := append([]byte(nil), packets[4]...)
		binary.BigEndian.PutUint32(forged[24:], 20) // a sequence number not seen yet
		r1.inject(forged, r2)

		want := ipsec.Counters{Packets: 5, ReplayErrors: 3, IntegrityErrors: 1}
		taken := 0
		if window == 0 {
			want.Packets, want.ReplayErrors, taken = 8, 0, 3
		}
		for got := 0; ; got++ {
			wait := settle
			if got < taken {
				wait = patience
			}
			sink.SetReadDeadline(time.Now().Add(wait))
			if _, _, err := sink.ReadFrom(make([]byte, 100)); err != nil {
				if got != taken {
					t.Errorf("window %d: %d packets are taken a second time, want %d", window, got, taken)
				}
				break
			}
		}
		sink.Close()
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			c, err := r2.QuerySA(in.SAID)
			r2.Must(err)
			if c.Packets == want.Packets && c.ReplayErrors == want.ReplayErrors && c.IntegrityErrors == want.IntegrityErrors {
				break
			}
			if time.Now().After(end) {
				t.Errorf("window %d: counts %+v, want %+v", window, c, want)
				break
			}
		}
		Both(r1, r2, func(r *Router) {
			r.Must(r.RemoveSA(r.SA(tun, ipsec.In).SAID))
			r.Must(r.RemoveSA(r.SA(tun, ipsec.Out).SAID))
		})
	}
}

// esp are the ESP packets of a capture, from the IP header on.
func esp(c *netlab.Capture) (list [][]byte) {
	for _, p := range c.Packets() {
		if p.Protocol() == uint8(ipsec.ESP) {
			list = append(list, p.Data)
		}
	}
	return list
}

// inject sends an IPv4 packet to the other router as it is.
func (r *Router) inject(packet []byte, to *Router) {
	r.T.Helper()
	r.Must(r.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: to.Local.As4()})
	}))
}
