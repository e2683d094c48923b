package netio

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// A door has the ports of the global VRF, gets what comes by its device alone, and
// answers by it; nobody else can have the ports. The loopback interface stands in for a
// VRF: to a socket both are devices.
func TestDoors(t *testing.T) {
	d, err := ListenDoors(Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, done := make(chan ike.Datagram, 10), make(chan error)
	go func() {
		done <- d.Receive(func(ds []ike.Datagram) {
			for _, one := range ds {
				got <- one
			}
		})
	}()
	t.Cleanup(func() {
		d.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := d.add("late", &door{}); err != net.ErrClosed {
			t.Errorf("a door opens after Close: %v", err)
		}
	})
	if err := d.Open([]string{"no-such-vrf"}); err == nil || !strings.HasPrefix(err.Error(), "VRF no-such-vrf: ") {
		t.Error(err)
	}
	port, _ := d.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	c := dial(t, here)
	exchange := func(vrf string) {
		t.Helper()
		if _, err := c.Write([]byte("question")); err != nil {
			t.Fatal(err)
		}
		in := receive(t, got)
		if in.VRF != vrf || in.Local != here || string(in.Data) != "question" {
			t.Fatalf("%+v", in)
		}
		in.Data = []byte("answer")
		if err := d.Send([]ike.Datagram{in}); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := c.Read(b); err != nil || string(b[:n]) != "answer" {
			t.Errorf("%q %v", b[:n], err)
		}
	}
	exchange("")
	for range 2 { // what is open stays so
		if err := d.Open([]string{"lo"}); err != nil {
			t.Fatal(err)
		}
		exchange("lo")
	}
	if sum := d.Counters(); sum.Received != 3 || sum.Sent != 3 {
		t.Errorf("%+v", sum)
	}
	if err := d.Send([]ike.Datagram{{VRF: "RED", Local: here, Remote: here}}); err == nil || !strings.Contains(err.Error(), "no socket is open in VRF RED") {
		t.Error(err)
	}
	for _, vrf := range []string{"", "lo"} {
		if _, err := Listen(Options{IKE: port, VRF: vrf}); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("VRF %q: another takes the port: %v", vrf, err)
		}
	}
}
