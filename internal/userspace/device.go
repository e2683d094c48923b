package userspace

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/rtnetlink"
)

const devicePath = "/dev/net/tun"

// A device is a TUN device. The kernel hands over segments of TCP and datagrams of
// UDP that belong together as one packet, and takes them so.
type device struct {
	file     *os.File
	conn     syscall.RawConn
	datagram bool // of UDP too: Linux 6.2 or later
}

var errNotPermitted = errors.New("not permitted to make interfaces: this needs CAP_NET_ADMIN")

// Probe says whether TUN devices can be made here. The error is one line.
func Probe() error {
	fd, err := unix.Open(devicePath, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", devicePath, err)
	}
	unix.Close(fd)
	host, err := rtnetlink.Open()
	if err != nil {
		return err
	}
	defer host.Close()
	if errors.Is(host.Probe(ipsec.Dummy), unix.EPERM) {
		return errNotPermitted
	}
	return nil
}

// openDevice makes a TUN device, down and without addresses, in the caller's network
// namespace, or takes the one that the process before has left as it is. It vanishes with
// the descriptor.
func openDevice(name string, inherited bool) (*device, error) {
	fd, err := unix.Open(devicePath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", devicePath, err)
	}
	d := &device{}
	request, err := unix.NewIfreq(name)
	if err == nil {
		flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		if !inherited {
			flags |= unix.IFF_TUN_EXCL
		}
		request.SetUint16(flags)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	switch {
	case errors.Is(err, unix.EBUSY):
		err = errors.New("it exists and is not obol's")
	case errors.Is(err, unix.EPERM):
		err = errNotPermitted
	}
	if err == nil {
		const segments = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6
		d.datagram = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, segments|unix.TUN_F_USO4|unix.TUN_F_USO6) == nil
		if !d.datagram {
			err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, segments)
		}
	}
	if err == nil && inherited {
		err = unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 0)
	}
	if err == nil {
		d.file = os.NewFile(uintptr(fd), devicePath)
		d.conn, err = d.file.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return d, nil
}

// persist lets the device outlive the descriptor, 1, or not, 0.
func (d *device) persist(on int) (err error) {
	failed := d.conn.Control(func(fd uintptr) { err = unix.IoctlSetInt(int(fd), unix.TUNSETPERSIST, on) })
	return errors.Join(failed, err)
}

func (d *device) close() error { return d.file.Close() }

// A deviceReader reads packets with their virtio-net header, without allocating. It
// is for one goroutine.
type deviceReader struct {
	device *device
	buffer []byte
	wait   bool
	n      int
	errno  syscall.Errno
	turn   func(fd uintptr) bool
}

func newDeviceReader(d *device, buffer []byte) *deviceReader {
	r := &deviceReader{device: d, buffer: buffer}
	r.turn = func(fd uintptr) bool {
		for {
			n, _, errno := syscall.Syscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&r.buffer[0])), uintptr(len(r.buffer)))
			if r.n, r.errno = int(n), errno; errno != unix.EINTR {
				return errno != unix.EAGAIN || !r.wait
			}
		}
	}
	return r
}

// read gives the next packet; nil where there is none, if it is not to wait, and for
// one that the kernel could not hand over. An error says that the device is gone.
func (r *deviceReader) read(wait bool) ([]byte, error) {
	r.wait = wait
	if err := r.device.conn.Read(r.turn); err != nil {
		return nil, err
	}
	switch r.errno {
	case 0:
		return r.buffer[:r.n], nil
	case unix.EBADFD:
		return nil, r.errno
	}
	return nil, nil
}

// A deviceWriter writes a packet from where its parts lie. It is for one goroutine.
type deviceWriter struct {
	parts []unix.Iovec
	errno syscall.Errno
	turn  func(fd uintptr) bool
}

func newDeviceWriter() *deviceWriter {
	w := &deviceWriter{parts: make([]unix.Iovec, 0, maxParts)}
	w.turn = func(fd uintptr) bool {
		for {
			_, _, w.errno = syscall.Syscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&w.parts[0])), uintptr(len(w.parts)))
			if w.errno != unix.EINTR {
				return w.errno != unix.EAGAIN
			}
		}
	}
	return w
}

func (w *deviceWriter) add(b []byte) {
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	w.parts = append(w.parts, v)
}

// write writes the parts that were added as one packet.
func (w *deviceWriter) write(d *device) error {
	err := d.conn.Write(w.turn)
	w.parts = w.parts[:0]
	if err == nil && w.errno != 0 {
		err = w.errno
	}
	return err
}
