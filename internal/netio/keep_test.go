package netio

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// files are the sockets as another process gets them.
func files(t *testing.T, s *Sockets) (list []*os.File) {
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
