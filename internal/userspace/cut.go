package userspace

import (
	"encoding/binary"
	"math"

	"github.com/obol-ike/obol/internal/esp"
)

// maxHeaders of IP and TCP with all options of IPv4, octets.
const maxHeaders = 60 + 60

// cut gives the packets of IP in what a TUN device handed over, whole and with their
// checksums, to f, one after the other; f has to be done with one when it returns,
// for the header of the next is written over its end. What is not as it says is
// dropped.
func cut(b []byte, f func(packet []byte)) {
	if len(b) < offloadLen+headerIPv4 {
		return
	}
	o, packet := parseOffload(b), b[offloadLen:]
	if o.flags&needsChecksum == 0 {
		if o.kind == single {
			f(packet)
		}
		return
	}
	protocol, field := uint8(protocolTCP), checksumTCP
	if o.checksumField == checksumUDP {
		protocol, field = protocolUDP, checksumUDP
	}
	ipHeader := headerIPv4
	if packet[0]>>4 == 6 {
		ipHeader = headerIPv6
	}
	if o.sumStart < ipHeader || len(packet) < o.sumStart+field+2 {
		return
	}
	if o.kind == single {
		finishChecksum(packet, o.sumStart, o.checksumField)
		f(packet)
		return
	}
	n := o.sumStart + headerUDP
	if protocol == protocolTCP {
		n = o.sumStart + int(packet[o.sumStart+12]>>4)*4
		if n < o.sumStart+headerTCP {
			return
		}
	}
	if n > min(len(packet), maxHeaders) || o.segment == 0 || o.checksumField != field {
		return
	}
	segments(packet, o, protocol, n, f)
}

// finishChecksum completes one that has the sum of the pseudo-header in its field.
// What is neither TCP nor UDP has none there.
func finishChecksum(packet []byte, start, field int) {
	if len(packet) < start+field+2 {
		return
	}
	value := ^esp.Fold(esp.Sum(0, packet[start:]))
	if value == 0 && field == checksumUDP {
		value = math.MaxUint16 // 0 says that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(packet[start+field:], value)
}

// segments cuts a packet whose headers have n octets.
func segments(packet []byte, o offload, protocol uint8, n int, f func([]byte)) {
	var headers [maxHeaders]byte
	copy(headers[:], packet[:n])
	transport := headers[o.sumStart:n]
	sequence := binary.BigEndian.Uint32(transport[4:]) // of TCP
	id := binary.BigEndian.Uint16(headers[4:])
	for at := 0; at < len(packet)-n; at += o.segment {
		size := min(o.segment, len(packet)-n-at)
		one := packet[at:][: n+size : n+size]
		copy(one, headers[:n])
		own := one[o.sumStart:]
		if protocol == protocolTCP {
			binary.BigEndian.PutUint32(own[4:], sequence+uint32(at))
			if at > 0 {
				own[13] &^= cwr
			}
			if at+size < len(packet)-n {
				own[13] &^= fin | psh
			}
		} else {
			binary.BigEndian.PutUint16(own[4:], uint16(headerUDP+size))
		}
		if one[0]>>4 == 4 {
			binary.BigEndian.PutUint16(one[2:], uint16(len(one)))
			binary.BigEndian.PutUint16(one[4:], id)
			id++
			headerChecksum(one[:o.sumStart])
		} else {
			binary.BigEndian.PutUint16(one[4:], uint16(len(one)-headerIPv6))
		}
		field := o.checksumField
		binary.BigEndian.PutUint16(own[field:], 0)
		value := ^esp.Fold(esp.Sum(pseudo(one, protocol, len(own)), own))
		if value == 0 && protocol == protocolUDP {
			value = math.MaxUint16
		}
		binary.BigEndian.PutUint16(own[field:], value)
		f(one)
	}
}
