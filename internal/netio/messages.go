package netio

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A header is struct mmsghdr of recvmmsg(2).
type header struct {
	unix.Msghdr
	octets uint32
}

// messages are those of one system call, with memory that is made once: nothing
// is allocated a call. They are for one goroutine.
type messages struct {
	headers  []header
	vectors  []unix.Iovec
	names    []unix.RawSockaddrInet6 // one of IPv4 is shorter
	controls [][controlSpace]byte
	data     [][]byte
	v6       bool

	first int // the next call begins with it
	count int // and takes so many at most
	done  int
	errno syscall.Errno
	turn  func(fd uintptr) bool
}

// newMessages makes room for n of them that call, SYS_RECVMMSG or SYS_SENDMMSG,
// moves.
func newMessages(n int, v6 bool, call uintptr) *messages {
	m := &messages{
		headers: make([]header, n), vectors: make([]unix.Iovec, n),
		names: make([]unix.RawSockaddrInet6, n), controls: make([][controlSpace]byte, n), data: make([][]byte, n), v6: v6,
	}
	for i := range m.headers {
		h := &m.headers[i]
		h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
		h.Iov = &m.vectors[i]
		h.SetIovlen(1)
		h.Control = &m.controls[i][0]
	}
	m.turn = func(fd uintptr) bool {
		for {
			done, _, errno := syscall.Syscall6(call, fd, uintptr(unsafe.Pointer(&m.headers[m.first])), uintptr(m.count), unix.MSG_DONTWAIT, 0, 0)
			if m.done, m.errno = int(done), errno; errno != unix.EINTR {
				return errno != unix.EAGAIN
			}
		}
	}
	return m
}

// receive waits for messages and gives how many came. Before, buffer has given
// each its memory.
func (m *messages) receive(c syscall.RawConn) (int, error) {
	for i := range m.headers {
		h := &m.headers[i]
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSpace)
	}
	m.count = len(m.headers)
	if err := c.Read(m.turn); err != nil {
		return 0, err
	}
	if m.errno != 0 {
		return 0, m.errno
	}
	return m.done, nil
}

func (m *messages) buffer(i int, b []byte) {
	m.data[i] = b
	m.vectors[i].Base = &b[0]
	m.vectors[i].SetLen(len(b))
}

// received is the i-th: its octets, whether that was not all, where it came from
// and what the system says beside it.
func (m *messages) received(i int) (data []byte, truncated bool, from netip.AddrPort, c control) {
	h := &m.headers[i]
	return m.data[i][:h.octets], h.Flags&unix.MSG_TRUNC != 0, m.name(i), parseControl(m.controls[i][:h.Controllen])
}

// name reads an address as the system writes it. Both families have the port
// behind the family.
func (m *messages) name(i int) netip.AddrPort {
	n := &m.names[i]
	port := swap(n.Port)
	if n.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(n)).Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(n.Addr).Unmap(), port)
}

// address sets where the i-th goes.
func (m *messages) address(i int, to netip.AddrPort) {
	n := &m.names[i]
	*n = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swap(to.Port()), Addr: to.Addr().As16()}
	m.headers[i].Namelen = unix.SizeofSockaddrInet6
	if !m.v6 {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(n)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swap(to.Port()), Addr: to.Addr().As4()}
		m.headers[i].Namelen = unix.SizeofSockaddrInet4
	}
}

// swap is between the host's order and the network's.
func swap(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}

// put makes the i-th of data, an address to go to and a control.
func (m *messages) put(i int, data []byte, to netip.AddrPort, c control) {
	m.buffer(i, data)
	m.address(i, to)
	m.headers[i].SetControllen(c.put(m.controls[i][:], m.v6))
}

// send writes the messages from the first-th up to the n-th. It stops at one that
// the system refuses: sent is its number.
func (m *messages) send(c syscall.RawConn, first, n int) (sent int, err error) {
	for m.first = first; m.first < n; m.first += m.done {
		m.count = n - m.first
		if err := c.Write(m.turn); err != nil {
			return m.first, err
		}
		if m.errno != 0 {
			return m.first, m.errno
		}
	}
	return n, nil
}
