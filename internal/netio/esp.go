package netio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// A Train is packets of ESP, from the SPI to the ICV, that go one way together, as
// the system moves them in one call.
type Train struct {
	Local, Remote netip.AddrPort // port 0: ESP is a protocol of IP and not in UDP
	TOS           uint8          // type of service or traffic class of what is around them
	DF            bool           // they may not be fragmented; of those that are sent over IPv4
	Hops          uint8          // TTL or hop limit of those that are sent; 0: the system's own
	Packets       []byte         // one behind the other
	Size          int            // octets of each but the last, which may be shorter
}

// The most that a train may have to be one datagram for the system: UDP_MAX_SEGMENTS
// of linux/udp.h, and what fits into 16 bits with its headers.
const (
	MaxTrain       = 64
	MaxTrainOctets = 65000
)

const (
	espMessages = 32 // of a system call
	protocolESP = unix.IPPROTO_ESP
)

// ESP is the wire of a data plane in this process: ESP in UDP on port 4500, and
// ESP as a protocol of IP. In UDP it has sockets of its own beside those of IKE, on
// the same port: the system puts what has no non-ESP marker into their queues, so
// that no load of ESP drops or delays a message of IKE.
type ESP struct {
	of    *Sockets
	lines []*line
}

// A line is one socket of ESP.
type line struct {
	conn     syscall.RawConn
	v6, udp  bool
	port     uint16
	df       bool        // it sends with DF, and receives nothing
	segments atomic.Bool // the system cuts trains
	turn     sync.Mutex  // held by the worker that reads
}

// ESP gives the wire, where Options asked for it.
func (s *Sockets) ESP() *ESP { return s.esp }

// listenESP opens the sockets for what the family has. DF is an option of a socket: what
// is sent with it over IPv4 has sockets of its own.
func (s *Sockets) listenESP(v6 bool) error {
	err := s.listenLines(v6, false)
	if err == nil && !v6 {
		err = s.listenLines(v6, true)
	}
	return err
}

func (s *Sockets) listenLines(v6, df bool) error {
	if err := s.listenESPinUDP(v6, df); err != nil {
		return fmt.Errorf("ESP in UDP: %w", cause(err))
	}
	network := "ip4:50"
	if v6 {
		network = "ip6:50"
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return espOptions(c, v6, false, df) }}
	conn, err := config.ListenPacket(context.Background(), network, "")
	if errors.Is(err, unix.EPERM) {
		return errors.New("ESP, protocol 50 of IP: not permitted: this needs CAP_NET_RAW")
	}
	if err != nil {
		return fmt.Errorf("ESP, protocol 50 of IP: %w", cause(err))
	}
	return s.add(conn.(*net.IPConn), &line{v6: v6, df: df})
}

func (s *Sockets) listenESPinUDP(v6, df bool) error {
	network := "udp4"
	if v6 {
		network = "udp6"
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return espOptions(c, v6, true, df) }}
	conn, err := config.ListenPacket(context.Background(), network, fmt.Sprintf(":%d", s.natt))
	if err != nil {
		return err
	}
	l := &line{v6: v6, df: df, udp: true, port: s.natt}
	l.segments.Store(true)
	return s.add(conn.(*net.UDPConn), l)
}

// add takes a socket.
func (s *Sockets) add(conn interface {
	syscall.Conn
	Close() error
}, l *line) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	l.conn = raw
	switch {
	case l.df:
		err = onSocket(raw, deaf)
	case l.udp:
		err = onSocket(raw, steer)
	}
	s.closers = append(s.closers, conn)
	s.esp.lines = append(s.esp.lines, l)
	return err
}

// steer tells the sockets of one port apart: the first, of IKE, gets what begins
// with the non-ESP marker, and what is shorter (NAT keepalives), as loading from it
// fails with 0; the second the rest.
func steer(fd int) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, program); err != nil {
		return fmt.Errorf("SO_ATTACH_REUSEPORT_CBPF: %w", err)
	}
	return nil
}

// deaf keeps everything out of a socket's queue that is for sending only.
func deaf(fd int) error {
	filter := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &filter[0]}); err != nil {
		return fmt.Errorf("SO_ATTACH_FILTER: %w", err)
	}
	return nil
}

// share lets the sockets of IKE and of ESP have one port, and trains arrive whole:
// which of the two the system asks, before it has looked into a datagram, is
// chance.
func share(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return fmt.Errorf("SO_REUSEPORT: %w", err)
	}
	// Linux before 5.0 has none, and gives single packets.
	unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	return nil
}

func espOptions(c syscall.RawConn, v6, udp, df bool) error {
	level, options := unix.IPPROTO_IP, map[int]int{unix.IP_MTU_DISCOVER: unix.IP_PMTUDISC_DONT, unix.IP_PKTINFO: 1, unix.IP_RECVTOS: 1}
	if df {
		options[unix.IP_MTU_DISCOVER] = unix.IP_PMTUDISC_DO
	}
	if v6 {
		level, options = unix.IPPROTO_IPV6, map[int]int{
			unix.IPV6_MTU_DISCOVER: unix.IPV6_PMTUDISC_DONT, unix.IPV6_RECVPKTINFO: 1, unix.IPV6_RECVTCLASS: 1}
	}
	return onSocket(c, func(fd int) error {
		for option, value := range options {
			if err := unix.SetsockoptInt(fd, level, option, value); err != nil {
				return fmt.Errorf("option %d of level %d: %w", option, level, err)
			}
		}
		enlarge(fd)
		// Policies of others must not catch what is protected already.
		exempt(fd, v6)
		if udp {
			return share(fd)
		}
		return nil
	})
}

// A Receiver is what one worker does with trains. Claim is called in the order in
// which the system gave them, by one worker of a socket at a time; Handle by several.
// The trains may be changed, and are the worker's own until Handle returns.
type Receiver interface {
	Claim([]Train)
	Handle([]Train)
}

// Receive reads the sockets until Close, each with so many workers, which take turns
// at reading it: what one has read it handles while the next one reads.
func (e *ESP) Receive(workers int, worker func() Receiver) error {
	done, n := make(chan error), 0
	for _, l := range e.lines {
		if l.df {
			continue
		}
		for range workers {
			n++
			go func() { done <- e.receive(l, worker()) }()
		}
	}
	var errs []error
	for range n {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

func (e *ESP) receive(l *line, r Receiver) error {
	in := newMessages(espMessages, l.v6, unix.SYS_RECVMMSG)
	for i := range espMessages {
		in.buffer(i, make([]byte, 1<<16))
	}
	trains := make([]Train, 0, espMessages)
	for {
		trains = trains[:0]
		l.turn.Lock()
		n, err := in.receive(l.conn)
		for i := range n {
			if t, ok := e.accept(l, in, i); ok {
				trains = append(trains, t)
			}
		}
		r.Claim(trains)
		l.turn.Unlock()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("receiving ESP: %w", cause(err))
		}
		r.Handle(trains)
	}
}

// accept makes a train of what came. The system joins datagrams of one size,
// whatever they are: what has the non-ESP marker goes to IKE. It stays in the train
// too, where the marker is an SPI that no SA has.
func (e *ESP) accept(l *line, in *messages, i int) (Train, bool) {
	b, truncated, from, c := in.received(i)
	if truncated || len(b) == 0 {
		e.of.counters.oversize.Add(1)
		return Train{}, false
	}
	if !l.udp {
		return plain(l, b, from, c)
	}
	t := Train{Local: netip.AddrPortFrom(c.local, l.port), Remote: from, TOS: c.tos, Packets: b, Size: c.segment}
	if t.Size == 0 {
		t.Size = len(b)
	}
	for one := range segments(b, t.Size) {
		if bytes.HasPrefix(one, nonESPMarker) {
			e.stray(ike.Datagram{Local: t.Local, Remote: t.Remote, Data: bytes.Clone(one[len(nonESPMarker):])})
		}
	}
	return t, c.local.IsValid()
}

func (e *ESP) stray(d ike.Datagram) {
	if deliver := e.of.deliver.Load(); deliver != nil {
		e.of.counters.received.Add(1)
		(*deliver)([]ike.Datagram{d})
	}
}

// plain takes the header off that a raw socket of IPv4 gives too.
func plain(l *line, b []byte, from netip.AddrPort, c control) (Train, bool) {
	if !l.v6 {
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return Train{}, false
		}
		c.tos, c.local = b[1], netip.AddrFrom4([4]byte(b[16:]))
		b = b[int(b[0]&15)*4:]
	}
	return Train{Local: netip.AddrPortFrom(c.local, 0), Remote: netip.AddrPortFrom(from.Addr(), 0), TOS: c.tos, Packets: b, Size: len(b)}, len(b) > 0
}
