//go:build bench

package speed

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pingPort  = 7000
	pingBytes = 64
)

// pingPong sends small datagrams there and back, each when the one before is
// back, and gives the median of their times and what 99 of 100 stay below. The
// sockets block: Go's poller would add its own time.
func (s *stage) pingPong(b *testing.B) (half, percent99 time.Duration) {
	b.Helper()
	echo, ping := s.socket(b, 1, 0), s.socket(b, 0, 1)
	defer unix.Close(ping)
	go func() {
		defer unix.Close(echo)
		buf := make([]byte, pingBytes)
		for {
			if n, err := read(echo, buf); err != nil || n == 1 {
				return
			}
			unix.Write(echo, buf)
		}
	}()
	buf, times := make([]byte, pingBytes), make([]time.Duration, 0, pings)
	for i := range pings + pings/10 {
		began := time.Now()
		if _, err := unix.Write(ping, buf); err != nil {
			b.Fatal(err)
		}
		if _, err := read(ping, buf); err != nil {
			b.Fatalf("datagram %d: %v", i, err)
		}
		if i >= pings/10 { // the first ones wake what sleeps
			times = append(times, time.Since(began))
		}
	}
	unix.Write(ping, buf[:1]) // the end
	slices.Sort(times)
	return times[len(times)/2], times[len(times)*99/100]
}

// read goes on after a signal, of which Go's scheduler sends some.
func read(fd int, buf []byte) (n int, err error) {
	for {
		if n, err = unix.Read(fd, buf); err != unix.EINTR {
			return n, err
		}
	}
}

// socket is connected to the other end's and gives up after a second.
func (s *stage) socket(b *testing.B, from, to int) (fd int) {
	b.Helper()
	addr := func(i int) unix.Sockaddr {
		return &unix.SockaddrInet4{Addr: netip.MustParseAddr(s.inner[i]).As4(), Port: pingPort}
	}
	must(b, s.hosts[from].Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
			return err
		}
		if err = unix.Bind(fd, addr(from)); err != nil {
			return err
		}
		return unix.Connect(fd, addr(to))
	}))
	return fd
}
