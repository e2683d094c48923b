package netio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// sendPatience is how long a full transmit queue may hold up the caller. What
// is not sent by then is lost, as on the wire, and IKE sends it again.
const sendPatience = 50 * time.Millisecond

// Send writes the datagrams in order, each from its Local address and port: a
// host with two addresses answers from the one that was asked. A datagram that
// the system refuses does not keep the others back; the error names it.
func (s *Sockets) Send(datagrams []ike.Datagram) error {
	var errs []error
	for len(datagrams) > 0 {
		sock := s.from(datagrams[0].Local)
		n := 1
		for n < len(datagrams) && s.from(datagrams[n].Local) == sock {
			n++
		}
		if sock == nil {
			errs = append(errs, fmt.Errorf("sending from %s: this kernel has no IPv6", datagrams[0].Local))
			s.counters.sendErrors.Add(uint64(n))
		} else {
			errs = append(errs, s.send(sock, datagrams[:n]))
		}
		datagrams = datagrams[n:]
	}
	return errors.Join(errs...)
}

// from is the socket that an address of ours sends from, nil when there is none.
func (s *Sockets) from(local netip.AddrPort) *socket {
	for _, sock := range s.all {
		if sock.v6 == local.Addr().Is6() && sock.marker == (local.Port() == s.natt) {
			return sock
		}
	}
	return nil
}

func (s *Sockets) send(sock *socket, datagrams []ike.Datagram) error {
	messages := make([]ipv4.Message, len(datagrams))
	for i, d := range datagrams {
		messages[i] = sock.message(d)
	}
	var errs []error
	for len(messages) > 0 {
		n, err := sock.write(messages)
		n = max(n, 0)
		s.counters.sent.Add(uint64(n))
		messages = messages[n:]
		if err != nil && len(messages) > 0 {
			errs = append(errs, fmt.Errorf("sending to %s: %w", messages[0].Addr, cause(err)))
			s.counters.sendErrors.Add(1)
			messages = messages[1:]
		}
	}
	return errors.Join(errs...)
}

// write waits only when the transmit queue is full: a deadline is a timer of Go's,
// and to set one wakes a thread.
func (sock *socket) write(messages []ipv4.Message) (int, error) {
	n, err := sock.packet.WriteBatch(messages, unix.MSG_DONTWAIT)
	if !errors.Is(err, unix.EAGAIN) {
		return n, err
	}
	if err := sock.udp.SetWriteDeadline(time.Now().Add(sendPatience)); err != nil {
		return 0, err
	}
	defer sock.udp.SetWriteDeadline(time.Time{}) // one that has passed would refuse whatever comes
	return sock.packet.WriteBatch(messages, 0)
}

func (sock *socket) message(d ike.Datagram) ipv4.Message {
	m := ipv4.Message{Buffers: [][]byte{d.Data}, Addr: net.UDPAddrFromAddrPort(d.Remote)}
	if src := d.Local.Addr().AsSlice(); sock.v6 {
		m.OOB = (&ipv6.ControlMessage{Src: src}).Marshal()
	} else {
		m.OOB = (&ipv4.ControlMessage{Src: src}).Marshal()
	}
	if sock.marker && !d.NATKeepalive() {
		m.Buffers = [][]byte{nonESPMarker, d.Data}
	}
	return m
}
