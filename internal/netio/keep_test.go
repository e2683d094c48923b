package netio

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// files are the sockets as another process gets them.
func files(t *testing.T, s interface{ Conns() []syscall.Conn }) (list []*os.File) {
	t.Helper()
	for _, c := range s.Conns() {
		f, err := c.(*net.UDPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

// What arrives between two processes waits for the second, which answers from the
// sockets of the first. What is no socket of its ports it closes.
func TestKeptSockets(t *testing.T) {
	first, err := Listen(Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Listen(Options{})
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	left := append(files(t, first), files(t, other)...)
	left = append(append(left, files(t, first)...), null)
	for _, s := range []*Sockets{first, other} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	port, natt := first.Ports()
	peers := map[netip.AddrPort]*net.UDPConn{}
	for _, p := range []uint16{port, natt} {
		for _, a := range append([]string{"127.0.0.1"}, loopback6()...) {
			to := netip.AddrPortFrom(netip.MustParseAddr(a), p)
			peers[to] = dial(t, to)
			message := []byte("for the next process")
			if p == natt {
				message = append([]byte{0, 0, 0, 0}, message...)
			}
			if _, err := peers[to].Write(message); err != nil {
				t.Fatal(err)
			}
		}
	}
	second, err := Listen(Options{IKE: port, NATT: natt, Kept: left})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan ike.Datagram, len(peers))
	done := make(chan error, 1)
	go func() {
		done <- second.Receive(func(ds []ike.Datagram) {
			for _, d := range ds {
				got <- d
			}
		})
	}()
	for range peers {
		d := receive(t, got)
		if err := second.Send([]ike.Datagram{d}); err != nil {
			t.Error(err)
		}
		if _, err := peers[d.Local].Read(make([]byte, 100)); err != nil {
			t.Error(err)
		}
	}
	second.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, s := range []*Sockets{first, other} {
		port, natt := s.Ports()
		again, err := Listen(Options{IKE: port, NATT: natt})
		if err != nil {
			t.Fatalf("a socket is still open: %v", err)
		}
		again.Close()
	}
}

// What arrives by a VRF between two processes waits too, for a second that still has this
// VRF; the loopback interface stands in for one.
func TestKeptDoors(t *testing.T) {
	first, err := ListenDoors(Options{}, "lo")
	if err != nil {
		t.Fatal(err)
	}
	port, natt := first.Ports()
	left := files(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	c := dial(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	for _, vrfs := range [][]string{{"lo"}, nil} {
		if _, err := c.Write([]byte("for the next process")); err != nil {
			t.Fatal(err)
		}
		next, err := ListenDoors(Options{IKE: port, NATT: natt, Kept: left}, vrfs...)
		if err != nil {
			t.Fatal(err)
		}
		left = files(t, next)
		if len(vrfs) == 0 { // what has waited there is gone
			if _, err := c.Write([]byte("for this one")); err != nil {
				t.Fatal(err)
			}
		}
		var got ike.Datagram
		err = next.Receive(func(batch []ike.Datagram) {
			got = batch[0]
			next.Close()
		})
		if want := strings.Join(vrfs, ""); err != nil || got.VRF != want {
			t.Errorf("%v: it came by %q, not %q: %q", err, got.VRF, want, got.Data)
		}
	}
}
