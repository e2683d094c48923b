package routers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Flow is numbered datagrams of 1000 octets, between two routers both ways at once, or
// there and back. No more of them are under way than the shortest queue has room for, that
// of the socket at the end, and on a slow machine the flow is slower: what is lost is lost
// by the tunnel.
type Flow struct {
	ways               []*way
	began, ended       time.Time
	stop               chan struct{}
	senders, receivers sync.WaitGroup
}

// A way is one direction, or there and back with the same socket.
type way struct {
	name           string
	from, to       *net.UDPConn
	sent, received atomic.Uint64  // datagrams
	times          map[uint64]int // that a number has come
	err            error          // of the sender
}

// FlowPort is of both ends of a flow.
const FlowPort = 7000

const (
	flowSize   = 1000                  // octets of a datagram
	flowWindow = 64                    // datagrams; a socket's queue has room for more with Linux's defaults
	flowSlow   = 16                    // of one a millisecond: its SA's last 256 kilobytes outlast a rekeying on a slow machine too
	flowTick   = time.Millisecond      //
	flowWait   = time.Minute           // for a tunnel that carries
	flowLate   = 30 * time.Second      // what has not come by then is lost
	flowLook   = 10 * time.Millisecond //
	flowGreet  = 500 * time.Millisecond
)

// Flow starts one between an address of R1 and one of R2, when they reach each other:
// each millisecond brings so many datagrams each way.
func (p *Pair) Flow(at1, at2 string, each int) (*Flow, error) {
	c1, err := udpIn(p.R1.NS, at1, at2)
	if err != nil {
		return nil, err
	}
	c2, err := udpIn(p.R2.NS, at2, at1)
	if err != nil {
		return nil, errors.Join(err, c1.Close())
	}
	if err := greet(c1, c2); err != nil {
		return nil, errors.Join(err, c1.Close(), c2.Close())
	}
	return newFlow(each, &way{name: "from R1 to R2", from: c1, to: c2}, &way{name: "from R2 to R1", from: c2, to: c1}), nil
}

// Echo starts one from an address of this host to another, where FlowPort sends back what
// comes: each millisecond brings a datagram.
func Echo(local, remote string) (*Flow, error) {
	c, err := udp(local, remote)
	if err != nil {
		return nil, err
	}
	return newFlow(1, &way{name: "to " + remote + " and back", from: c, to: c}), nil
}

func newFlow(each int, ways ...*way) *Flow {
	f := &Flow{ways: ways, began: time.Now(), stop: make(chan struct{})}
	for _, w := range ways {
		w.times = map[uint64]int{}
		f.senders.Go(func() { w.send(each, f.stop) })
		f.receivers.Go(w.receive)
	}
	return f
}

// udpIn is a socket of a namespace.
func udpIn(name, local, remote string) (c *net.UDPConn, err error) {
	err = in(name, func() (err error) {
		c, err = udp(local, remote)
		return err
	})
	return c, err
}

// udp is a socket between two addresses. Of a tunnel that one router has up, the other
// may have its routes a moment later.
func udp(local, remote string) (c *net.UDPConn, err error) {
	end := func(address string) *net.UDPAddr {
		a, _ := netip.ParseAddr(address)
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, FlowPort))
	}
	for until := time.Now().Add(flowWait); ; time.Sleep(flowLook) {
		c, err = net.DialUDP("udp", end(local), end(remote))
		if !(errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)) || time.Now().After(until) {
			return c, err
		}
	}
}

// greet sends both ways until an answer has come. Who answers may have the routes of a
// tunnel before its SAs. What comes late of a greeting is no datagram of a flow.
func greet(c1, c2 *net.UDPConn) error {
	arrives := func(from, to *net.UDPConn) bool {
		from.Write([]byte("?")) // it may be refused as yet
		to.SetReadDeadline(time.Now().Add(flowGreet))
		_, err := to.Read(make([]byte, flowSize))
		return err == nil
	}
	for until := time.Now().Add(flowWait); !(arrives(c1, c2) && arrives(c2, c1)); {
		if time.Now().After(until) {
			return fmt.Errorf("nothing passes between %s and %s", c1.LocalAddr(), c2.LocalAddr())
		}
	}
	return errors.Join(c1.SetReadDeadline(time.Time{}), c2.SetReadDeadline(time.Time{}))
}

func (w *way) send(each int, stop chan struct{}) {
	tick := time.NewTicker(flowTick)
	defer tick.Stop()
	datagram := make([]byte, flowSize)
	window := uint64(min(flowWindow, flowSlow*each))
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for range each {
			n := w.sent.Load()
			if n-w.received.Load() >= window {
				break
			}
			binary.BigEndian.PutUint64(datagram, n)
			if _, w.err = w.from.Write(datagram); w.err != nil {
				return
			}
			w.sent.Add(1)
		}
	}
}

// receive ends when the socket is closed.
func (w *way) receive() {
	datagram := make([]byte, flowSize)
	for {
		n, err := w.to.Read(datagram)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil || n != flowSize:
			continue
		}
		number := binary.BigEndian.Uint64(datagram)
		if w.times[number]++; w.times[number] == 1 {
			w.received.Add(1)
		}
	}
}

// Sent is how many datagrams have gone all ways.
func (f *Flow) Sent() (n uint64) {
	for _, w := range f.ways {
		n += w.sent.Load()
	}
	return n
}

func (f *Flow) received() (n uint64) {
	for _, w := range f.ways {
		n += w.received.Load()
	}
	return n
}

// Passes waits until so many datagrams more have come.
func (f *Flow) Passes(n uint64) error {
	until := f.received() + n
	for end := time.Now().Add(flowWait); f.received() < until; time.Sleep(flowLook) {
		if time.Now().After(end) {
			return fmt.Errorf("the flow %s lacks %d of %d datagrams after %v", f.ways[0].name, until-f.received(), n, flowWait)
		}
	}
	return nil
}

// End stops the flow. It is an error that anything was lost, or came twice.
func (f *Flow) End() error {
	close(f.stop)
	f.senders.Wait()
	f.ended = time.Now()
	for late := f.ended.Add(flowLate); f.received() < f.Sent() && time.Now().Before(late); {
		time.Sleep(flowLook)
	}
	var errs []error
	for _, w := range f.ways {
		errs = append(errs, w.to.Close())
	}
	f.receivers.Wait()
	for _, w := range f.ways {
		errs = append(errs, w.verdict())
	}
	return errors.Join(errs...)
}

// String says of a flow that has ended how much it was.
func (f *Flow) String() string {
	return fmt.Sprintf("%d datagrams, %.0f a second", f.Sent(), float64(f.Sent())/f.ended.Sub(f.began).Seconds())
}

func (w *way) verdict() error {
	if w.err != nil {
		return fmt.Errorf("%s: %w", w.name, w.err)
	}
	var lost, twice []uint64
	for n := range w.sent.Load() {
		switch w.times[n] {
		case 0:
			lost = append(lost, n)
		case 1:
		default:
			twice = append(twice, n)
		}
	}
	if len(lost)+len(twice) > 0 {
		return fmt.Errorf("%s: of %d datagrams %d are lost %v and %d come twice %v", w.name, w.sent.Load(), len(lost), lost, len(twice), twice[:min(len(twice), flowWindow)])
	}
	return nil
}
