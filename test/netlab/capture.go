package netlab

import (
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Capture is every IPv4 packet that a host sends over a link. What it
// receives is what its neighbour sends: captured on the receiver, a packet
// which ESP protected is seen a second time in clear, as if it had come so, when
// the kernel has decrypted it (tcpdump shows it too).
type Capture struct {
	mu      sync.Mutex // held by who reads
	packets []Packet
	buf     []byte
	fd      int
	ended   chan struct{}
}

// A Packet is one captured IPv4 packet.
type Packet struct {
	At   time.Time
	Data []byte // from the IP header on
}

// Protocol is the packet's IP protocol number.
func (p Packet) Protocol() uint8 { return p.Data[9] }

// Sent starts to record what the host sends over a link; it stops when the
// test is over.
func (h *Host) Sent(link string) *Capture {
	h.t.Helper()
	c := &Capture{buf: make([]byte, 1<<16), ended: make(chan struct{})}
	err := h.Do(func() (err error) {
		ifi, err := net.InterfaceByName(link)
		if err != nil {
			return err
		}
		// ETH_P_ALL, because a socket for ETH_P_IP alone does not see what
		// the host sends. SOCK_DGRAM takes off the link's own header.
		if c.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.Bind(c.fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: ifi.Index})
	})
	if err != nil {
		h.t.Fatalf("%s: capture of %s: %v", h.Name, link, err)
	}
	stop := make(chan struct{})
	go c.record(stop)
	h.t.Cleanup(func() {
		close(stop)
		<-c.ended
		unix.Close(c.fd)
	})
	return c
}

func (c *Capture) record(stop chan struct{}) {
	defer close(c.ended)
	const look = 50 // milliseconds after which stop is seen
	for {
		unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, look)
		c.mu.Lock()
		c.read()
		c.mu.Unlock()
		select {
		case <-stop:
			return
		default:
		}
	}
}

// read takes what waits in the socket.
func (c *Capture) read() {
	for {
		n, from, err := unix.Recvfrom(c.fd, c.buf, unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		ll, ok := from.(*unix.SockaddrLinklayer)
		if ok && ll.Pkttype == unix.PACKET_OUTGOING && ll.Protocol == htons(unix.ETH_P_IP) && n >= 20 {
			c.packets = append(c.packets, Packet{time.Now(), append([]byte(nil), c.buf[:n]...)})
		}
	}
}

// Packets returns what was sent so far.
func (c *Capture) Packets() []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read()
	return append([]Packet(nil), c.packets...)
}

// String lists the packets, for a failed test's message.
func (c *Capture) String() string {
	var s string
	for _, p := range c.Packets() {
		s += fmt.Sprintf("%s %v -> %v protocol %d, %d octets\n", p.At.Format("05.000"),
			net.IP(p.Data[12:16]), net.IP(p.Data[16:20]), p.Protocol(), len(p.Data))
	}
	return s
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }
