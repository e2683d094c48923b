package routers

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Packet is an IPv4 packet seen on the outer link.
type Packet struct {
	Time time.Time
	// Sent says that the router whose interface this is sent it. An arriving
	// ESP packet is seen twice, the second time as the kernel decrypted it: only
	// what each side sends is what crosses the wire.
	Sent     bool
	Src, Dst netip.Addr
	Protocol uint8 // 17 UDP, 47 GRE, 50 ESP
	Data     []byte
	// Of UDP packets.
	SrcPort, DstPort uint16
	Payload          []byte
}

// Capture sees every IPv4 packet that crosses a router's outer interface.
type Capture struct {
	fd   int
	mu   sync.Mutex
	all  []Packet
	done chan struct{}
}

// Capture starts seeing; each packet also goes to show when that is not nil.
func (r *Router) Capture(show func(Packet)) (*Capture, error) {
	c := &Capture{done: make(chan struct{})}
	opened := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := c.open(r.NS)
		opened <- err
		if err != nil {
			return
		}
		defer close(c.done)
		fd := c.fd
		buf, control := make([]byte, 1<<16), make([]byte, 64)
		for {
			n, m, _, from, err := unix.Recvmsg(fd, buf, control, 0)
			if err == unix.EINTR || err == unix.EAGAIN {
				if c.closed() {
					return
				}
				continue
			}
			if err != nil {
				return
			}
			if p, ok := parse(buf[:n]); ok {
				p.Time = stamp(control[:m])
				p.Sent = from.(*unix.SockaddrLinklayer).Pkttype == unix.PACKET_OUTGOING
				c.mu.Lock()
				c.all = append(c.all, p)
				c.mu.Unlock()
				if show != nil {
					show(p)
				}
			}
		}
	}()
	return c, <-opened
}

func (c *Capture) open(name string) error {
	ns, err := netns.GetFromName(name)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := netns.Set(ns); err != nil {
		return err
	}
	all := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, int(all))
	if err != nil {
		return err
	}
	link, err := interfaceIndex(Outer, fd)
	if err != nil {
		return err
	}
	// A read returns at least every 100 ms, so that Close is seen.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
		return err
	}
	// The time of the packet, not of our reading it.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return err
	}
	c.fd = fd
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link})
}

// stamp reads the kernel's time of a packet.
func stamp(control []byte) time.Time {
	list, err := unix.ParseSocketControlMessage(control)
	if err == nil && len(list) > 0 && list[0].Header.Type == unix.SO_TIMESTAMPNS && len(list[0].Data) >= 16 {
		sec, nsec := binary.NativeEndian.Uint64(list[0].Data), binary.NativeEndian.Uint64(list[0].Data[8:])
		return time.Unix(int64(sec), int64(nsec))
	}
	return time.Now()
}

func interfaceIndex(name string, fd int) (int, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, err
	}
	return int(ifr.Uint32()), nil
}

func (c *Capture) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fd < 0
}

// Packets seen so far.
func (c *Capture) Packets() []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Packet(nil), c.all...)
}

// Close ends the capture and returns what it saw.
func (c *Capture) Close() []Packet {
	c.mu.Lock()
	fd := c.fd
	c.fd = -1
	c.mu.Unlock()
	if fd >= 0 {
		<-c.done
		unix.Close(fd)
	}
	return c.Packets()
}

func parse(b []byte) (Packet, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return Packet{}, false
	}
	head := int(b[0]&15) * 4
	if head < 20 || head > len(b) {
		return Packet{}, false
	}
	p := Packet{Protocol: b[9], Data: append([]byte(nil), b...)}
	p.Src, _ = netip.AddrFromSlice(b[12:16])
	p.Dst, _ = netip.AddrFromSlice(b[16:20])
	if udp := p.Data[head:]; p.Protocol == unix.IPPROTO_UDP && len(udp) >= 8 {
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(udp), binary.BigEndian.Uint16(udp[2:])
		p.Payload = udp[8:]
	}
	return p, true
}

// ISAKMP says whether the packet is an IKE message on port 500.
func (p Packet) ISAKMP() bool { return p.DstPort == 500 && len(p.Payload) >= 28 }
