package plane

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// SAs are replaced under a flow both ways, in IKE's order, and nothing is lost:
// the new inbound SAs stand before anybody sends on them, and the old ones go when
// nobody does any more.
func rekey(t *testing.T, p Plane) {
	for _, tun := range []Tunnel{VTI(), GRE(), inUDP(VTI()), inUDP(XFRM())} {
		name := tun.Kind.String()
		if tun.Encap != nil {
			name += " in UDP"
		}
		t.Run(name, func(t *testing.T) {
			r1, r2 := p.Routers(t)
			Both(r1, r2, func(r *Router) { r.Raise(tun) })
			p.listen(tun, r1, r2)
			Both(r1, r2, func(r *Router) { r.KeyUp(tun, nil) })
			Exchange(t, r1, r2, 1)
			there, back := flow(r1, r2, 7100), flow(r2, r1, 7101)
			for range 5 {
				old := tun
				tun.SPIs[0] += 0x10
				tun.SPIs[1] += 0x10
				there.more()
				back.more()
				Both(r1, r2, func(r *Router) { r.Must(r.InstallSA(r.SA(tun, ipsec.In))) })
				Both(r1, r2, func(r *Router) { r.Must(r.InstallSA(r.SA(tun, ipsec.Out))) })
				there.more()
				back.more()
				Both(r1, r2, func(r *Router) { r.Must(r.RemoveSA(r.SA(old, ipsec.Out).SAID)) })
				there.await() // what is under way
				back.await()
				Both(r1, r2, func(r *Router) {
					id := r.SA(old, ipsec.In).SAID
					if c, err := r.QuerySA(id); err != nil || c.Packets == 0 || c.ReplayErrors+c.IntegrityErrors != 0 {
						t.Errorf("%s: the SA that was replaced: %+v, %v", r.Host.Name, c, err)
					}
					r.Must(r.RemoveSA(id))
				})
			}
			there.end(t)
			back.end(t)
		})
	}
}

// A stream is numbered datagrams, one a millisecond or as the machine has time: no more
// are under way than a socket has room for.
type stream struct {
	stop, ended      chan struct{} // the sender is to stop, and has
	sent, received   atomic.Uint64
	sender, receiver sync.WaitGroup
	times            map[uint64]int // that a number has come
}

const streamWindow = 64

// flow starts a stream through the tunnel.
func flow(from, to *Router, port uint16) *stream {
	return between(from.UDP(from.Port(port)), to.UDP(to.Port(port)))
}

func between(c, sink *net.UDPConn) *stream {
	s := &stream{stop: make(chan struct{}), ended: make(chan struct{}), times: map[uint64]int{}}
	s.sender.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			if n := s.sent.Load(); n < s.received.Load()+streamWindow {
				c.WriteTo(binary.BigEndian.AppendUint64(nil, n), sink.LocalAddr())
				s.sent.Add(1)
			}
		}
	})
	s.receiver.Go(func() { s.drain(sink) })
	return s
}

// drain reads numbers until the sender has ended, and then what is under way: all of it,
// or what comes within patience, and what comes twice.
func (s *stream) drain(c *net.UDPConn) {
	buf := make([]byte, 100)
	for quiet := time.Duration(0); ; {
		c.SetReadDeadline(time.Now().Add(settle))
		n, _, err := c.ReadFrom(buf)
		if err == nil && n == 8 {
			number := binary.BigEndian.Uint64(buf)
			if s.times[number]++; s.times[number] == 1 {
				s.received.Add(1)
			}
			quiet = 0
			continue
		}
		select {
		case <-s.ended:
			if quiet += settle; s.received.Load() == s.sent.Load() || quiet > patience {
				return
			}
		default:
		}
	}
}

// await waits until what has been sent so far has come, or is lost.
func (s *stream) await() { s.until(s.sent.Load()) }

// more waits until ten more have come.
func (s *stream) more() { s.until(s.received.Load() + 10) }

func (s *stream) until(received uint64) {
	for end := time.Now().Add(patience); s.received.Load() < received && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}

// end stops it and wants every number, once.
func (s *stream) end(t *testing.T) {
	t.Helper()
	close(s.stop)
	s.sender.Wait()
	close(s.ended)
	s.receiver.Wait()
	sent := s.sent.Load()
	lost, twice := 0, 0
	for n := range sent {
		switch s.times[n] {
		case 0:
			lost++
		case 1:
		default:
			twice++
		}
	}
	if sent < 100 || lost+twice > 0 {
		t.Errorf("of %d datagrams %d are lost and %d come twice", sent, lost, twice)
	}
}

// A peer behind a NAT that has a new mapping is found by what its SA says, and
// answered once the SAs are told.
func mapped(t *testing.T, p Plane) {
	r1, r2 := p.Routers(t)
	tun := inUDP(VTI())
	Both(r1, r2, func(r *Router) { r.Raise(tun) })
	p.listen(tun, r1, r2)
	Both(r1, r2, func(r *Router) { r.KeyUp(tun, nil) })
	Exchange(t, r1, r2, 3)
	// As a NAT does, without a memory: what r2 sends has another port now, and no
	// checksum, as nft makes a wrong one of none.
	r2.Sh(`nft -f - <<end
table ip nat {
	chain out {
		type filter hook output priority 0
		udp sport 4500 udp sport set 31000 udp checksum set 0
	}
	chain in {
		type filter hook prerouting priority -300
		udp dport 31000 udp dport set 4500 udp checksum set 0
	}
}
end`)
	r2.answered(r1)
	in, out := r1.SA(tun, ipsec.In), r1.SA(tun, ipsec.Out)
	event := ipsec.Mapped{SAID: in.SAID, Remote: netip.AddrPortFrom(r1.Remote, 31000)}
	select {
	case e := <-r1.Events():
		if e != event {
			t.Fatalf("got %+v, want %+v", e, event)
		}
	case <-time.After(patience):
		t.Fatalf("no event\n%s\n%s", r1.Facts(), r2.Facts())
	}
	in.Encap.RemotePort, out.Encap.RemotePort = 31000, 31000
	r1.Must(r1.UpdateSA(in))
	r1.Must(r1.UpdateSA(out))
	Exchange(t, r1, r2, 3)
}
