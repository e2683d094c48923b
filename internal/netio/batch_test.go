package netio

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// Addresses have the form of sockaddr_in and sockaddr_in6, there and back.
func TestSocketAddress(t *testing.T) {
	for _, x := range []struct {
		in, out string
		octets  uint32
	}{
		{"192.168.1.2:500", "192.168.1.2:500", unix.SizeofSockaddrInet4},
		{"[::ffff:192.168.1.2]:4500", "192.168.1.2:4500", unix.SizeofSockaddrInet4},
		{"[2001:db8::1]:500", "[2001:db8::1]:500", unix.SizeofSockaddrInet6},
		{"[fe80::1%3]:500", "[fe80::1%3]:500", unix.SizeofSockaddrInet6},
	} {
		n := name{Port: 77, Addr: [16]byte{1, 2, 3}, Scope_id: 9} // of the call before
		in := netip.MustParseAddrPort(x.in)
		if octets := n.set(in); octets != x.octets {
			t.Errorf("%s: %d octets, want %d", x.in, octets, x.octets)
		}
		if got := n.addrPort().String(); got != x.out {
			t.Errorf("%s became %s", x.in, got)
		}
		wire := binary.NativeEndian.AppendUint16(nil, n.Port)
		if binary.BigEndian.Uint16(wire) != in.Port() {
			t.Errorf("%s: the port's octets are % x", x.in, wire)
		}
	}
}

// More datagrams than were ever sent at once leave, in order, and what a call has
// moved is not kept with its memory.
func TestManyAtOnce(t *testing.T) {
	s, got := open(t)
	port, _ := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	var all []ike.Datagram
	for i := range 3 * batch {
		all = append(all, ike.Datagram{Local: here, Remote: here, Data: []byte{byte(i)}})
	}
	if err := s.Send(all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if d := receive(t, got); len(d.Data) != 1 || d.Data[0] != byte(i) || d.Remote != here || d.Local != here {
			t.Fatalf("number %d is %+v", i, d)
		}
	}
	c := calls.Get().(*call)
	defer c.put()
	for _, v := range c.vectors[:cap(c.vectors)] {
		if v.Base != nil {
			t.Error("a call that is over holds a datagram")
		}
	}
}
