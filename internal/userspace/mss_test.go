package userspace

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

// segmentWith is a packet of TCP with a right checksum.
func segmentWith(v6 bool, flags byte, options ...byte) []byte {
	ip := headerIPv4
	if v6 {
		ip = headerIPv6
	}
	p := make([]byte, ip+headerTCP, ip+headerTCP+len(options)+1)
	p = append(append(p, options...), 0xaa) // and an odd octet of data
	if v6 {
		p[0], p[6] = 0x60, protocolTCP
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-ip))
	} else {
		p[0], p[9] = 0x45, protocolTCP
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	}
	p[ip-1] = 7 // of an address
	own := p[ip:]
	own[12], own[13] = byte(headerTCP+len(options))<<2, flags
	binary.BigEndian.PutUint16(own[checksumTCP:], ^esp.Fold(esp.Sum(pseudo(p, protocolTCP, len(own)), own)))
	return p
}

// Of a SYN, and of the answer to it, the size is lowered wherever among the options it
// stands, and the checksum stays right; all else stays as it is.
func TestAdjustMSS(t *testing.T) {
	limits := ipsec.MSS{IPv4: 1360, IPv6: 1340}
	for _, c := range []struct {
		name    string
		flags   byte
		options []byte
		at      int // of the size, 0: nothing is to change
	}{
		{"first", syn, []byte{2, 4, 0x05, 0xb4}, 2},
		{"of a SYN, ACK", syn | ack, []byte{2, 4, 0x05, 0xb4}, 2},
		{"largest", syn, []byte{2, 4, 0xff, 0xff}, 2},
		{"at an odd place", syn, []byte{1, 2, 4, 0x05, 0xb4, 1, 1, 0}, 3},
		{"behind others", syn, []byte{3, 3, 7, 4, 2, 1, 2, 4, 0x05, 0xb4, 0, 0}, 8},
		{"small already", syn, []byte{2, 4, 0x02, 0x18}, 0},
		{"no SYN", ack, []byte{2, 4, 0x05, 0xb4}, 0},
		{"none", syn, nil, 0},
		{"behind the end", syn, []byte{0, 0, 0, 0, 2, 4, 0x05, 0xb4}, 0},
		{"of another length", syn, []byte{2, 6, 0x05, 0xb4, 0, 0, 0, 0}, 0},
		{"cut off", syn, []byte{1, 2, 4, 0x05}, 0},
		{"an option without a length", syn, []byte{8, 0, 2, 4, 0x05, 0xb4, 1, 1}, 0},
	} {
		for _, v6 := range []bool{false, true} {
			p := segmentWith(v6, c.flags, c.options...)
			before := bytes.Clone(p)
			adjustMSS(p, limits)
			ip, want := headerIPv4, limits.IPv4
			if v6 {
				ip, want = headerIPv6, limits.IPv6
			}
			own := p[ip:]
			if esp.Fold(esp.Sum(pseudo(p, protocolTCP, len(own)), own)) != 0xffff {
				t.Errorf("%s, IPv6 %v: the checksum is wrong", c.name, v6)
			}
			if c.at > 0 {
				at := ip + headerTCP + c.at
				binary.BigEndian.PutUint16(before[at:], want)
				copy(before[ip+checksumTCP:], own[checksumTCP:checksumTCP+2])
			}
			if !bytes.Equal(p, before) {
				t.Errorf("%s, IPv6 %v: %x, want %x", c.name, v6, p, before)
			}
			for n := range p { // what is cut short is no packet that anything may be read beyond
				adjustMSS(bytes.Clone(p)[:n:n], limits)
			}
		}
	}
	for _, fragment := range []uint16{0x2000, 1} {
		p := segmentWith(false, syn, 2, 4, 0x05, 0xb4)
		binary.BigEndian.PutUint16(p[6:], fragment)
		before := bytes.Clone(p)
		if adjustMSS(p, limits); !bytes.Equal(p, before) {
			t.Errorf("a fragment is changed: %x", p)
		}
	}
	p := segmentWith(true, syn, 2, 4, 0x05, 0xb4)
	before := bytes.Clone(p)
	if adjustMSS(p, ipsec.MSS{IPv4: 1360}); !bytes.Equal(p, before) {
		t.Errorf("IPv6 is changed where nothing is said of it")
	}
}

// Whatever comes, nothing is read or written beyond it, and a checksum that was right
// stays right.
func FuzzAdjustMSS(f *testing.F) {
	f.Add(segmentWith(false, syn, 2, 4, 0x05, 0xb4), uint16(1360))
	f.Add(segmentWith(true, syn, 1, 2, 4, 0x05, 0xb4, 1, 1, 0), uint16(40))
	f.Fuzz(func(t *testing.T, p []byte, most uint16) {
		right := func() bool {
			switch {
			case len(p) >= headerIPv4 && p[0]>>4 == 4 && len(p) >= int(p[0]&15)*4 && p[0]&15 >= 5:
				own := p[int(p[0]&15)*4:]
				return esp.Fold(esp.Sum(pseudo(p, protocolTCP, len(own)), own)) == 0xffff
			case len(p) >= headerIPv6 && p[0]>>4 == 6:
				own := p[headerIPv6:]
				return esp.Fold(esp.Sum(pseudo(p, protocolTCP, len(own)), own)) == 0xffff
			}
			return false
		}
		p = bytes.Clone(p)
		was := right()
		if adjustMSS(p, ipsec.MSS{IPv4: most, IPv6: most}); was && !right() {
			t.Errorf("a right checksum is wrong: %x", p)
		}
	})
}
