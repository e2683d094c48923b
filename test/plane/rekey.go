package plane

import (
	"encoding/binary"
	"net"
	"net/netip"
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
				time.Sleep(200 * time.Millisecond)
				Both(r1, r2, func(r *Router) { r.Must(r.InstallSA(r.SA(tun, ipsec.In))) })
				Both(r1, r2, func(r *Router) { r.Must(r.InstallSA(r.SA(tun, ipsec.Out))) })
				time.Sleep(200 * time.Millisecond)
				Both(r1, r2, func(r *Router) { r.Must(r.RemoveSA(r.SA(old, ipsec.Out).SAID)) })
				time.Sleep(200 * time.Millisecond) // what is under way
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

// A stream is numbered datagrams, one a millisecond or as the machine has time.
type stream struct {
	stop     chan struct{}
	sent     chan uint64
	received chan []uint64
}

// flow starts a stream through the tunnel.
func flow(from, to *Router, port uint16) *stream {
	s := &stream{stop: make(chan struct{}), sent: make(chan uint64, 1), received: make(chan []uint64, 1)}
	c, sink := from.UDP(from.Port(port)), to.UDP(to.Port(port))
	go func() {
		var n uint64
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				s.sent <- n
				return
			case <-tick.C:
				c.WriteTo(binary.BigEndian.AppendUint64(nil, n), sink.LocalAddr())
				n++
			}
		}
	}()
	go func() { s.received <- drain(sink, s.stop) }()
	return s
}

// drain reads numbers until nothing has come for a second after stop.
func drain(c *net.UDPConn, stop chan struct{}) (list []uint64) {
	buf := make([]byte, 100)
	for {
		c.SetReadDeadline(time.Now().Add(time.Second))
		n, _, err := c.ReadFrom(buf)
		if err == nil && n == 8 {
			list = append(list, binary.BigEndian.Uint64(buf))
			continue
		}
		select {
		case <-stop:
			return list
		default:
		}
	}
}

// end stops it and wants every number, once.
func (s *stream) end(t *testing.T) {
	t.Helper()
	close(s.stop)
	sent, times := <-s.sent, map[uint64]int{}
	for _, n := range <-s.received {
		times[n]++
	}
	lost, twice := 0, 0
	for n := range sent {
		switch times[n] {
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
	case <-time.After(5 * time.Second):
		t.Fatalf("no event\n%s\n%s", r1.Facts(), r2.Facts())
	}
	in.Encap.RemotePort, out.Encap.RemotePort = 31000, 31000
	r1.Must(r1.UpdateSA(in))
	r1.Must(r1.UpdateSA(out))
	Exchange(t, r1, r2, 3)
}
