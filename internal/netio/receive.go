package netio

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/net/ipv4"
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
	s.deliver.Store(&deliver)
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
	size := MaxDatagram
	if sock.marker && s.esp != nil {
		size = 1 << 16 // of several that the system has joined
	}
	messages := make([]ipv4.Message, batch)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, size)}
		messages[i].OOB = make([]byte, controlSpace)
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
			datagrams = s.accept(datagrams, sock, &messages[i])
		}
		if len(datagrams) > 0 {
			deliver(datagrams)
		}
	}
}

// accept appends the IKE datagrams of a message: one, or several of a size that
// the system has joined. Of what is none it counts why.
func (s *Sockets) accept(to []ike.Datagram, sock *socket, m *ipv4.Message) []ike.Datagram {
	if m.Flags&unix.MSG_TRUNC != 0 {
		s.counters.oversize.Add(1)
		return to
	}
	c := parseControl(m.OOB[:m.NN])
	remote, isUDP := m.Addr.(*net.UDPAddr)
	if !c.local.IsValid() || !isUDP {
		return to
	}
	from := remote.AddrPort()
	d := ike.Datagram{
		VRF:    s.vrf,
		Local:  netip.AddrPortFrom(c.local, sock.port),
		Remote: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()),
	}
	data := m.Buffers[0][:m.N]
	for one := range segments(data, c.segment) {
		if d.Data = one; s.isIKE(sock, &d) {
			d.Data = bytes.Clone(d.Data)
			to = append(to, d)
		}
	}
	return to
}

// segments are the datagrams of what the system has joined: of size octets, but
// the last; 0: it is one.
func segments(data []byte, size int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if size == 0 {
			size = len(data)
		}
		for len(data) > size {
			if !yield(data[:size]) {
				return
			}
			data = data[size:]
		}
		yield(data)
	}
}

// isIKE takes the marker off.
func (s *Sockets) isIKE(sock *socket, d *ike.Datagram) bool {
	switch {
	case len(d.Data) > MaxDatagram:
		s.counters.oversize.Add(1)
		return false
	case !sock.marker:
	case d.NATKeepalive():
		s.counters.keepalives.Add(1)
		return false
	case !bytes.HasPrefix(d.Data, nonESPMarker):
		s.counters.noMarker.Add(1)
		return false
	default:
		d.Data = d.Data[len(nonESPMarker):]
	}
	s.counters.received.Add(1)
	return true
}
