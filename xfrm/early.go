package xfrm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Where we begin a rekey the peer has the keys before us, and some send on the new
// pair at once: what comes before our inbound SA stands the kernel drops. A raw
// socket gets a copy of it before that, so that the socket's own queue keeps it
// until the SA stands. Then it is sent to ourselves: on the loopback interface a
// packet goes by the route that it was sent with, and rp_filter is not asked.
//
// What came between the SA's installation and the end of the copying is doubled;
// the SA's replay window takes it once, and counts the other.
//
// ESP in UDP never reaches the IKE sockets, as the kernel takes it from them to look
// for its SA; but it is UDP, of which a raw socket gets copies likewise. AH is not
// kept: it covers the identification of the IPv4 header, and for one of 0 the kernel
// chooses another on the way back.

const (
	maxExpected = 32        // SAs at a time, a socket each
	earlyOctets = 128 << 10 // of a socket's queue; the kernel grants twice that and counts its own structures
	earlyMost   = 256       // packets that are given back
)

const (
	headerIPv6 = 40 // octets, without extensions
	headerUDP  = 8
	maxIP      = 1<<16 - 1 // octets of a packet
)

// kept is a raw socket with what came early for an SA.
type kept struct {
	fd       int
	protocol uint8
}

// ExpectSA keeps what arrives for an SA until InstallSA or RemoveSA, within limits:
// beyond 32 SAs at a time nothing is kept, and that is no error. It wants
// CAP_NET_RAW, and says once when it has not got it. It is to be called in the data
// plane's network namespace.
func (d *Dataplane) ExpectSA(id ipsec.SAID, encap *ipsec.Encap) error {
	if d.deaf || id.Protocol != ipsec.ESP || len(d.expected) >= maxExpected {
		return nil
	}
	d.unexpect(id)
	k, err := listenFor(id, encap != nil)
	if err != nil {
		d.deaf = errors.Is(err, unix.EPERM)
		return fmt.Errorf("keep what comes early for %s: %w", describeID(id), err)
	}
	d.expected[id.SPI] = k
	return nil
}

// unexpect drops what was kept.
func (d *Dataplane) unexpect(id ipsec.SAID) {
	if k, ok := d.expected[id.SPI]; ok {
		delete(d.expected, id.SPI)
		unix.Close(k.fd)
	}
}

// listenFor opens a raw socket for the packets of one SPI from one peer. From its
// first moment to the filter it may take others, which are none of this SPI: the
// peer has not heard of it.
func listenFor(id ipsec.SAID, inUDP bool) (kept, error) {
	protocol, offset := unix.IPPROTO_ESP, uint32(0)
	if inUDP {
		protocol, offset = unix.IPPROTO_UDP, headerUDP
	}
	fd, err := unix.Socket(int(family(id.Dst)), unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return kept{}, err
	}
	err = errors.Join(
		attach(fd, spiFilter(id.Dst.Is4(), offset, id.SPI)),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, earlyOctets),
		unix.Bind(fd, sockaddr(id.Dst)),
		unix.Connect(fd, sockaddr(id.Src)),
	)
	if err != nil {
		unix.Close(fd)
		return kept{}, err
	}
	var none [1]byte
	for range earlyMost {
		if _, _, err := unix.Recvfrom(fd, none[:], 0); errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	return kept{fd: fd, protocol: uint8(protocol)}, nil
}

// giveBack sends what was kept for an SA, which stands now, to ourselves. What
// cannot be sent is lost, as all of it was without this.
func (d *Dataplane) giveBack(id ipsec.SAID) {
	k, ok := d.expected[id.SPI]
	if !ok {
		return
	}
	defer d.unexpect(id)
	// It would get copies of what is sent.
	if attach(k.fd, []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}) != nil {
		return
	}
	out, err := unix.Socket(int(family(id.Dst)), unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return
	}
	defer unix.Close(out)
	var b []byte
	for range earlyMost {
		if _, _, err := unix.Recvfrom(k.fd, nil, unix.MSG_PEEK); errors.Is(err, unix.EAGAIN) {
			return
		}
		if b == nil {
			b = make([]byte, headerIPv6+maxIP)
		}
		if packet, err := k.receive(id, b); err == nil {
			unix.Sendto(out, packet, 0, sockaddr(id.Dst))
		}
	}
}

// receive takes the next packet into b, with its IP header. Of IPv6 a raw socket
// gives what follows the headers only.
func (k kept) receive(id ipsec.SAID, b []byte) ([]byte, error) {
	if id.Dst.Is4() {
		n, _, err := unix.Recvfrom(k.fd, b, 0)
		return b[:max(n, 0)], err
	}
	n, _, err := unix.Recvfrom(k.fd, b[headerIPv6:], 0)
	if err != nil {
		return nil, err
	}
	return putIPv6(b[:headerIPv6+n], k.protocol, id.Src, id.Dst), nil
}

// putIPv6 writes the header (RFC 8200 section 3) before what follows it.
func putIPv6(b []byte, protocol uint8, src, dst netip.Addr) []byte {
	binary.BigEndian.PutUint32(b, 6<<28)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-headerIPv6))
	b[6], b[7] = protocol, 64
	copy(b[8:], src.AsSlice())
	copy(b[24:], dst.AsSlice())
	return b
}

// spiFilter passes the packets of an SPI that stands offset octets behind the IP
// header, with which those of IPv4 begin.
func spiFilter(v4 bool, offset, spi uint32) []unix.SockFilter {
	load := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}}
	if v4 {
		load = []unix.SockFilter{
			{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH},
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_IND, K: offset},
		}
	}
	return append(load,
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: spi},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: ^uint32(0)},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K},
	)
}

// attach makes a filter that of a socket.
func attach(fd int, filter []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

func sockaddr(a netip.Addr) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Addr: a.As16()}
}
