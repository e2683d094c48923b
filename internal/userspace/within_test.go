package userspace

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

// What a tunnel has sent does not go into it again, whichever of its packets of ESP a
// route leads there; what others of the two hosts say to each other does.
func TestNotIntoItself(t *testing.T) {
	for _, encap := range []*ipsec.Encap{nil, {LocalPort: 4500, RemotePort: 20000}} {
		d, _ := bare(t)
		out, _ := pairOfSAs(t, 64)
		out.Src, out.Dst, out.Encap = here, there, encap
		if err := d.InstallSA(out); err != nil {
			t.Fatal(err)
		}
		s := &sender{plane: d, tunnel: d.tunnels["Tunnel1"], out: make([]byte, 0, sealed)}
		send := func(src, dst netip.Addr, protocol uint8, ports uint32) {
			packet := make([]byte, headerIPv4+8)
			packet[0], packet[3], packet[8], packet[9] = 0x45, byte(len(packet)), 64, protocol
			copy(packet[12:], src.AsSlice())
			copy(packet[16:], dst.AsSlice())
			binary.BigEndian.PutUint32(packet[headerIPv4:], ports)
			s.packet(packet)
		}
		own, ports := uint8(ipsec.ESP), uint32(0x3000) // an SPI
		if encap != nil {
			own, ports = protocolUDP, 4500<<16|20000
		}
		send(here, there, own, ports)
		if c, err := d.QuerySA(out.SAID); err != nil || c.FormErrors != 1 || c.Errors() != 1 || len(s.out) != 0 {
			t.Fatalf("counted: %+v, %v, %d octets sealed", c, err, len(s.out))
		}
		for _, pass := range []func(){
			func() { send(there, here, own, ports) },
			func() { send(here, netip.MustParseAddr("192.0.2.3"), own, ports) },
			func() { send(here, there, protocolTCP, ports) },
			func() { send(here, there, protocolUDP, 53<<16|53) },
		} {
			before := len(s.out)
			if pass(); len(s.out) == before {
				t.Errorf("a packet that is none of its own is dropped")
			}
		}
	}
}

// ESP in ESP has one hop less each time; all else has what the host gives, or what the
// tunnel is configured with where the header is GRE's own.
func TestLimit(t *testing.T) {
	v4 := func(ttl, protocol uint8, fragment uint16, port uint16) []byte {
		b := make([]byte, headerIPv4+headerUDP)
		b[0], b[3], b[8], b[9] = 0x45, byte(len(b)), ttl, protocol
		binary.BigEndian.PutUint16(b[6:], fragment)
		binary.BigEndian.PutUint16(b[headerIPv4:], port)
		return b
	}
	v6 := func(ttl, protocol uint8, own ...byte) []byte {
		b := make([]byte, headerIPv6)
		b[0], b[5], b[6], b[7] = 0x60, byte(len(own)), protocol, ttl
		return append(b, own...)
	}
	for name, c := range map[string]struct {
		packet []byte
		hops   uint8
		within bool
	}{
		"ESP":                  {v4(64, 50, 0, 0), 63, true},
		"the last hop":         {v4(1, 50, 0, 0), 0, true},
		"none at all":          {v4(0, 50, 0, 0), 0, true},
		"a fragment of ESP":    {v4(9, 50, 0x2001, 0), 8, true},
		"in UDP":               {v4(64, 17, 0, 4500), 63, true},
		"a later fragment":     {v4(64, 17, 0x2001, 0), 63, true},
		"another port":         {v4(64, 17, 0x2000, 53), 0, false},
		"TCP":                  {v4(64, 6, 0, 4500), 0, false},
		"a header cut":         {append([]byte{0x4f}, v4(64, 50, 0, 0)[1:]...), 0, false},
		"UDP cut":              {v4(64, 17, 0, 4500)[:headerIPv4], 0, false},
		"IPv6 ESP":             {v6(64, 50), 63, true},
		"IPv6 fragment":        {v6(64, 44, 50, 0, 0, 1, 0, 0, 0, 0), 63, true},
		"IPv6 later fragment":  {v6(64, 44, 17, 0, 0, 9, 0, 0, 0, 0), 63, true},
		"IPv6 fragment in UDP": {v6(64, 44, 17, 0, 0, 1, 0, 0, 0, 0, 0x11, 0x94), 63, true},
		"IPv6 fragment of TCP": {v6(64, 44, 6, 0, 0, 1, 0, 0, 0, 0), 0, false},
		"IPv6 fragment cut":    {v6(64, 44, 50, 0), 0, false},
		"IPv6 header cut":      {v6(64, 50)[:30], 0, false},
		"neither":              {append([]byte{0x10}, v4(64, 50, 0, 0)[1:]...), 0, false},
	} {
		if hops, within := limit(c.packet); hops != c.hops || within != c.within {
			t.Errorf("%s: %d, %v", name, hops, within)
		}
		for n := 1; n < len(c.packet); n++ { // no panic
			limit(c.packet[:n:n])
			limit(append([]byte{0x40}, c.packet[:n:n]...))
		}
	}

	for _, c := range []struct {
		gre  *esp.GRE
		mode ipsec.Mode
		ttl  uint8 // of a packet of ESP; 0: of TCP
		want uint8
		sent int
	}{
		{nil, ipsec.Tunnel, 0, 0, 1},
		{nil, ipsec.Tunnel, 64, 63, 1},
		{nil, ipsec.Tunnel, 1, 0, 0},
		{&esp.GRE{Src: here, Dst: there, TTL: 9}, ipsec.Tunnel, 0, 0, 1},
		{&esp.GRE{Src: here, Dst: there, TTL: 9}, ipsec.Transport, 0, 9, 1},
		{&esp.GRE{Src: here, Dst: there, TTL: 9}, ipsec.Transport, 64, 63, 1},
	} {
		d, _ := bare(t)
		out, _ := pairOfSAs(t, 64)
		out.Src, out.Dst, out.Mode = here, there, c.mode
		if err := d.InstallSA(out); err != nil {
			t.Fatal(err)
		}
		tu := d.tunnels["Tunnel1"]
		tu.gre.Store(c.gre)
		s := &sender{plane: d, tunnel: tu, out: make([]byte, 0, sealed)}
		packet := v4(64, 6, 0, 0)
		if c.ttl > 0 {
			packet = v4(c.ttl, 50, 0, 0)
		}
		copy(packet[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
		s.packet(packet)
		if len(s.trains) != c.sent || c.sent > 0 && s.trains[0].Hops != c.want {
			t.Errorf("%+v: %d trains %+v", c, len(s.trains), s.trains)
		}
		if n := d.out[out.SAID].esp.Of(esp.Looped); n != uint64(1-c.sent) {
			t.Errorf("%+v: %d looped", c, n)
		}
	}
}
