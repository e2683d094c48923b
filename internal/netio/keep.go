package netio

import (
	"net"
	"os"
	"syscall"
)

// Between two processes of the daemon the sockets of the first may stay open, for the
// second: what comes waits in their queues, and the kernel goes on with ESP in UDP, which
// it takes only where there is a socket that asks for it.

// Conns are the sockets of IKE, for who keeps them open.
func (s *Sockets) Conns() []syscall.Conn {
	conns := make([]syscall.Conn, len(s.all))
	for i, sock := range s.all {
		conns[i] = sock.udp
	}
	return conns
}

// A place is what a socket is bound to, on all addresses.
type place struct {
	port uint16
	v6   bool
}

// kept are the sockets of the process before.
type kept map[place]*net.UDPConn

// take makes sockets of files, which it closes. What is none of UDP, or of one address
// only, is nobody's.
func take(files []*os.File) kept {
	k := kept{}
	for _, f := range files {
		conn, err := net.FilePacketConn(f)
		f.Close()
		if err != nil {
			continue
		}
		udp, isUDP := conn.(*net.UDPConn)
		if !isUDP {
			conn.Close()
			continue
		}
		at := udp.LocalAddr().(*net.UDPAddr)
		p := place{uint16(at.Port), at.IP.To4() == nil}
		if _, twice := k[p]; twice || !at.IP.IsUnspecified() {
			udp.Close()
			continue
		}
		k[p] = udp
	}
	return k
}

// find takes one out, nil when there is none.
func (k kept) find(p place) *net.UDPConn {
	udp := k[p]
	delete(k, p)
	return udp
}

// close closes what nobody has found.
func (k kept) close() {
	for _, udp := range k {
		udp.Close()
	}
	clear(k)
}
