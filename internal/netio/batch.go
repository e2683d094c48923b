package netio

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// A batchConn is what ipv4.PacketConn and ipv6.PacketConn do with batches, by calls
// that Go's scheduler is not told of. It watches who may block: where the process
// was idle that wakes a thread for each datagram, for a twentieth of a handshake. A
// call on a socket that does not block is over before the watch would look.
type batchConn struct{ raw syscall.RawConn }

func newBatchConn(udp *net.UDPConn) (batchConn, error) {
	raw, err := udp.SyscallConn()
	return batchConn{raw}, err
}

// ReadBatch waits for datagrams and returns how many there are.
func (b batchConn) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	c := calls.Get().(*call)
	defer c.put()
	c.pack(messages, flags)
	for i := range c.headers {
		c.headers[i].Name, c.headers[i].Namelen = c.names[i].octets(), unix.SizeofSockaddrInet6
	}
	if err := c.run(b.raw.Read, unix.SYS_RECVMMSG, "recvmmsg"); err != nil {
		return 0, err
	}
	for i, h := range c.headers[:c.moved] {
		m := &messages[i]
		m.N, m.NN, m.Flags, m.Addr = int(h.n), int(h.Controllen), int(h.Flags), net.UDPAddrFromAddrPort(c.names[i].addrPort())
	}
	return c.moved, nil
}

// WriteBatch returns how many datagrams were taken. With MSG_DONTWAIT it does not
// wait for room.
func (b batchConn) WriteBatch(messages []ipv4.Message, flags int) (int, error) {
	c := calls.Get().(*call)
	defer c.put()
	c.pack(messages, flags)
	for i := range c.headers {
		c.headers[i].Name, c.headers[i].Namelen = c.names[i].octets(), c.names[i].set(messages[i].Addr.(*net.UDPAddr).AddrPort())
	}
	err := c.run(b.raw.Write, unix.SYS_SENDMMSG, "sendmmsg")
	return c.moved, err
}

// A call is the memory of a system call, for one after the other.
type call struct {
	headers []mmsghdr
	vectors []unix.Iovec
	names   []name
	flags   int
	number  uintptr
	moved   int
	errno   syscall.Errno
	try     func(fd uintptr) (done bool)
}

// mmsghdr is that of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32 // octets moved
}

var calls = sync.Pool{New: func() any {
	c := new(call)
	c.try = c.once
	return c
}}

// put keeps the memory, but nothing of the datagrams.
func (c *call) put() {
	clear(c.headers)
	clear(c.vectors)
	calls.Put(c)
}

// pack describes the messages without their addresses.
func (c *call) pack(messages []ipv4.Message, flags int) {
	c.flags = flags
	buffers := 0
	for _, m := range messages {
		buffers += len(m.Buffers)
	}
	c.headers, c.vectors, c.names = sized(c.headers, len(messages)), sized(c.vectors, buffers), sized(c.names, len(messages))
	rest := c.vectors
	for i, m := range messages {
		h := &c.headers[i]
		for j, buffer := range m.Buffers {
			rest[j].Base = unsafe.SliceData(buffer)
			rest[j].SetLen(len(buffer))
		}
		h.Iov, h.Control = unsafe.SliceData(rest), unsafe.SliceData(m.OOB)
		h.SetIovlen(len(m.Buffers))
		h.SetControllen(len(m.OOB))
		rest = rest[len(m.Buffers):]
	}
}

// sized gives a slice of n, of the same memory if there is enough.
func sized[T any](s []T, n int) []T {
	if n > cap(s) {
		return make([]T, n)
	}
	return s[:n]
}

// run makes the system call, and again when the socket is ready if that has to be
// waited for.
func (c *call) run(when func(func(fd uintptr) bool) error, number uintptr, name string) error {
	c.number, c.moved, c.errno = number, 0, 0
	if err := when(c.try); err != nil {
		return err
	}
	if c.errno != 0 {
		return os.NewSyscallError(name, c.errno)
	}
	return nil
}

func (c *call) once(fd uintptr) (done bool) {
	n, _, errno := unix.RawSyscall6(c.number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(c.headers))), uintptr(len(c.headers)), uintptr(c.flags), 0, 0)
	if c.errno = errno; errno == 0 {
		c.moved = int(n)
	}
	return errno != unix.EAGAIN || c.flags&unix.MSG_DONTWAIT != 0
}

// A name is a socket address of either family: that of IPv4 is shorter.
type name unix.RawSockaddrInet6

func (n *name) octets() *byte { return (*byte)(unsafe.Pointer(n)) }

func (n *name) v4() *unix.RawSockaddrInet4 { return (*unix.RawSockaddrInet4)(unsafe.Pointer(n)) }

// set writes an address and gives its length.
func (n *name) set(a netip.AddrPort) uint32 {
	port := binary.NativeEndian.Uint16([]byte{byte(a.Port() >> 8), byte(a.Port())}) // in the order of the network
	ip := a.Addr().Unmap()
	if ip.Is4() {
		*n.v4() = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: ip.As4()}
		return unix.SizeofSockaddrInet4
	}
	scope, _ := strconv.ParseUint(ip.Zone(), 10, 32) // of a link-local address, as addrPort writes it
	*n = name{Family: unix.AF_INET6, Port: port, Addr: ip.As16(), Scope_id: uint32(scope)}
	return unix.SizeofSockaddrInet6
}

// addrPort reads an address.
func (n *name) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, n.Port))
	if n.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4(n.v4().Addr), port)
	}
	a := netip.AddrFrom16(n.Addr)
	if n.Scope_id != 0 {
		a = a.WithZone(strconv.FormatUint(uint64(n.Scope_id), 10))
	}
	return netip.AddrPortFrom(a, port)
}
