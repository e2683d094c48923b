package userspace

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"unsafe"

	"github.com/obol-ike/obol/internal/esp"
)

// made is a packet of TCP or UDP with n octets, as a TUN device hands it over with a
// segment size, or to be joined from its segments.
func made(v6 bool, protocol uint8, n, segment int, dont bool) (o offload, packet []byte) {
	ip, headers, field := headerIPv4, headerTCP+12, checksumTCP
	if v6 {
		ip = headerIPv6
	}
	if protocol == protocolUDP {
		headers, field = headerUDP, checksumUDP
	}
	p := make([]byte, ip+headers+n)
	if v6 {
		p[0], p[6], p[7] = 0x60, protocol, 64
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-ip))
		copy(p[8:], netip.MustParseAddr("2001:db8::1").AsSlice())
		copy(p[24:], netip.MustParseAddr("2001:db8::2").AsSlice())
	} else {
		p[0], p[5], p[8], p[9] = 0x45, 7, 64, protocol
		if dont {
			p[6] = 0x40
		}
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		copy(p[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
		headerChecksum(p[:ip])
	}
	own := p[ip:]
	binary.BigEndian.PutUint32(own, 0x12345678)
	if protocol == protocolTCP {
		binary.BigEndian.PutUint32(own[4:], 0xfffffff0) // it wraps
		own[12], own[13] = (headerTCP+12)/4<<4, ack|psh
		copy(own[headerTCP:], "timestamps..")
	} else {
		binary.BigEndian.PutUint16(own[4:], uint16(len(own)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range own[headers:] {
		own[headers+i] = byte(random.Uint32())
	}
	binary.BigEndian.PutUint16(own[field:], esp.Fold(pseudo(p, protocol, len(own))))
	o = offload{flags: needsChecksum, headers: ip + headers, segment: segment, sumStart: ip, checksumField: field}
	switch {
	case segment == 0:
	case protocol == protocolUDP:
		o.kind = datagram
	case v6:
		o.kind = tcpV6
	default:
		o.kind = tcpV4
	}
	return o, p
}

// handed is what a read of the device gives.
func handed(o offload, packet []byte) []byte {
	b := make([]byte, offloadLen, offloadLen+len(packet))
	o.put(b)
	return append(b, packet...)
}

// pieces are the packets that cut makes.
func pieces(b []byte) (list [][]byte) {
	cut(b, func(p []byte) { list = append(list, bytes.Clone(p)) })
	return list
}

// written is what a frame writes.
func written(f *frame) []byte {
	w := newDeviceWriter()
	if !f.finish(w) {
		return nil
	}
	var all []byte
	for _, v := range w.parts {
		all = append(all, unsafe.Slice(v.Base, int(v.Len))...)
	}
	return all
}

// What cut has taken apart, a frame puts together again: the packet and its offload
// are those that the device handed over.
func TestCutAndJoin(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, protocol := range []uint8{protocolTCP, protocolUDP} {
			for _, n := range []int{1, 2, 99, 100, 101, 1000, 1050, 20000} {
				for _, dont := range []bool{false, true} {
					o, packet := made(v6, protocol, n, 100, dont)
					list := pieces(handed(o, packet))
					if len(list) != (n+99)/100 {
						t.Fatalf("v6 %v protocol %d: %d octets in %d pieces", v6, protocol, n, len(list))
					}
					var f frame
					for i, p := range list {
						if w, ok := parseFlow(p, true); !ok || !verify(p, w) {
							t.Fatalf("v6 %v protocol %d, piece %d: wrong: %x", v6, protocol, i, p)
						}
						if !v6 && esp.Fold(esp.Sum(0, p[:headerIPv4])) != 0xffff {
							t.Errorf("piece %d: wrong header checksum", i)
						}
						if !f.add(p, true) {
							t.Fatalf("v6 %v protocol %d, %d octets: piece %d does not go on", v6, protocol, n, i)
						}
					}
					if n <= 100 {
						o.flags, o.kind, o.headers, o.segment, o.sumStart, o.checksumField = 0, 0, 0, 0, 0, 0
						packet = list[0]
					}
					if got, want := written(&f), handed(o, packet); !bytes.Equal(got, want) {
						t.Errorf("v6 %v protocol %d, %d octets:\n%x\nwant\n%x", v6, protocol, n, got, want)
					}
				}
			}
		}
	}
}

// A packet that is not cut gets its checksum; one without a need for it stays.
func TestSingle(t *testing.T) {
	for _, protocol := range []uint8{protocolTCP, protocolUDP} {
		o, packet := made(false, protocol, 333, 0, true)
		list := pieces(handed(o, packet))
		if len(list) != 1 {
			t.Fatalf("%d pieces", len(list))
		}
		if w, ok := parseFlow(list[0], true); !ok || !verify(list[0], w) {
			t.Errorf("protocol %d: wrong checksum", protocol)
		}
		if again := pieces(handed(offload{}, list[0])); len(again) != 1 || !bytes.Equal(again[0], list[0]) {
			t.Errorf("protocol %d: changed: %x", protocol, again)
		}
	}
}

// What differs from the one before in anything but what the next one differs in
// begins a frame of its own.
func TestNoJoin(t *testing.T) {
	for name, change := range map[string]func(p []byte){
		"checksum":        func(p []byte) { p[len(p)-1]++ },
		"IPv4 checksum":   func(p []byte) { p[10]++ },
		"type of service": func(p []byte) { p[1]++; headerChecksum(p[:headerIPv4]) },
		"TTL":             func(p []byte) { p[8]--; headerChecksum(p[:headerIPv4]) },
		"identification":  func(p []byte) { p[5]++; headerChecksum(p[:headerIPv4]) },
		"fragment":        func(p []byte) { p[6] |= 0x20; headerChecksum(p[:headerIPv4]) },
		"port":            func(p []byte) { p[20]++; again(p) },
		"sequence number": func(p []byte) { p[27]++; again(p) },
		"acknowledgement": func(p []byte) { p[31]++; again(p) },
		"window":          func(p []byte) { p[35]++; again(p) },
		"option":          func(p []byte) { p[45]++; again(p) },
		"FIN":             func(p []byte) { p[33] |= fin; again(p) },
		"CWR":             func(p []byte) { p[33] |= cwr; again(p) },
		"length":          func(p []byte) { p[3]--; headerChecksum(p[:headerIPv4]) },
	} {
		o, packet := made(false, protocolTCP, 300, 100, false)
		list := pieces(handed(o, packet))
		var f frame
		f.add(list[0], true)
		change(list[1])
		if f.add(list[1], true) {
			t.Errorf("%s: joined", name)
		}
	}
	o, packet := made(false, protocolUDP, 300, 100, false)
	list := pieces(handed(o, packet))
	var f frame
	f.add(list[0], false)
	if f.add(list[1], false) {
		t.Error("datagrams are joined for a device that does not cut them")
	}
}

// again makes the checksum of TCP right.
func again(p []byte) {
	own := p[headerIPv4:]
	own[checksumTCP], own[checksumTCP+1] = 0, 0
	binary.BigEndian.PutUint16(own[checksumTCP:], ^esp.Fold(esp.Sum(pseudo(p, protocolTCP, len(own)), own)))
}

// The kernel is trusted not to lie; if it did, nothing would be read out of bounds.
func FuzzCut(f *testing.F) {
	o, packet := made(false, protocolTCP, 300, 100, false)
	f.Add(handed(o, packet))
	o, packet = made(true, protocolUDP, 300, 100, false)
	f.Add(handed(o, packet))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := len(b)
		var of frame
		total := 0
		cut(b, func(p []byte) {
			total += len(p)
			limit(p)
			if len(p) > size {
				t.Errorf("a packet of %d octets in %d", len(p), size)
			}
			if p = bytes.Clone(p); len(p) > 0 && !of.add(p, true) {
				written(&of)
				of.add(p, true)
			}
		})
		written(&of)
	})
}

// What peers send is joined or not, and never read out of bounds, cut anywhere.
func TestJoinCutShort(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, protocol := range []uint8{protocolTCP, protocolUDP} {
			o, packet := made(v6, protocol, 100, 100, true)
			whole := pieces(handed(o, packet))[0]
			for n := range len(whole) {
				var f frame
				f.add(whole[:n:n], true)
				f.add(whole, true)
				written(&f)
			}
		}
	}
}
