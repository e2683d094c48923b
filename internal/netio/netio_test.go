package netio

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// open gives sockets on free ports and the channel on which they deliver.
func open(t *testing.T) (*Sockets, <-chan ike.Datagram) {
	t.Helper()
	s, err := Listen(Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan ike.Datagram, 100)
	done := make(chan error)
	go func() {
		done <- s.Receive(func(ds []ike.Datagram) {
			for _, d := range ds {
				got <- d
			}
		})
	}()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Errorf("Receive after Close: %v", err)
		}
	})
	return s, got
}

func dial(t *testing.T, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func receive(t *testing.T, got <-chan ike.Datagram) ike.Datagram {
	t.Helper()
	select {
	case d := <-got:
		return d
	case <-time.After(time.Minute):
		t.Fatal("nothing arrived")
		panic("unreachable")
	}
}

// loopback6 is the loopback address of IPv6, where this host has one.
func loopback6() []string {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err == nil {
		c.Close()
		return []string{"::1"}
	}
	return nil
}

// A connected socket takes answers only from the address it asked: reading one
// proves that the answer left from there.
func TestAnswerLeavesFromTheAddressAsked(t *testing.T) {
	s, got := open(t)
	ike500, natt := s.Ports()
	for _, port := range []uint16{ike500, natt} {
		for _, asked := range append([]string{"127.0.0.7", "127.0.0.8"}, loopback6()...) {
			to := netip.AddrPortFrom(netip.MustParseAddr(asked), port)
			c := dial(t, to)
			request, answer := []byte("request"), []byte("answer")
			if port == natt {
				request, answer = append([]byte{0, 0, 0, 0}, request...), append([]byte{0, 0, 0, 0}, answer...)
			}
			c.Write(request)
			d := receive(t, got)
			if d.Local != to || d.Remote != c.LocalAddr().(*net.UDPAddr).AddrPort() || string(d.Data) != "request" {
				t.Fatalf("got %+v, want one from %v to %v", d, c.LocalAddr(), to)
			}
			if err := s.Send([]ike.Datagram{{Local: d.Local, Remote: d.Remote, Data: []byte("answer")}}); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 100)
			c.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := c.Read(b)
			if err != nil || !bytes.Equal(b[:n], answer) {
				t.Fatalf("asked %v: read %q, %v, want %q", to, b[:n], err, answer)
			}
		}
	}
}

func TestWhatIsNoIKEIsDroppedAndCounted(t *testing.T) {
	s, got := open(t)
	_, port := s.Ports()
	c := dial(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	for _, b := range [][]byte{
		{0xff},
		{1, 2, 3, 4, 5, 6, 7, 8},
		{0, 0, 0},
		make([]byte, MaxDatagram+1),
		{0, 0, 0, 0, 0xff},
	} {
		c.Write(b)
	}
	if d := receive(t, got); !bytes.Equal(d.Data, []byte{0xff}) {
		t.Errorf("got % x, want the one datagram with a marker", d.Data)
	}
	want := Counters{Received: 1, Keepalives: 1, NoMarker: 2, Oversize: 1}
	if c := s.Counters(); c != want {
		t.Errorf("counters %+v, want %+v", c, want)
	}
}

func TestLongestDatagramPasses(t *testing.T) {
	s, got := open(t)
	port, _ := s.Ports()
	c := dial(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	c.Write(make([]byte, MaxDatagram))
	if d := receive(t, got); len(d.Data) != MaxDatagram {
		t.Errorf("got %d octets, want %d", len(d.Data), MaxDatagram)
	}
}

// Datagrams are handed over with memory of their own: the next batch must not
// change them.
func TestDatagramsOutliveTheBatch(t *testing.T) {
	s, got := open(t)
	port, _ := s.Ports()
	c := dial(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	c.Write([]byte("first"))
	first := receive(t, got)
	for range 2 * batch {
		c.Write([]byte("later"))
		receive(t, got)
	}
	if string(first.Data) != "first" {
		t.Errorf("the first datagram became %q", first.Data)
	}
}

func TestARefusedDatagramKeepsNoOtherBack(t *testing.T) {
	s, got := open(t)
	port, natt := s.Ports()
	local := netip.MustParseAddr("127.0.0.1")
	here := netip.AddrPortFrom(local, port)
	foreign := netip.MustParseAddrPort("192.0.2.77:500") // not an address of this host
	err := s.Send([]ike.Datagram{
		{Local: here, Remote: here, Data: []byte("a")},
		{Local: foreign, Remote: here, Data: []byte("b")},
		{Local: here, Remote: here, Data: []byte("c")},
		{Local: netip.AddrPortFrom(local, natt), Remote: netip.AddrPortFrom(local, natt), Data: []byte("d")},
	})
	if err == nil || strings.Count(err.Error(), "sending to") != 1 {
		t.Errorf("error %v, want one refusal", err)
	}
	seen := map[string]bool{}
	for range 3 {
		seen[string(receive(t, got).Data)] = true
	}
	if !seen["a"] || !seen["c"] || !seen["d"] {
		t.Errorf("arrived: %v, want a, c and d", seen)
	}
	if c := s.Counters(); c.Sent != 3 || c.SendErrors != 1 {
		t.Errorf("counters %+v, want 3 sent and 1 error", c)
	}
}

// full is a transmit queue without room: who does not wait is sent away.
type full struct{ batches }

func (f full) WriteBatch(m []ipv4.Message, flags int) (int, error) {
	if flags&unix.MSG_DONTWAIT != 0 {
		return -1, unix.EAGAIN
	}
	return f.batches.WriteBatch(m, flags)
}

// A full queue is waited for, and what comes when the patience is over is sent too.
func TestFullQueueIsWaitedFor(t *testing.T) {
	s, got := open(t)
	port, _ := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	sock := s.from(here)
	free := sock.packet
	sock.packet = full{free}
	for _, data := range []string{"waited", "sent at once"} {
		send := func() error { return s.Send([]ike.Datagram{{Local: here, Remote: here, Data: []byte(data)}}) }
		err := send()
		for tries := 1; errors.Is(err, os.ErrDeadlineExceeded) && tries < 10; tries++ {
			err = send() // this machine may stand still for as long as a datagram is waited for
		}
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if d := receive(t, got); string(d.Data) != data {
			t.Errorf("got %q, want %q", d.Data, data)
		}
		time.Sleep(2 * sendPatience)
		sock.packet = free
	}
}

func TestPortInUseIsOneLine(t *testing.T) {
	s, _ := open(t)
	port, _ := s.Ports()
	_, err := Listen(Options{IKE: port})
	if err == nil || !strings.HasSuffix(err.Error(), "is in use by another program") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}
