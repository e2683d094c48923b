package esp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// GRE of every form comes through, between IPv4 and IPv6 hosts, as it leaves tunnel
// mode and transport mode.
func TestGRE(t *testing.T) {
	for _, ends := range []string{"4", "6"} {
		for form := range 4 {
			g := &GRE{Src: here, Dst: there, Key: 4711, HasKey: form&1 != 0, Checksum: form&2 != 0, TTL: 255}
			if ends == "6" {
				g.Src, g.Dst = here6, there6
			}
			peer := &GRE{Src: g.Dst, Dst: g.Src, Key: g.Key, HasKey: g.HasKey, Checksum: g.Checksum}
			for _, inner := range [][]byte{packet4(33), packet6(32)} {
				name := fmt.Sprintf("IPv%s, form %d, %d octets", ends, form, len(inner))
				packet, err := g.Encapsulate([]byte("in front"), inner)
				must(t, err)
				packet = packet[len("in front"):]
				if len(packet) != g.Headroom()+len(inner) {
					t.Errorf("%s: %d octets more, headroom %d", name, len(packet)-len(inner), g.Headroom())
				}
				h, ok := parse(packet)
				if !ok || h.protocol != ipsec.GRE || h.src != g.Src || h.dst != g.Dst {
					t.Fatalf("%s: %x", name, packet)
				}
				if got, err := peer.Decapsulate(h.own(), packet, 0); err != nil || !bytes.Equal(got, inner) {
					t.Errorf("%s, tunnel mode: %x, %v", name, got, err)
				}
				if got, err := peer.Decapsulate(ipsec.GRE, h.payload, 0); err != nil || !bytes.Equal(got, inner) {
					t.Errorf("%s, transport mode: %x, %v", name, got, err)
				}
				// In place: where the packet comes to lie, nothing is moved.
				buffer := make([]byte, 100, 300)
				copy(buffer[:cap(buffer)][100+g.Headroom():], inner)
				again, err := g.Encapsulate(buffer, buffer[:cap(buffer)][100+g.Headroom():][:len(inner)])
				must(t, err)
				if h, ok := parse(again[100:]); !ok || !bytes.Equal(h.payload[g.size():], inner) || &again[0] != &buffer[0] {
					t.Errorf("%s: in place %x", name, again[100:])
				}
			}
		}
	}
	g := &GRE{Src: here, Dst: there}
	if _, err := g.Encapsulate(nil, []byte("no packet")); err != Malformed {
		t.Errorf("no packet: %v", err)
	}
}

// What GRE lies about, by what it is dropped for.
func TestGRELies(t *testing.T) {
	inner := packet4(4)
	with := func(header string) []byte { return append(octets(t, header), inner...) }
	summed := with("8000 0800 0000 0000")
	binary.BigEndian.PutUint16(summed[4:], checksum(0, summed))
	bad := bytes.Clone(summed)
	bad[9] ^= 1
	delivered := func(change func(b []byte)) []byte {
		b := append(appendIP(nil, there, here, ipsec.GRE, 64, 0, false, 1, 4+len(inner)), with("0000 0800")...)
		change(b)
		return b
	}
	for name, c := range map[string]struct {
		key, v6 bool
		next    uint8
		payload []byte
		tos     uint8
		want    error
	}{
		"plain":                        {next: 47, payload: with("0000 0800")},
		"reserved bits of RFC 2784":    {next: 47, payload: with("0010 0800")},
		"sequence number":              {next: 47, payload: with("1000 0800 00000001")},
		"key":                          {key: true, next: 47, payload: with("2000 0800 00001267")},
		"key and sequence number":      {key: true, next: 47, payload: with("3000 0800 00001267 00000001")},
		"checksum":                     {next: 47, payload: summed},
		"delivered":                    {next: 4, payload: delivered(func([]byte) {})},
		"nothing":                      {next: 47, want: Truncated},
		"cut":                          {next: 47, payload: octets(t, "000008"), want: Truncated},
		"cut in the key":               {key: true, next: 47, payload: octets(t, "2000 0800 000012"), want: Truncated},
		"cut in the checksum":          {next: 47, payload: octets(t, "8000 0800 0000"), want: Truncated},
		"nothing inside":               {next: 47, payload: octets(t, "0000 0800"), want: Malformed},
		"version 1":                    {next: 47, payload: with("0001 0800"), want: GREHeader},
		"routing":                      {next: 47, payload: with("4000 0800"), want: GREHeader},
		"strict source route":          {next: 47, payload: with("0800 0800"), want: GREHeader},
		"recursion":                    {next: 47, payload: with("0400 0800"), want: GREHeader},
		"Ethernet":                     {next: 47, payload: with("0000 6558"), want: GREHeader},
		"a keepalive of IOS":           {next: 47, payload: octets(t, "0000 0000"), want: GREHeader},
		"IPv4 as IPv6":                 {next: 47, payload: with("0000 86dd"), want: GREHeader},
		"wrong checksum":               {next: 47, payload: bad, want: GREChecksum},
		"no key":                       {key: true, next: 47, payload: with("0000 0800"), want: GREKey},
		"another key":                  {key: true, next: 47, payload: with("2000 0800 00001268"), want: GREKey},
		"a key that nobody asked for":  {next: 47, payload: with("2000 0800 00001267"), want: GREKey},
		"another protocol":             {next: 17, payload: with("0000 0800"), want: Next},
		"another protocol, delivered":  {next: 4, payload: delivered(func(b []byte) { b[9] = 17 }), want: Next},
		"from another host":            {next: 4, payload: delivered(func(b []byte) { b[15]++ }), want: Outside},
		"to another host":              {next: 4, payload: delivered(func(b []byte) { b[19]++ }), want: Outside},
		"a fragment":                   {next: 4, payload: delivered(func(b []byte) { b[6] = 0x20 }), want: Malformed},
		"a limit of tunnels":           {v6: true, next: 60, payload: append(octets(t, "2f00 0401 04 0100 00"), with("0000 0800")...)},
		"a limit cut":                  {v6: true, next: 60, payload: octets(t, "2f00 0401 04"), want: Malformed},
		"no IP in tunnel mode":         {next: 4, payload: with("0000 0800"), want: Malformed},
		"congestion, transport":        {next: 47, payload: with("0000 0800"), tos: ce, want: Congested},
		"congestion, delivered":        {next: 4, payload: delivered(func(b []byte) { b[1] = ce }), want: Congested},
		"the tos of tunnel mode alone": {next: 4, payload: delivered(func([]byte) {}), tos: ce},
	} {
		g := &GRE{Src: here, Dst: there, Key: 4711, HasKey: c.key}
		if c.v6 {
			g.Src, g.Dst = here6, there6
		}
		got, err := g.Decapsulate(c.next, bytes.Clone(c.payload), c.tos)
		if err != c.want || err == nil && !bytes.Equal(got, inner) || err != nil && got != nil {
			t.Errorf("%s: %x, %v, want %v", name, got, err, c.want)
		}
	}
}
