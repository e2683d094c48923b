//go:build boot

package boot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	flowSize   = 1000                 // octets of a datagram
	flowWindow = 64                   // datagrams under way; a socket's queue has room for more
	flowTick   = 4 * time.Millisecond // between two
	flowLate   = 30 * time.Second     // what has not come by then is lost
)

// A flow is numbered datagrams through a tunnel which the other end sends back. On a
// slow machine it is slower: what is lost is lost by the tunnel.
type flow struct {
	conn           *net.UDPConn
	name           string
	sent, received atomic.Uint64
	times          map[uint64]int // that a number has come back
	stop           chan struct{}
	senders, done  sync.WaitGroup
	err            error // of the sender
}

// startFlow starts one, once the tunnel has its addresses and routes.
func startFlow(t *testing.T, name, local, remote string) *flow {
	t.Helper()
	f := &flow{name: name, times: map[uint64]int{}, stop: make(chan struct{})}
	from, err := net.ResolveUDPAddr("udp4", local)
	if err != nil {
		t.Fatal(err)
	}
	to, err := net.ResolveUDPAddr("udp4", remote)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, name+" has its addresses", func() (err error) {
		f.conn, err = net.DialUDP("udp4", from, to)
		return err
	})
	f.senders.Go(f.send)
	f.done.Go(f.receive)
	return f
}

func (f *flow) send() {
	tick := time.NewTicker(flowTick)
	defer tick.Stop()
	datagram := make([]byte, flowSize)
	for {
		select {
		case <-f.stop:
			return
		case <-tick.C:
		}
		n := f.sent.Load()
		if n-f.received.Load() >= flowWindow {
			continue
		}
		binary.BigEndian.PutUint64(datagram, n)
		if _, f.err = f.conn.Write(datagram); f.err != nil {
			return
		}
		f.sent.Add(1)
	}
}

// receive ends when the socket is closed.
func (f *flow) receive() {
	datagram := make([]byte, 2*flowSize)
	for {
		n, err := f.conn.Read(datagram)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil || n != flowSize:
			continue
		}
		number := binary.BigEndian.Uint64(datagram)
		if f.times[number]++; f.times[number] == 1 {
			f.received.Add(1)
		}
	}
}

// passes waits until so many datagrams more have come back.
func (f *flow) passes(t *testing.T, n uint64) {
	t.Helper()
	until := f.received.Load() + n
	eventually(t, time.Minute, "a flow through "+f.name, func() error {
		if got := f.received.Load(); got < until {
			return fmt.Errorf("%d of %d datagrams", got, until)
		}
		return nil
	})
}

// end stops the flow. Nothing may be lost, and nothing come twice.
func (f *flow) end(t *testing.T) {
	t.Helper()
	close(f.stop)
	f.senders.Wait()
	for late := time.Now().Add(flowLate); f.received.Load() < f.sent.Load() && time.Now().Before(late); {
		time.Sleep(10 * time.Millisecond)
	}
	f.conn.Close()
	f.done.Wait()
	lost, twice := 0, 0
	for n := range f.sent.Load() {
		switch f.times[n] {
		case 0:
			lost++
		case 1:
		default:
			twice++
		}
	}
	if f.err != nil || lost+twice > 0 {
		t.Errorf("%s: of %d datagrams %d are lost and %d come twice; %v", f.name, f.sent.Load(), lost, twice, f.err)
	}
	t.Logf("%s: %d datagrams, %d lost", f.name, f.sent.Load(), lost)
}
