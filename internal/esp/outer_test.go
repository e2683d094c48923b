package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Envelopes of every form, as another implementation makes them; and in place.
func TestEnvelope(t *testing.T) {
	sealed := bytes.Repeat([]byte("sealed"), 11)
	for _, ends := range [][2]netip.Addr{{here, there}, {here6, there6}} {
		for _, encap := range []*ipsec.Encap{nil, {LocalPort: 4500, RemotePort: 31000}} {
			e := Envelope{Src: ends[0], Dst: ends[1], Encap: encap, TTL: 200}
			got := e.Wrap([]byte("in front"), sealed, 0xb9, true, 77)[len("in front"):]
			protocol, content := layers.IPProtocolESP, []gopacket.SerializableLayer{gopacket.Payload(sealed)}
			udp := &layers.UDP{}
			if encap != nil {
				protocol, udp.SrcPort, udp.DstPort = layers.IPProtocolUDP, 4500, 31000
				content = append([]gopacket.SerializableLayer{udp}, content...)
			}
			var header gopacket.SerializableLayer
			if ends[0].Is4() {
				header = &layers.IPv4{Version: 4, TTL: 200, TOS: 0xb9, Id: 77, Flags: layers.IPv4DontFragment, Protocol: protocol, SrcIP: ends[0].AsSlice(), DstIP: ends[1].AsSlice()}
			} else {
				header = &layers.IPv6{Version: 6, HopLimit: 200, TrafficClass: 0xb9, NextHeader: protocol, SrcIP: ends[0].AsSlice(), DstIP: ends[1].AsSlice()}
			}
			must(t, udp.SetNetworkLayerForChecksum(header.(gopacket.NetworkLayer)))
			b := gopacket.NewSerializeBuffer()
			must(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append([]gopacket.SerializableLayer{header}, content...)...))
			want := b.Bytes()
			if encap != nil && ends[0].Is4() {
				want[26], want[27] = 0, 0
			}
			if !bytes.Equal(got, want) || len(got) != e.Headroom()+len(sealed) {
				t.Errorf("%v, %+v: %x\nwant %x", ends[0], encap, got, want)
			}
			buffer := make([]byte, 0, 200)
			copy(buffer[:200][e.Headroom():], sealed)
			again := e.Wrap(buffer, buffer[:200][e.Headroom():][:len(sealed)], 0xb9, true, 77)
			if !bytes.Equal(again, want) || &again[0] != &buffer[:1][0] {
				t.Errorf("%v, %+v: in place %x", ends[0], encap, again)
			}
		}
	}
}

// What the outer header inherits.
func TestInherited(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		tos    uint8
		dont   bool
	}{
		{appendIP(nil, inside[0], inside[1], 17, 64, 0xb9, true, 0, 0), 0xb9, true},
		{appendIP(nil, inside[0], inside[1], 17, 64, 0x03, false, 0, 0), 0x03, false},
		{appendIP(nil, inside6[0], inside6[1], 17, 64, 0xb9, false, 0, 0), 0xb9, true},
	} {
		if tos, dont := Inherited(c.packet); tos != c.tos || dont != c.dont {
			t.Errorf("%x: %#x, %v", c.packet, tos, dont)
		}
	}
}

// Who hears that a packet is too big, and what.
func TestTooBig(t *testing.T) {
	from, from6 := netip.MustParseAddr("10.0.0.254"), netip.MustParseAddr("fd00::fe")
	for _, c := range []struct {
		packet []byte
		from   netip.Addr
		want   layers.ICMPv4TypeCode // of IPv4
		size   int
	}{
		{packet4(1400), from, layers.CreateICMPv4TypeCode(3, 4), 576}, {packet4(0), from, layers.CreateICMPv4TypeCode(3, 4), 56},
		{packet6(1400), from6, 0, 1280}, {packet6(0), from6, 0, 96},
	} {
		got, ok := TooBig(nil, c.packet, 1300, c.from)
		if !ok || len(got) != c.size {
			t.Fatalf("%d octets: %v", len(got), ok)
		}
		h, ok := parse(got)
		inner, _ := parse(c.packet)
		if !ok || h.src != c.from || h.dst != inner.src {
			t.Errorf("%x", got)
		}
		if c.from.Is4() {
			p := gopacket.NewPacket(got, layers.LayerTypeIPv4, gopacket.Default)
			l, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
			if !ok || l.TypeCode != c.want || l.Seq != 1300 || checksum(0, got[:20]) != 0 || checksum(0, got[20:]) != 0 || !bytes.HasPrefix(c.packet, got[28:]) {
				t.Errorf("%x", got)
			}
			continue
		}
		if got[40] != 2 || binary.BigEndian.Uint32(got[44:]) != 1300 || checksum(pseudo(h.src, h.dst, protocolICMPv6, len(got)-40), got[40:]) != 0 || !bytes.HasPrefix(c.packet, got[48:]) {
			t.Errorf("%x", got)
		}
	}
	icmp := func(kind uint8) []byte {
		return append(appendIP(nil, inside[0], inside[1], protocolICMP, 64, 0, true, 0, 8), kind, 0, 0, 0, 0, 0, 0, 0)
	}
	icmp6 := func(kind uint8) []byte {
		return append(appendIP(nil, inside6[0], inside6[1], protocolICMPv6, 64, 0, true, 0, 8), kind, 0, 0, 0, 0, 0, 0, 0)
	}
	source := func(a string) []byte {
		return appendIP(nil, netip.MustParseAddr(a), inside[1], protocolUDP, 64, 0, true, 0, 0)
	}
	later := packet4(20)
	later[7] = 1
	for name, c := range map[string]struct {
		packet []byte
		from   netip.Addr
		ok     bool
	}{
		"echo": {icmp(8), from, true}, "echo of IPv6": {icmp6(128), from6, true},
		"unreachable": {icmp(3), from, false}, "time exceeded": {icmp(11), from, false}, "packet too big": {icmp6(2), from6, false},
		"later fragment": {later, from, false}, "no packet": {later[:10], from, false}, "of the other family": {packet4(10), from6, false},
		"from nowhere": {source("0.0.0.0"), from, false}, "from a group": {source("224.0.0.1"), from, false}, "from the host itself": {source("127.0.0.1"), from, false},
		"to a group": {appendIP(nil, inside[0], netip.MustParseAddr("224.0.0.5"), 89, 1, 0, true, 0, 0), from, false},
	} {
		if got, ok := TooBig(nil, c.packet, 1300, c.from); ok != c.ok || !ok && len(got) > 0 {
			t.Errorf("%s: %x", name, got)
		}
	}
}

// Room is the largest packet that fits, to the octet, with every suite.
func TestRoom(t *testing.T) {
	names, sas := suites()
	for k, sa := range sas {
		o, _ := pair(t, sa)
		for _, n := range []int{1480, 1472, 1281} {
			most := o.Room(n)
			for more := range 2 {
				sealed, err := o.Seal(nil, packet4(most+more-28), start)
				must(t, err)
				if len(sealed) <= n != (more == 0) {
					t.Errorf("%s: room for %d in %d, and %d make %d", names[k], most, n, most+more, len(sealed))
				}
			}
		}
		if o.Room(20) != 0 {
			t.Errorf("%s: room for %d in 20", names[k], o.Room(20))
		}
	}
}
