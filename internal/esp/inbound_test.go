package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Nothing that is cut at any length, or changed in any octet, comes through; each
// is counted by its kind, and the packet itself still comes through afterwards.
func TestMalformed(t *testing.T) {
	names, sas := suites()
	for k, sa := range sas {
		o, i := pair(t, sa)
		sealed, err := o.Seal(nil, packet4(30), start)
		must(t, err)
		for n := range sealed {
			if _, got, err := i.Open(bytes.Clone(sealed[:n]), outer4, start); got != nil || err != Truncated && err != Integrity {
				t.Errorf("%s, cut to %d: %v", names[k], n, err)
			}
			changed := bytes.Clone(sealed)
			changed[n] ^= 0x10
			want := []Drop{Integrity}
			if n < 4 {
				continue // the SPI: whoever looked the SA up has read it
			}
			if _, got, err := i.Open(changed, outer4, start); got != nil || !slices.Contains(want, err.(Drop)) {
				t.Errorf("%s, octet %d changed: %v", names[k], n, err)
			}
		}
		if i.Of(Truncated)+i.Of(Integrity) != uint64(2*len(sealed)-4) || i.Counters().IntegrityErrors != i.Of(Integrity) || i.Counters().Packets != 0 {
			t.Errorf("%s: %d truncated, %d with a wrong ICV of %d", names[k], i.Of(Truncated), i.Of(Integrity), 2*len(sealed)-4)
		}
		if _, got, err := i.Open(bytes.Clone(sealed), outer4, start); err != nil || !bytes.Equal(got, packet4(30)) {
			t.Errorf("%s: and then %v", names[k], err)
		}
		if _, _, err := i.Open(sealed, outer4, start); err != Replayed || i.Counters().ReplayErrors != 1 {
			t.Errorf("%s: again: %v", names[k], err)
		}
	}
}

// A sequence number far ahead moves the window only with a right ICV, and then what
// is behind is too old.
func TestFarFuture(t *testing.T) {
	_, sas := suites()
	o, i := pair(t, sas[0])
	first, err := o.Seal(nil, packet4(1), start)
	must(t, err)
	o.sequence.Store(1 << 31)
	ahead, err := o.Seal(nil, packet4(2), start)
	must(t, err)
	forged := bytes.Clone(ahead)
	forged[len(forged)-1] ^= 1
	if _, _, err := i.Open(forged, outer4, start); err != Integrity || i.window.top != 0 {
		t.Errorf("forged: %v, window up to %d", err, i.window.top)
	}
	if _, _, err := i.Open(ahead, outer4, start); err != nil || i.window.top != 1<<31+1 {
		t.Errorf("far ahead: %v, window up to %d", err, i.window.top)
	}
	if _, _, err := i.Open(first, outer4, start); err != Replayed {
		t.Errorf("behind: %v", err)
	}
}

// What an authenticated packet carries, and what becomes of it.
func TestCarried(t *testing.T) {
	_, sas := suites()
	narrow := ipsec.Selector{Local: host(inside[0]), Remote: host(inside[1]), Protocol: protocolUDP, LocalPort: 12345, RemotePort: 53}
	good := packet4(10)
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	v6 := func(first uint8, extensions string) []byte {
		ext := octets(t, extensions)
		b := appendIP(nil, inside6[0], inside6[1], first, 64, 0, true, 0, len(ext)+8)
		return append(append(b, ext...), 0x30, 0x39, 0, 53, 0, 8, 0, 0)
	}
	narrow6 := ipsec.Selector{Local: host(inside6[0]), Remote: host(inside6[1]), Protocol: protocolUDP, LocalPort: 12345, RemotePort: 53}
	any6 := narrow6
	any6.LocalPort, any6.RemotePort = 0, 0
	for name, c := range map[string]struct {
		selector ipsec.Selector
		mode     ipsec.Mode
		next     uint8
		payload  []byte
		tos      uint8
		want     error
	}{
		"good":                        {selector: narrow, next: 4, payload: good},
		"traffic flow padding":        {selector: narrow, next: 4, payload: append(bytes.Clone(good), make([]byte, 100)...)},
		"dummy":                       {selector: narrow, next: 59, payload: good, want: Dummy},
		"dummy without anything":      {selector: narrow, next: 59, want: Dummy},
		"transport in tunnel mode":    {selector: narrow, next: 17, payload: good[20:], want: Next},
		"IPv4 for IPv6":               {selector: narrow, next: 41, payload: good, want: Next},
		"IPv6 for IPv4":               {selector: all6, next: 4, payload: packet6(3), want: Next},
		"nothing":                     {selector: narrow, next: 4, want: Malformed},
		"header cut":                  {selector: narrow, next: 4, payload: good[:19], want: Malformed},
		"IPv6 header cut":             {selector: all6, next: 41, payload: packet6(3)[:39], want: Malformed},
		"longer than it is":           {selector: narrow, next: 4, payload: change(func(b []byte) { b[3]++ }), want: Malformed},
		"IPv6 longer than it is":      {selector: all6, next: 41, payload: packet6(3)[:50], want: Malformed},
		"shorter than its header":     {selector: narrow, next: 4, payload: change(func(b []byte) { b[3] = 19 }), want: Malformed},
		"header of 16":                {selector: narrow, next: 4, payload: change(func(b []byte) { b[0] = 0x44 }), want: Malformed},
		"header longer than all":      {selector: narrow, next: 4, payload: change(func(b []byte) { b[0] = 0x4f }), want: Malformed},
		"version 5":                   {selector: narrow, next: 4, payload: change(func(b []byte) { b[0] = 0x55 }), want: Malformed},
		"another source":              {selector: narrow, next: 4, payload: change(func(b []byte) { b[15]++ }), want: Outside},
		"another destination":         {selector: narrow, next: 4, payload: change(func(b []byte) { b[19]++ }), want: Outside},
		"another protocol":            {selector: narrow, next: 4, payload: change(func(b []byte) { b[9] = 6 }), want: Outside},
		"another port":                {selector: narrow, next: 4, payload: change(func(b []byte) { b[23]++ }), want: Outside},
		"another port of ours":        {selector: narrow, next: 4, payload: change(func(b []byte) { b[21]++ }), want: Outside},
		"first fragment":              {selector: narrow, next: 4, payload: change(func(b []byte) { b[6] = 0x20 })},
		"later fragment":              {selector: narrow, next: 4, payload: change(func(b []byte) { b[6], b[7] = 0, 1 }), want: Outside},
		"later fragment, no ports":    {selector: ipsec.Selector{Local: narrow.Local, Remote: narrow.Remote, Protocol: protocolUDP}, next: 4, payload: change(func(b []byte) { b[7] = 1 })},
		"ports of an option":          {selector: narrow, next: 4, payload: change(func(b []byte) { b[0] = 0x47 }), want: Outside},
		"too short for ports":         {selector: narrow, next: 4, payload: change(func(b []byte) { b[3] = 23 }), want: Outside},
		"IPv6 outside IPv4":           {selector: all4, next: 41, payload: packet6(3), want: Outside},
		"IPv6 ports":                  {selector: narrow6, next: 41, payload: v6(17, "")},
		"IPv6 extensions":             {selector: narrow6, next: 41, payload: v6(0, "3c000104 00000000 2b010104 00000000 00000000 00000000 2c000000 00000000 1100000000000000")},
		"IPv6 first fragment":         {selector: narrow6, next: 41, payload: v6(44, "11000001 00000000")},
		"IPv6 later fragment":         {selector: narrow6, next: 41, payload: v6(44, "11000008 00000000"), want: Outside},
		"IPv6 later, no ports":        {selector: any6, next: 41, payload: v6(44, "11000008 00000000")},
		"IPv6 extension too long":     {selector: any6, next: 41, payload: v6(0, "11020104 00000000"), want: Outside},
		"IPv6 fragment cut":           {selector: any6, next: 41, payload: v6(44, "")[:47], want: Malformed},
		"IPv6 extensions without end": {selector: any6, next: 41, payload: v6(60, string(bytes.Repeat([]byte("3c00010400000000"), 9))), want: Outside},
		"transport mode":              {selector: ipsec.Selector{Local: host(there), Remote: host(here), Protocol: 47}.Mirror(), mode: ipsec.Transport, next: 47, payload: []byte{1}},
		"transport, another protocol": {selector: ipsec.Selector{Local: host(here), Remote: host(there), Protocol: 47}, mode: ipsec.Transport, next: 4, payload: good, want: Outside},
		"transport, another host":     {selector: ipsec.Selector{Local: host(inside[0]), Remote: host(there), Protocol: 47}, mode: ipsec.Transport, next: 47, payload: good, want: Outside},
		"congestion unheard":          {selector: narrow, next: 4, payload: good, tos: ce, want: Congested},
	} {
		sa := sas[0]
		sa.Mode, sa.Selector = c.mode, c.selector
		o, i := pair(t, sa)
		sealed, err := o.seal(nil, c.next, c.payload, start)
		must(t, err)
		outer := outer4
		outer.TOS = c.tos
		next, got, err := i.Open(sealed, outer, start)
		if err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		if drop, ok := c.want.(Drop); ok && (got != nil || next != 0 || i.Of(drop) != 1) {
			t.Errorf("%s: %x came with an error, %d counted", name, got, i.Of(drop))
		}
		if h, ok := parse(c.payload); err == nil && c.mode != ipsec.Transport && (!ok || !bytes.Equal(got, h.packet)) {
			t.Errorf("%s: %x", name, got)
		}
	}
}

// Padding is 1, 2, 3 and so on, and not longer than what it pads.
func TestPadding(t *testing.T) {
	for text, want := range map[string]string{
		"aabb 0004": "aabb", "aa 01 0104": "aa", "0102 0204": "", "aa 02 0104": "no", "0201 0204": "no", "01 0204": "no", "0004": "", "ff04": "no",
	} {
		got, ok := unpad(octets(t, text))
		if want == "no" {
			if ok {
				t.Errorf("%s: %x", text, got)
			}
			continue
		}
		if !ok || !bytes.Equal(got, octets(t, want)) {
			t.Errorf("%s: %x %v, want %s", text, got, ok, want)
		}
	}
	// And in a packet whose ICV is right.
	_, sas := suites()
	o, i := pair(t, sas[0])
	dst := binary.BigEndian.AppendUint32(nil, sas[0].SPI)
	dst = append(dst, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)
	dst = append(append(dst, packet4(0)...), 1, 3, 2, 4)
	if _, got, err := i.Open(o.transform.seal(dst, 0, 1), outer4, start); err != Padding || got != nil || i.Of(Padding) != 1 {
		t.Errorf("%x, %v", got, err)
	}
}

// RFC 6040 section 4.2, figure 4: the whole table, for IPv4 with its checksum and
// for IPv6. What a packet is forwarded with, -1: dropped.
func TestCongestion(t *testing.T) {
	const ect0 = 2
	table := [4][4]int{ // by inner and outer
		notECT: {notECT: notECT, ect1: notECT, ect0: notECT, ce: -1},
		ect1:   {notECT: ect1, ect1: ect1, ect0: ect1, ce: ce},
		ect0:   {notECT: ect0, ect1: ect1, ect0: ect0, ce: ce},
		ce:     {notECT: ce, ect1: ce, ect0: ce, ce: ce},
	}
	for _, ends := range [][2]netip.Addr{inside, inside6} {
		for inner := range uint8(4) {
			for outer := range uint8(4) {
				packet := appendIP(nil, ends[0], ends[1], protocolNone, 64, 0xb8|inner, true, 0x1234, 0)
				h, ok := parse(packet)
				if !ok {
					t.Fatal("not parsed")
				}
				ok = h.congest(0x48 | outer)
				want := table[inner][outer]
				if !ok || want < 0 {
					if ok != (want >= 0) {
						t.Errorf("%v: inner %d, outer %d: %v", ends[0], inner, outer, ok)
					}
					continue
				}
				if fresh := appendIP(nil, ends[0], ends[1], protocolNone, 64, 0xb8|uint8(want), true, 0x1234, 0); !bytes.Equal(packet, fresh) {
					t.Errorf("%v: inner %d, outer %d: %x, want %x", ends[0], inner, outer, packet, fresh)
				}
			}
		}
	}
}
