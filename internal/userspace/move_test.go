package userspace

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// The far end of a GRE tunnel has another address, and its first one again: what goes
// there and what comes from there passes by the SAs of the day, and nothing else.
func TestMovedEnd(t *testing.T) {
	d, written := bare(t)
	tu := d.tunnels["Tunnel1"]
	s := &sender{plane: d, tunnel: tu, out: make([]byte, 0, sealed), trains: make([]netio.Train, 0, netio.MaxTrain)}
	r := newReceiver(d)
	_, packet := made(false, protocolTCP, 100, 1398, true)
	buffer := make([]byte, 1<<16)
	link := ipsec.Link{Name: "Tunnel1", Kind: ipsec.GREIP, Local: here}
	var before []ipsec.Policy
	for i, far := range []netip.Addr{there, netip.MustParseAddr("192.0.2.77"), there} {
		var policies []ipsec.Policy
		for _, direction := range []ipsec.Direction{ipsec.In, ipsec.Out} {
			p := ipsec.Policy{Direction: direction, ReqID: ipsec.ReqIDBase | 1, Selector: ipsec.Selector{
				Local: netip.PrefixFrom(here, 32), Remote: netip.PrefixFrom(far, 32), Protocol: ipsec.GRE}}
			policies = append(policies, p)
			if err := d.SetPolicy(p); err != nil {
				t.Fatal(err)
			}
		}
		theirs, in := pairOfSAs(t, 64)
		theirs.Src, in.Src = far, far
		theirs.SPI += uint32(i)
		in.SPI = theirs.SPI
		out := theirs
		out.Src, out.Dst, out.SPI = here, far, 0x2000+uint32(i)
		if err := errors.Join(d.InstallSA(in), d.InstallSA(out)); err != nil {
			t.Fatal(err)
		}
		link.Remote = far
		d.place(tu, link)
		for _, p := range before {
			if err := d.RemovePolicy(p); err != nil {
				t.Fatal(err)
			}
		}
		before = policies

		opposite := &esp.GRE{Src: far, Dst: here, TTL: 255}
		whole, err := opposite.Encapsulate(nil, packet)
		if err != nil {
			t.Fatal(err)
		}
		seal, err := esp.NewOutbound(theirs, rand.Reader, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		train := netio.Train{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(far, 4500)}
		if train.Packets, err = seal.Seal(nil, whole, time.Now()); err != nil {
			t.Fatal(err)
		}
		train.Size = len(train.Packets)
		r.Claim([]netio.Train{train})
		r.Handle([]netio.Train{train})
		if n, err := written.Read(buffer); err != nil || !bytes.Equal(buffer[offloadLen:n], packet) {
			t.Errorf("from %s: %x, %v", far, buffer[:n], err)
		}

		s.out, s.trains, s.of, s.now = s.out[:0], s.trains[:0], nil, time.Now()
		s.packet(packet)
		if len(s.trains) != 1 || s.trains[0].Remote.Addr() != far {
			t.Fatalf("to %s: %+v", far, s.trains)
		}
		out.Direction = ipsec.In
		open, err := esp.NewInbound(out, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		next, payload, err := open.Open(s.trains[0].Packets, esp.Outer{Src: here, Dst: far}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if payload, err = opposite.Decapsulate(next, payload, 0); err != nil || !bytes.Equal(payload, packet) {
			t.Errorf("to %s: %x, %v", far, payload, err)
		}
	}
}
