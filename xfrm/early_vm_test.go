//go:build vm

package xfrm

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// noStates waits until the kernel has dropped so many packets for want of an SA.
func (r *router) noStates(n int) {
	r.T.Helper()
	want := fmt.Sprint("XfrmInNoStates ", n)
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got := strings.Join(strings.Fields(r.Sh("grep XfrmInNoStates /proc/net/xfrm_stat")), " ")
		if got == want {
			return
		}
		if time.Now().After(end) {
			r.T.Fatalf("%s, want %s\n%s", got, want, r.Facts())
		}
	}
}

// No more than a number of SAs are helped, and a queue has an end.
func TestEarlyLimits(t *testing.T) {
	r1, r2 := routers(t)
	tun := plane.VTI()
	r2.Raise(tun)
	in := r2.SA(tun, ipsec.In)
	r2.Must(r2.Do(func() error {
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
	r1.Must(r1.Do(func() (err error) {
		c, err = net.ListenPacket("ip4:50", r1.Local.String())
		return err
	}))
	defer c.Close()
	packet := append([]byte{0, 0, spi12 >> 8, spi12 & 0xff}, make([]byte, 1000)...)
	const n = 2000
	for i := range uint32(n) {
		binary.BigEndian.PutUint32(packet[4:], i+1) // sequence number
		if _, err := c.WriteTo(packet, &net.IPAddr{IP: r2.Local.AsSlice()}); err != nil {
			t.Fatal(err)
		}
	}
	r2.noStates(n)
	r2.Must(r2.Do(func() error { return r2.InstallSA(in) }))
	back := func() uint64 {
		count, err := r2.QuerySA(in.SAID)
		r2.Must(err)
		return count.IntegrityErrors + count.ReplayErrors
	}
	for end := time.Now().Add(time.Minute); back() < 32 && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	if got := back(); got < 32 || got > earlyMost {
		t.Errorf("%d packets were given back of %d, want 32 to %d", got, n, earlyMost)
	}
}
