package netio

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
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

// Conns are the sockets of all VRFs. The global one's come first: where not all are kept
// open, those of another alone would keep its ports from it.
func (d *Doors) Conns() []syscall.Conn {
	d.mu.RLock()
	defer d.mu.RUnlock()
	conns := d.global.Conns()
	for _, s := range d.vrfs {
		conns = append(conns, s.Conns()...)
	}
	return conns
}

// A place is what a socket is bound to, on all addresses.
type place struct {
	vrf  string
	port uint16
	v6   bool
}

// kept are the sockets of the process before.
type kept map[place]*net.UDPConn

// take makes sockets of files, which it closes. What is none of UDP, or of one address
// only, or of a device that is gone, is nobody's.
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
		vrf, err := deviceOf(udp)
		p := place{vrf, uint16(at.Port), at.IP.To4() == nil}
		if _, twice := k[p]; err != nil || twice || !at.IP.IsUnspecified() {
			udp.Close()
			continue
		}
		k[p] = udp
	}
	return k
}

// deviceOf is what a socket is bound to, "" for none.
func deviceOf(udp *net.UDPConn) (name string, err error) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return "", err
	}
	err = onSocket(raw, func(fd int) (err error) {
		name, err = unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		return err
	})
	return name, err
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
