//go:build netns

package netio

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/test/netlab"
)

// wired are sockets with ESP, and where what arrives goes. Plain ESP wants root.
func wired(t *testing.T, read bool) (s *Sockets, messages <-chan ike.Datagram, packets <-chan Train) {
	t.Helper()
	s, err := Listen(Options{ESP: true})
	if err != nil {
		t.Fatal(err)
	}
	messages, packets = run(t, s, read)
	return s, messages, packets
}

// run reads the sockets, those of ESP if it is to.
func run(t *testing.T, s *Sockets, read bool) (messages <-chan ike.Datagram, packets <-chan Train) {
	toIKE, toESP := make(chan ike.Datagram, 100), make(chan Train, 10000)
	done := make(chan error, 2)
	go func() {
		done <- s.Receive(func(list []ike.Datagram) {
			for _, d := range list {
				toIKE <- d
			}
		})
	}()
	go func() {
		if !read {
			done <- nil
			return
		}
		done <- s.ESP().Receive(3, func() Receiver { return inOrder(toESP) })
	}()
	t.Cleanup(func() {
		s.Close()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	return toIKE, toESP
}

// inOrder passes single packets on as they are claimed.
type inOrder chan<- Train

func (c inOrder) Claim(trains []Train) {
	for _, train := range trains {
		for one := range segments(train.Packets, train.Size) {
			single := train
			single.Packets, single.Size = bytes.Clone(one), len(one)
			c <- single
		}
	}
}

func (inOrder) Handle([]Train) {}

// packets are n of ESP, of size octets but the last, one behind the other.
func packets(n, size, last int) (b []byte) {
	for i := range n {
		if i == n-1 {
			size = last
		}
		one := make([]byte, size)
		binary.BigEndian.PutUint32(one, 0x1000)
		binary.BigEndian.PutUint32(one[4:], uint32(i))
		b = append(b, one...)
	}
	return b
}

// Trains arrive packet for packet and in order, with their addresses and type of
// service: in UDP and as a protocol of IP, of both families, longer than one system
// call and than the path's MTU.
func TestTrains(t *testing.T) {
	s, _, got := wired(t, true)
	_, port := s.Ports()
	ends := [][2]string{{"127.0.0.1", "127.0.0.2"}}
	for _, a := range loopback6() {
		ends = append(ends, [2]string{a, a})
	}
	for _, end := range ends {
		for _, p := range []uint16{port, 0} {
			sender := s.ESP().Sender()
			for _, size := range []int{40, 1000, 1400} {
				n := min(MaxTrain, MaxTrainOctets/size)
				train := Train{
					Local:  netip.AddrPortFrom(netip.MustParseAddr(end[0]), p),
					Remote: netip.AddrPortFrom(netip.MustParseAddr(end[1]), p), TOS: 0xb8, Packets: packets(n, size, 33), Size: size,
				}
				sender.Send([]Train{train, train})
				for i := range 2 * n {
					one := next(t, got)
					if number := binary.BigEndian.Uint32(one.Packets[4:]); int(number) != i%n || one.Local != train.Remote || one.Remote != train.Local || one.TOS != 0xb8 {
						t.Fatalf("%v port %d: packet %d of %d is %d: %v -> %v, %#x", end, p, i, n, number, one.Remote, one.Local, one.TOS)
					}
				}
			}
		}
	}
}

func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case one := <-from:
		return one
	case <-time.After(time.Minute):
		t.Fatal("nothing arrived")
		panic("unreachable")
	}
}

// A train has as many hops as it says, and else as many as the host gives.
func TestHops(t *testing.T) {
	s, _, _ := wired(t, false)
	_, port := s.Ports()
	for _, a := range append([]string{"127.0.0.1"}, loopback6()...) {
		end := netip.MustParseAddr(a)
		for _, network := range []string{"udp", "ip"} {
			local, listen := netip.AddrPortFrom(end, port), netip.AddrPortFrom(end, 0).String()
			family := "4"
			if end.Is6() {
				family = "6"
			}
			if network += family; network[:2] == "ip" {
				network, local, listen = network+":50", netip.AddrPortFrom(end, 0), a
			}
			c, err := net.ListenPacket(network, listen)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetReadDeadline(time.Now().Add(time.Minute))
			remote := local
			if u, ok := c.LocalAddr().(*net.UDPAddr); ok {
				remote = u.AddrPort()
			}
			hops := hopsOf(t, c, end.Is6())
			usual := 0
			for _, want := range []uint8{0, 7, 255} {
				s.ESP().Sender().Send([]Train{{Local: local, Remote: remote, TOS: 0xb8, Hops: want, Packets: packets(2, 1000, 1000), Size: 1000}})
				for range 2 {
					got := hops()
					if want == 0 {
						usual = got
					}
					if got != int(want) && want != 0 || usual < 32 {
						t.Errorf("%s: %d hops, want %d; the host gives %d", network, got, want, usual)
					}
				}
			}
		}
	}
}

// hopsOf reads what comes, and how many hops it has left.
func hopsOf(t *testing.T, c net.PacketConn, v6 bool) func() int {
	b := make([]byte, 2000)
	if v6 {
		p := ipv6.NewPacketConn(c)
		if err := p.SetControlMessage(ipv6.FlagHopLimit, true); err != nil {
			t.Fatal(err)
		}
		return func() int {
			_, m, _, err := p.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			return m.HopLimit
		}
	}
	p := ipv4.NewPacketConn(c)
	if err := p.SetControlMessage(ipv4.FlagTTL, true); err != nil {
		t.Fatal(err)
	}
	return func() int {
		_, m, _, err := p.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return m.TTL
	}
}

// Packets that are longer than the path's MTU arrive all the same, in fragments,
// though the system cuts no train of them.
func TestTrainOfLongPackets(t *testing.T) {
	h := netlab.New(t, "netio")
	h.IP("link set lo mtu 1300")
	var s *Sockets
	if err := h.Do(func() (err error) { s, err = Listen(Options{ESP: true}); return err }); err != nil {
		t.Fatal(err)
	}
	_, got := run(t, s, true)
	_, port := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	sender := s.ESP().Sender()
	for range 2 {
		sender.Send([]Train{{Local: here, Remote: here, Packets: packets(20, 1400, 33), Size: 1400}})
		for i := range 20 {
			if one := next(t, got); int(binary.BigEndian.Uint32(one.Packets[4:])) != i {
				t.Fatalf("packet %d: %x", i, one.Packets[:8])
			}
		}
	}
	if n := s.Counters().SendErrors; n != 0 {
		t.Errorf("%d send errors", n)
	}
}

// On one port ESP and IKE are told apart, also where the system has joined both.
func TestESPBesideIKE(t *testing.T) {
	s, messages, got := wired(t, true)
	_, port := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	c := dial(t, here)
	c.Write([]byte{0, 0, 0, 0, 'i', 'k', 'e'})
	c.Write([]byte{0xff})
	c.Write([]byte{0, 0, 0x10, 0, 0, 0, 0, 7})
	if d := next(t, messages); string(d.Data) != "ike" {
		t.Errorf("IKE: %q", d.Data)
	}
	if p := next(t, got); !bytes.Equal(p.Packets, []byte{0, 0, 0x10, 0, 0, 0, 0, 7}) {
		t.Errorf("ESP: %x", p.Packets)
	}

	both := append(packets(2, 16, 16), append(make([]byte, 4), "message of 1"...)...)
	s.ESP().Sender().Send([]Train{{Local: here, Remote: here, Packets: both, Size: 16}})
	if d := next(t, messages); string(d.Data) != "message of 1" || d.Local != here || d.Remote != here {
		t.Errorf("IKE behind ESP: %+v", d)
	}
}

// However much ESP waits that nobody reads, IKE passes.
func TestIKEPassesESP(t *testing.T) {
	s, messages, _ := wired(t, false)
	_, port := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	sender := s.ESP().Sender()
	for range 500 { // 30 MB
		sender.Send([]Train{{Local: here, Remote: here, Packets: packets(60, 1000, 1000), Size: 1000}})
	}
	dial(t, here).Write([]byte{0, 0, 0, 0, 'i', 'k', 'e'})
	if d := next(t, messages); string(d.Data) != "ike" {
		t.Errorf("IKE: %q", d.Data)
	}
}

func TestTrainsAllocateNothing(t *testing.T) {
	s, err := Listen(Options{ESP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, port := s.Ports()
	here := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	plain := netip.AddrPortFrom(here.Addr(), 0)
	sender := s.ESP().Sender()
	for i, train := range []Train{
		{Local: here, Remote: here, Packets: packets(20, 1000, 1000), Size: 1000},
		{Local: plain, Remote: plain, Packets: packets(20, 1000, 1000), Size: 1000},
	} {
		l := s.esp.lines[i]
		in := newMessages(espMessages, l.v6, unix.SYS_RECVMMSG)
		for i := range espMessages {
			in.buffer(i, make([]byte, 1<<16))
		}
		trains := []Train{train}
		if n := testing.AllocsPerRun(20, func() {
			sender.Send(trains)
			for octets := 0; octets < len(train.Packets); {
				n, err := in.receive(l.conn)
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					got, ok := s.esp.accept(l, in, i)
					if !ok {
						t.Fatal("not accepted")
					}
					octets += len(got.Packets)
				}
			}
		}); n != 0 {
			t.Errorf("socket %d: %v allocations", i, n)
		}
	}
}
