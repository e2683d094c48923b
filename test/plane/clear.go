package plane

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// Nothing leaves in clear: not before the SAs stand, not while they do, not
// after they are gone, and not while everything is taken down.
func nothingInClear(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		sent := []*netlab.Capture{r1.Sent("e0"), r2.Sent("e0")}
		refused := func(when string) {
			t.Helper()
			if out, ok := r1.answered(r2); ok {
				t.Errorf("%s a ping is answered: %s", when, out)
			}
		}
		Both(r1, r2, func(r *Router) { r.Raise(tun) })
		refused("before the SAs stand")
		if n := len(sent[0].Packets()); n != 0 {
			t.Errorf("before the SAs stand:\n%s", sent[0])
		}
		Both(r1, r2, func(r *Router) { r.KeyUp(tun, nil) })
		Exchange(t, r1, r2, 5)
		r1.Must(r1.RemoveSA(r1.SA(tun, ipsec.Out).SAID))
		refused("after the SA is removed")
		tun.SPIs[0] += 0x100
		r1.Must(r1.InstallSA(r1.SA(tun, ipsec.Out)))
		r2.Must(r2.InstallSA(r2.SA(tun, ipsec.In)))
		Exchange(t, r1, r2, 5)

		for _, flood := range []*exec.Cmd{
			r1.Command("ping", "-q", "-i", "0.005", "-W", "1", r2.Inner.Addr().String()),
			r2.Command("ping", "-q", "-i", "0.005", "-W", "1", r1.Inner.Addr().String()),
		} {
			if err := flood.Start(); err != nil {
				t.Fatal(err)
			}
			defer flood.Wait()
			defer flood.Process.Kill()
		}
		flowing := func() int { return len(sent[0].Packets()) }
		for n, deadline := flowing(), time.Now().Add(patience); flowing() < n+20; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the ping does not flow")
			}
		}
		r1.Must(r1.Sweep())
		time.Sleep(300 * time.Millisecond) // r2 goes on
		r2.Must(r2.Sweep())
		time.Sleep(300 * time.Millisecond)
		OnlyESP(t, sent[0], 30)
		OnlyESP(t, sent[1], 10)
	})
}

// What the peer, or somebody with the peer's address, sends in clear is
// dropped, with and without SAs: GRE for a GRE tunnel, IP in IP for a VTI and an XFRM interface.
func clearFromPeerDropped(t *testing.T, p Plane) {
	for _, c := range []struct {
		tun      Tunnel
		protocol string
		header   []byte // between the outer IP header and the inner one
	}{{GRE(), "ip4:47", []byte{0, 0, 0x08, 0x00}}, {VTI(), "ip4:4", nil}, {XFRM(), "ip4:4", nil}} {
		t.Run(c.tun.Kind.String(), func(t *testing.T) {
			r1, forger := p.Routers(t)
			r1.Must(r1.SetLink(r1.Link(c.tun)))
			sink := r1.UDP(r1.Port(7000))
			var from net.PacketConn
			r1.Must(forger.Do(func() (err error) {
				from, err = net.ListenPacket(c.protocol, forger.Local.String())
				return err
			}))
			defer from.Close()
			taken := func(wait time.Duration) bool {
				if _, err := from.WriteTo(append(c.header, datagram(forger.Inner.Addr(), r1.Inner.Addr(), 7000)...), &net.IPAddr{IP: r1.Local.AsSlice()}); err != nil {
					t.Fatal(err)
				}
				sink.SetReadDeadline(time.Now().Add(wait))
				_, _, err := sink.ReadFrom(make([]byte, 100))
				return err == nil
			}
			if p.Bare && c.tun.Kind == ipsec.GREIP && !taken(patience) {
				t.Error("without a policy the forged GRE must arrive, else this test shows nothing")
			}
			r1.Raise(c.tun)
			if taken(settle) {
				t.Error("taken while there is no SA")
			}
			r1.KeyUp(c.tun, nil)
			if taken(settle) {
				t.Error("taken while SAs stand")
			}
		})
	}
}

// datagram is an IPv4 packet with an empty UDP datagram without a checksum.
func datagram(src, dst netip.Addr, port uint16) []byte {
	b := []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum+sum>>16))
	for _, v := range []uint16{7001, port, 8, 0} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}
