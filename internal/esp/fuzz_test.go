package esp

import (
	"bytes"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Whatever comes, authenticated or not: no panic, no octet read beyond the packet,
// no payload with an error, and what comes through is within the selectors, of the
// length that it says and lies in the packet.
func FuzzOpen(f *testing.F) {
	_, sas := suites()
	for k, sa := range sas {
		o, _ := pair(f, sa)
		sealed, err := o.Seal(nil, packet4(k), start)
		must(f, err)
		f.Add(uint8(k), false, uint8(0), sealed)
	}
	f.Add(uint8(0), true, uint8(4), packet4(20))
	f.Add(uint8(0), true, uint8(41), packet6(20))
	f.Add(uint8(0), true, uint8(59), []byte(nil))
	f.Add(uint8(0), true, uint8(41), octets(f, "60000000 0010 0040 fd000000000000000000000000000001 fd000000000000000000000000000002 2b000104 00000000 11000001 00000000"))
	narrow := all6
	narrow.Protocol, narrow.LocalPort = protocolUDP, 53
	f.Fuzz(func(t *testing.T, which uint8, inside bool, next uint8, data []byte) {
		sa := sas[int(which)%len(sas)]
		for _, sa.Mode = range []ipsec.Mode{ipsec.Tunnel, ipsec.Transport} {
			for _, sa.Selector = range []ipsec.Selector{all4, narrow} {
				o, i := pair(t, sa)
				packet := bytes.Clone(data)
				if inside { // the peer itself lies
					var err error
					packet, err = o.seal(nil, next, data, start)
					must(t, err)
				}
				room := append(packet, bytes.Repeat([]byte{0xee}, 64)...)
				packet = room[:len(packet):len(packet)]
				got, payload, err := i.Open(packet, Outer{Src: inside6[0], Dst: inside6[1], TOS: which}, start.Add(time.Second))
				if !bytes.Equal(room[len(packet):], bytes.Repeat([]byte{0xee}, 64)) {
					t.Fatal("written behind the packet")
				}
				if err != nil {
					if payload != nil || i.Of(err.(Drop)) != 1 {
						t.Fatalf("%x with %v", payload, err)
					}
					continue
				}
				selector := sa.Selector.Mirror()
				if sa.Mode == ipsec.Tunnel && (!Within(payload, &selector, ipsec.In) || got != 4 && got != 41) {
					t.Fatalf("next header %d, %x outside %v", got, payload, selector)
				}
				if len(payload) > len(packet) {
					t.Fatalf("%d octets out of %d", len(payload), len(packet))
				}
			}
		}
	})
}

// Whatever an SA carries for a GRE tunnel: no panic, nothing but a whole packet, and
// what is encapsulated again comes back the same.
func FuzzGRE(f *testing.F) {
	for form := range 4 {
		g := &GRE{Src: there, Dst: here, Key: 4711, HasKey: form&1 != 0, Checksum: form&2 != 0, TTL: 255}
		packet, err := g.Encapsulate(nil, packet4(9))
		must(f, err)
		f.Add(uint8(4), uint8(form), packet)
		f.Add(uint8(47), uint8(form), packet[ipv4Header:])
	}
	f.Add(uint8(47), uint8(0), append(octets(f, "1000 86dd 00000001"), packet6(9)...))
	f.Fuzz(func(t *testing.T, next, form uint8, data []byte) {
		g := &GRE{Src: here, Dst: there, Key: 4711, HasKey: form&1 != 0, Checksum: form&2 != 0, TTL: 255}
		packet, err := g.Decapsulate(next, bytes.Clone(data), form)
		if err != nil {
			if _, drop := err.(Drop); packet != nil || !drop {
				t.Fatalf("%x with %v", packet, err)
			}
			return
		}
		again, err := g.Encapsulate(nil, packet)
		must(t, err)
		peer := &GRE{Src: there, Dst: here, Key: 4711, HasKey: g.HasKey}
		if back, err := peer.Decapsulate(protocolIPv4, again, 0); err != nil || !bytes.Equal(back, packet) {
			t.Fatalf("%x, %v, want %x", back, err, packet)
		}
		TooBig(nil, packet, 1280, here)
		TooBig(nil, packet, 1280, here6)
	})
}
