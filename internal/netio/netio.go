// Package netio is the UDP side of the daemon: the sockets of ports 500 and
// 4500, read and written in batches, with the address that the peer asked in
// every datagram's Local.
//
// What arrives is reduced to IKE messages before anyone else sees it: on port
// 4500 the non-ESP marker comes off and NAT keepalives are dropped (RFC 3948),
// oversize datagrams are dropped on both. What is dropped is counted. Where SAs
// stand in the kernel it takes UDP-encapsulated ESP, and keepalives, before us. Where
// they stand in this process ESP comes and goes by sockets of its own, in trains.
package netio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// The ports of IKE (RFC 2408 section 2.5.1) and of IKE behind NAT (RFC 3947
// section 4).
const (
	PortIKE  = 500
	PortNATT = 4500
)

// MaxDatagram is the longest datagram that is read, in octets, with the marker.
// A message with a long chain of 4096-bit certificates stays well below it.
const MaxDatagram = 16384

// Options say which ports to take. Port 0 takes any free one.
type Options struct {
	IKE, NATT uint16
	// Bypass says that IPsec policies and SAs may come to stand in the kernel: a
	// socket that cannot be exempted from them, or cannot hand ESP in UDP to them,
	// is an error. Without it the exemption is tried, since the policies of others
	// may stand there.
	Bypass bool
	// ESP says that ESP is for this process, which opens its wire.
	ESP bool
	// Kept are sockets that the process before has left open. Listen takes those of its
	// ports, unless ESP is for this process, and closes the others.
	Kept []*os.File
	// VRF is the device that the sockets are bound to, "" for none.
	VRF string
}

// Sockets are those of one VRF of a network namespace: two, and two of IPv6 where the
// kernel has it.
type Sockets struct {
	vrf       string
	all       []*socket
	ike, natt uint16 // ports
	counters  counters
	esp       *ESP // nil: not asked for
	closers   []io.Closer
	deliver   atomic.Pointer[func([]ike.Datagram)] // what Receive was given
}

// socket is one port, on all addresses of one family of the host.
type socket struct {
	udp    *net.UDPConn
	packet batches
	v6     bool
	port   uint16
	marker bool // datagrams carry the non-ESP marker
}

// batches move datagrams; the messages are those of golang.org/x/net.
type batches interface {
	ReadBatch([]ipv4.Message, int) (int, error)
	WriteBatch([]ipv4.Message, int) (int, error)
}

// Listen opens the sockets. Errors are one line: the port and what the system
// said.
func Listen(o Options) (*Sockets, error) {
	before := take(o.Kept)
	defer before.close()
	return listenAll(o, before)
}

func listenAll(o Options, before kept) (*Sockets, error) {
	s := &Sockets{vrf: o.VRF, ike: o.IKE, natt: o.NATT}
	if o.ESP {
		s.esp = &ESP{of: s}
		before.close() // its sockets share port 4500 from the beginning
	}
	for _, v6 := range []bool{false, true} {
		for _, port := range []*uint16{&s.ike, &s.natt} {
			sock, err := listen(before, place{o.VRF, *port, v6}, o, port == &s.natt)
			if v6 && errors.Is(err, unix.EAFNOSUPPORT) {
				return s, nil
			}
			if err != nil {
				return nil, errors.Join(err, s.Close())
			}
			s.all = append(s.all, sock)
			*port = sock.port // in both families the same
		}
		if !o.ESP {
			continue
		}
		if err := s.listenESP(v6); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func listen(before kept, at place, o Options, natt bool) (*socket, error) {
	port, v6 := at.port, at.v6
	udp, err := bind(before, at, o, natt)
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, fmt.Errorf("UDP port %d is in use by another program", port)
	}
	if err != nil {
		return nil, fmt.Errorf("UDP port %d: %w", port, cause(err))
	}
	sock := &socket{udp: udp, v6: v6, port: uint16(udp.LocalAddr().(*net.UDPAddr).Port), marker: natt}
	if v6 {
		err = ipv6.NewPacketConn(udp).SetControlMessage(ipv6.FlagDst, true)
	} else {
		err = ipv4.NewPacketConn(udp).SetControlMessage(ipv4.FlagDst, true)
	}
	if err == nil {
		sock.packet, err = newBatchConn(udp)
	}
	if err != nil {
		udp.Close()
		return nil, fmt.Errorf("UDP port %d: IP_PKTINFO: %w", port, cause(err))
	}
	return sock, nil
}

// bind makes a socket, or takes the one that there was before: all its options are set
// again, as it may have been another data plane's.
func bind(before kept, at place, o Options, natt bool) (*net.UDPConn, error) {
	if udp := before.find(at); udp != nil {
		raw, err := udp.SyscallConn()
		if err == nil {
			err = setOptions(raw, at.v6, o, natt)
		}
		if err != nil {
			return nil, errors.Join(err, udp.Close())
		}
		return udp, nil
	}
	// SO_REUSEADDR is off, as Go leaves it for UDP, but while those of a VRF are bound: a
	// second daemon must be told that the port is taken and not share its datagrams.
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return setOptions(c, at.v6, o, natt)
	}}
	network := "udp4"
	if at.v6 {
		network = "udp6"
	}
	conn, err := config.ListenPacket(context.Background(), network, fmt.Sprintf(":%d", at.port))
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

func setOptions(c syscall.RawConn, v6 bool, o Options, natt bool) error {
	level, discover := unix.IPPROTO_IP, unix.IP_MTU_DISCOVER
	if v6 {
		level, discover = unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER
	}
	return onSocket(c, func(fd int) error {
		if o.VRF != "" {
			err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
			// One that was kept is bound: to bind it again takes CAP_NET_RAW.
			if bound, _ := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE); err == nil && bound != o.VRF {
				err = unix.BindToDevice(fd, o.VRF)
			}
			if err != nil {
				return fmt.Errorf("SO_BINDTODEVICE: %w", err)
			}
		}
		// Messages with certificates are longer than many paths: without DF
		// they are fragmented on the way, as IOS's are.
		if err := unix.SetsockoptInt(fd, level, discover, unix.IP_PMTUDISC_DONT); err != nil {
			return fmt.Errorf("IP_MTU_DISCOVER: %w", err)
		}
		if err := exempt(fd, v6); err != nil && o.Bypass {
			return fmt.Errorf("IP_XFRM_POLICY: %w", err)
		}
		enlarge(fd)
		switch {
		case natt && o.ESP:
			return share(fd)
		case natt && o.Bypass:
			// What has no non-ESP marker is ESP, and goes to the kernel's SAs.
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_ENCAP, unix.UDP_ENCAP_ESPINUDP); err != nil {
				return fmt.Errorf("UDP_ENCAP: %w", err)
			}
		}
		return nil
	})
}

// queue is how many octets may wait in a socket, each way: the messages of a thousand peers
// that begin at once, or the ESP of a turn of ours.
const queue = 4 << 20

// enlarge gives a socket its queue: beyond the system's own limit only with CAP_NET_ADMIN.
func enlarge(fd int) {
	for _, size := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, size[0], queue) != nil {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, size[1], queue)
		}
	}
}

// onSocket does something with a socket's descriptor.
func onSocket(c syscall.RawConn, f func(fd int) error) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}

// cause drops what net wraps around the system's answer: "listen udp4 :500:".
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// Ports are the ports taken, for IKE and for IKE behind NAT.
func (s *Sockets) Ports() (ike, natt uint16) { return s.ike, s.natt }

// Close makes Receive return.
func (s *Sockets) Close() error {
	var errs []error
	for _, sock := range s.all {
		errs = append(errs, sock.udp.Close())
	}
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
