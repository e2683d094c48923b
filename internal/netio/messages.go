package netio

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// messages are those of one system call of ESP, with memory that is made once:
// nothing is allocated a call. They are for one goroutine. Go's scheduler is told of
// the call: a long train goes all the way to its receiver in it.
type messages struct {
	headers  []mmsghdr
	vectors  []unix.Iovec
	names    []name
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
		headers: make([]mmsghdr, n), vectors: make([]unix.Iovec, n),
		names: make([]name, n), controls: make([][controlSpace]byte, n), data: make([][]byte, n), v6: v6,
	}
	for i := range m.headers {
		h := &m.headers[i]
		h.Name = m.names[i].octets()
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
	return m.data[i][:h.n], h.Flags&unix.MSG_TRUNC != 0, m.from(i), parseControl(m.controls[i][:h.Controllen])
}

func (m *messages) from(i int) netip.AddrPort {
	a := m.names[i].addrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// put makes the i-th of data, an address to go to and a control.
func (m *messages) put(i int, data []byte, to netip.AddrPort, c control) {
	m.buffer(i, data)
	m.headers[i].Namelen = m.names[i].set(to)
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
