package xfrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// The kernel runs the filter over what a pair of sockets passes on, as over what a
// raw socket gets.
func TestSPIFilter(t *testing.T) {
	const spi = 0xc0a80102
	esp := append(binary.BigEndian.AppendUint32(nil, spi), "sequence number and the rest"...)
	inUDP := append([]byte{17, 148, 17, 148, 0, 40, 0, 0}, esp...)
	ip := func(options int, b []byte) []byte {
		h := make([]byte, 20+options)
		h[0] = 4<<4 | byte(len(h)/4)
		return append(h, b...)
	}
	other := bytes.Clone(esp)
	other[3]++
	ike := append([]byte{17, 148, 17, 148, 0, 40, 0, 0, 0, 0, 0, 0}, esp...) // behind the non-ESP marker
	for _, c := range []struct {
		name   string
		v4     bool
		offset uint32
		packet []byte
		want   bool
	}{
		{"ESP", true, 0, ip(0, esp), true},
		{"ESP behind IP options", true, 0, ip(8, esp), true},
		{"another SPI", true, 0, ip(0, other), false},
		{"in UDP", true, headerUDP, ip(0, inUDP), true},
		{"IKE", true, headerUDP, ip(0, ike), false},
		{"ESP over IPv6", false, 0, esp, true},
		{"another SPI over IPv6", false, 0, other, false},
		{"in UDP over IPv6", false, headerUDP, inUDP, true},
		{"IKE over IPv6", false, headerUDP, ike, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := passes(t, spiFilter(c.v4, c.offset, spi), c.packet); got != c.want {
				t.Errorf("passes: %v", got)
			}
			end := bytes.Index(c.packet, esp[:4]) + 4
			for n := 1; c.want && n < end; n++ {
				if passes(t, spiFilter(c.v4, c.offset, spi), c.packet[:n]) {
					t.Errorf("passes cut to %d octets", n)
				}
			}
		})
	}
}

// passes says whether a filter lets a packet through.
func passes(t *testing.T, filter []unix.SockFilter, packet []byte) bool {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if err := attach(fds[1], filter); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fds[0], packet); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2*len(packet))
	n, err := unix.Read(fds[1], b)
	if errors.Is(err, unix.EAGAIN) {
		return false
	}
	if err != nil || !bytes.Equal(b[:n], packet) {
		t.Fatalf("got %x, %v", b[:n], err)
	}
	return true
}

// The header that a raw socket of IPv6 does not give.
func TestPutIPv6(t *testing.T) {
	b := make([]byte, headerIPv6+4)
	copy(b[headerIPv6:], "ESP.")
	src, dst := netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
	want := append([]byte{0x60, 0, 0, 0, 0, 4, byte(ipsec.ESP), 64}, src.AsSlice()...)
	want = append(append(want, dst.AsSlice()...), "ESP."...)
	if got := putIPv6(b, uint8(ipsec.ESP), src, dst); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}
