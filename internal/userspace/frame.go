package userspace

import (
	"bytes"
	"encoding/binary"

	"github.com/obol-ike/obol/internal/esp"
)

// maxParts of a frame: what one writev takes, with room.
const maxParts = 256

// A frame is what a TUN device takes at once: a packet, or several of one flow that
// follow each other without a gap, of which all but the last carry as much. They
// stay where they lie. The kernel's receive offload goes by the same rules.
type frame struct {
	header [offloadLen]byte
	first  []byte
	rest   [][]byte // payloads of those that follow
	flow   flow     // of the first, if there may be more
	octets int      // of the packet that they all make
	next   uint32   // sequence number of TCP
	last   uint8    // flags of TCP of the last one
	id     uint16   // of IPv4, of the last one
	full   bool
}

// A flow is what a packet of TCP or UDP must have like the one before.
type flow struct {
	protocol     uint8
	ip           int // octets of the header of IP
	headers      int // and of both
	payload      int // octets
	kind         uint8
	checksumKind int
}

// add takes a packet into the frame, if it is empty or goes on with it. Its memory
// stays the frame's until finish. datagrams says whether those of UDP may be joined.
func (f *frame) add(packet []byte, datagrams bool) bool {
	if len(packet) == 0 {
		return true
	}
	if f.first == nil {
		f.begin(packet, datagrams)
		return true
	}
	if f.full || len(f.rest)+2 >= maxParts {
		return false
	}
	w, ok := parseFlow(packet, datagrams)
	if !ok || w.payload > f.flow.payload || f.octets+w.payload > maxPacket {
		return false
	}
	size := w.payload
	w.payload = f.flow.payload
	if w != f.flow || !f.follows(packet) || !verify(packet, w) {
		return false
	}
	f.rest = append(f.rest, packet[w.headers:])
	f.octets += size
	f.next += uint32(size)
	f.full = size < f.flow.payload
	if w.protocol == protocolTCP {
		f.last = packet[w.ip+13]
		f.full = f.full || f.last&psh != 0
	}
	f.id = binary.BigEndian.Uint16(packet[4:])
	return true
}

func (f *frame) begin(packet []byte, datagrams bool) {
	f.first, f.octets = packet, len(packet)
	w, ok := parseFlow(packet, datagrams)
	if f.full = !ok || !verify(packet, w); f.full {
		return
	}
	f.flow = w
	f.id = binary.BigEndian.Uint16(packet[4:])
	if w.protocol == protocolTCP {
		f.next = binary.BigEndian.Uint32(packet[w.ip+4:]) + uint32(w.payload)
		f.last = packet[w.ip+13]
		f.full = f.last&psh != 0
	}
}

// parseFlow reads a packet; false for one that goes alone.
func parseFlow(p []byte, datagrams bool) (w flow, ok bool) {
	var protocol uint8
	switch {
	case len(p) >= headerIPv4 && p[0] == 0x45:
		const moreOrOffset = 0x3fff
		if int(binary.BigEndian.Uint16(p[2:])) != len(p) || binary.BigEndian.Uint16(p[6:])&moreOrOffset != 0 {
			return w, false
		}
		w.ip, w.kind, protocol = headerIPv4, tcpV4, p[9]
	case len(p) >= headerIPv6 && p[0]>>4 == 6:
		if int(binary.BigEndian.Uint16(p[4:])) != len(p)-headerIPv6 {
			return w, false
		}
		w.ip, w.kind, protocol = headerIPv6, tcpV6, p[6]
	default:
		return w, false
	}
	w.protocol = protocol
	own := p[w.ip:]
	switch {
	case protocol == protocolTCP && len(own) >= headerTCP:
		w.headers, w.checksumKind = w.ip+int(own[12]>>4)*4, checksumTCP
		if w.headers < w.ip+headerTCP || own[13]&^(ack|psh|ece) != 0 || own[13]&ack == 0 {
			return w, false
		}
	case protocol == protocolUDP && datagrams && len(own) >= headerUDP:
		w.headers, w.checksumKind, w.kind = w.ip+headerUDP, checksumUDP, datagram
		if int(binary.BigEndian.Uint16(own[4:])) != len(own) || binary.BigEndian.Uint16(own[6:]) == 0 {
			return w, false
		}
	default:
		return w, false
	}
	w.payload = len(p) - w.headers
	return w, w.payload > 0
}

// follows says whether a packet differs from the first in nothing but what the next
// one differs in.
func (f *frame) follows(p []byte) bool {
	a, ip := f.first, f.flow.ip
	if ip == headerIPv4 {
		const dont = 0x40
		// type of service, DF, TTL and addresses; the identification counts, where
		// it says anything
		if a[1] != p[1] || a[6] != p[6] || a[8] != p[8] || !bytes.Equal(a[12:20], p[12:20]) ||
			p[6]&dont == 0 && binary.BigEndian.Uint16(p[4:]) != f.id+1 {
			return false
		}
	} else if !bytes.Equal(a[:4], p[:4]) || !bytes.Equal(a[7:40], p[7:40]) {
		return false
	}
	x, y := a[ip:f.flow.headers], p[ip:f.flow.headers]
	if !bytes.Equal(x[:4], y[:4]) { // ports
		return false
	}
	if f.flow.protocol == protocolUDP {
		return true
	}
	// acknowledgement, window, options; the flags but PSH
	return binary.BigEndian.Uint32(y[4:]) == f.next && bytes.Equal(x[8:13], y[8:13]) && x[13] == y[13]&^psh &&
		bytes.Equal(x[14:16], y[14:16]) && bytes.Equal(x[18:], y[18:])
}

// verify checks the checksums, of IPv4 and of TCP or UDP: in a frame of several they are
// made anew, right whatever they were.
func verify(p []byte, w flow) bool {
	if w.ip == headerIPv4 && esp.Fold(esp.Sum(0, p[:headerIPv4])) != 0xffff {
		return false
	}
	return esp.Fold(esp.Sum(pseudo(p, w.protocol, len(p)-w.ip), p[w.ip:])) == 0xffff
}

// packets is how many it has.
func (f *frame) packets() int {
	if f.first == nil {
		return 0
	}
	return 1 + len(f.rest)
}

// finish gives the frame to the writer, and is empty then; false if it was.
func (f *frame) finish(w *deviceWriter) bool {
	if f.first == nil {
		return false
	}
	clear(f.header[:])
	if len(f.rest) > 0 {
		f.join()
	}
	w.add(f.header[:])
	w.add(f.first)
	for _, b := range f.rest {
		w.add(b)
	}
	clear(f.rest)
	f.first, f.rest, f.full = nil, f.rest[:0], false
	return true
}

// join makes the headers of the first those of all.
func (f *frame) join() {
	p, v := f.first, f.flow
	if v.ip == headerIPv4 {
		binary.BigEndian.PutUint16(p[2:], uint16(f.octets))
		headerChecksum(p[:headerIPv4])
	} else {
		binary.BigEndian.PutUint16(p[4:], uint16(f.octets-headerIPv6))
	}
	if v.protocol == protocolTCP {
		p[v.ip+13] |= f.last & psh
	} else {
		binary.BigEndian.PutUint16(p[v.ip+4:], uint16(f.octets-v.ip))
	}
	binary.BigEndian.PutUint16(p[v.ip+v.checksumKind:], esp.Fold(pseudo(p, v.protocol, f.octets-v.ip)))
	offload{flags: needsChecksum, kind: v.kind, headers: v.headers, segment: v.payload, sumStart: v.ip, checksumField: v.checksumKind}.put(f.header[:])
}
