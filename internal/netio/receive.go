package netio

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// batch is how many datagrams one system call moves at most.
const batch = 32

// "The Non-ESP Marker is 4 zero-valued bytes aligning with the SPI field of an
// ESP packet" (RFC 3948 section 2.2).
var nonESPMarker = []byte{0, 0, 0, 0}

// Counters of what came in, and of what never became an IKE message.
type Counters struct {
	Received   uint64 // handed on
	Keepalives uint64 // NAT keepalives on port 4500
	Oversize   uint64 // longer than MaxDatagram
	NoMarker   uint64 // on port 4500 and neither IKE nor a keepalive
	Sent       uint64
	SendErrors uint64
}

type counters struct {
	received, keepalives, oversize, noMarker, sent, sendErrors atomic.Uint64
}

// Counters are readable at any time.
func (s *Sockets) Counters() Counters {
	c := &s.counters
	return Counters{
		Received:   c.received.Load(),
		Keepalives: c.keepalives.Load(),
		Oversize:   c.oversize.Load(),
		NoMarker:   c.noMarker.Load(),
		Sent:       c.sent.Load(),
		SendErrors: c.sendErrors.Load(),
	}
}

// Receive reads the sockets until Close and calls deliver with what came, a
// batch a call, from a goroutine a socket. Every datagram has memory of its
// own, because the machines keep parts of messages as long as they live; while
// deliver blocks, the kernel's socket buffer fills and then drops. It returns
// nil after Close.
func (s *Sockets) Receive(deliver func([]ike.Datagram)) error {
	done := make(chan error, len(s.all))
	for _, sock := range s.all {
		go func() { done <- s.receive(sock, deliver) }()
	}
	var errs []error
	for range s.all {
		errs = append(errs, <-done)
		s.Close()
	}
	return errors.Join(errs...)
}

func (s *Sockets) receive(sock *socket, deliver func([]ike.Datagram)) error {
	messages := make([]ipv4.Message, batch)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, MaxDatagram)}
		messages[i].OOB = ipv6.NewControlMessage(ipv6.FlagDst) // that of IPv4 is shorter
	}
	for {
		n, err := sock.packet.ReadBatch(messages, 0)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("UDP port %d: %w", sock.port, cause(err))
		}
		datagrams := make([]ike.Datagram, 0, n)
		for i := range messages[:n] {
			if d, ok := s.accept(sock, &messages[i]); ok {
				datagrams = append(datagrams, d)
			}
		}
		if len(datagrams) > 0 {
			deliver(datagrams)
		}
	}
}

// accept makes an IKE datagram of a message, or counts why it is none.
func (s *Sockets) accept(sock *socket, m *ipv4.Message) (ike.Datagram, bool) {
	if m.Flags&unix.MSG_TRUNC != 0 {
		s.counters.oversize.Add(1)
		return ike.Datagram{}, false
	}
	data := m.Buffers[0][:m.N]
	if sock.marker {
		if (ike.Datagram{Data: data}).NATKeepalive() {
			s.counters.keepalives.Add(1)
			return ike.Datagram{}, false
		}
		if !bytes.HasPrefix(data, nonESPMarker) {
			s.counters.noMarker.Add(1)
			return ike.Datagram{}, false
		}
		data = data[len(nonESPMarker):]
	}
	local, ok := sock.asked(m.OOB[:m.NN])
	remote, isUDP := m.Addr.(*net.UDPAddr)
	if !ok || !isUDP {
		return ike.Datagram{}, false
	}
	from := remote.AddrPort()
	s.counters.received.Add(1)
	return ike.Datagram{
		Local:  netip.AddrPortFrom(local.Unmap(), sock.port),
		Remote: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()),
		Data:   bytes.Clone(data),
	}, true
}

// asked is the address of ours that a datagram was sent to.
func (sock *socket) asked(control []byte) (netip.Addr, bool) {
	if sock.v6 {
		var m ipv6.ControlMessage
		if err := m.Parse(control); err != nil {
			return netip.Addr{}, false
		}
		return netip.AddrFromSlice(m.Dst)
	}
	var m ipv4.ControlMessage
	if err := m.Parse(control); err != nil {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(m.Dst)
}
