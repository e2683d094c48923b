package userspace

import (
	"encoding/binary"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

const (
	syn = 0x02

	optionEnd  = 0 // of TCP (RFC 9293 section 3.1)
	optionNone = 1
	optionMSS  = 2
)

// adjustMSS makes a SYN offer segments no larger than ip tcp adjust-mss says. What is a
// fragment, or has headers between those of IPv6 and TCP, stays as it is.
func adjustMSS(p []byte, mss ipsec.MSS) {
	var own []byte
	var most uint16
	switch {
	case len(p) >= headerIPv4 && p[0]>>4 == 4:
		const moreOrOffset = 0x3fff
		n := int(p[0]&15) * 4
		if p[9] != protocolTCP || binary.BigEndian.Uint16(p[6:])&moreOrOffset != 0 || n < headerIPv4 || len(p) < n {
			return
		}
		own, most = p[n:], mss.IPv4
	case len(p) >= headerIPv6 && p[0]>>4 == 6:
		if p[6] != protocolTCP {
			return
		}
		own, most = p[headerIPv6:], mss.IPv6
	}
	if most == 0 || len(own) < headerTCP || own[13]&syn == 0 {
		return
	}
	n := int(own[12]>>4) * 4
	if n < headerTCP || n > len(own) {
		return
	}
	for at := headerTCP; at < n; {
		switch own[at] {
		case optionEnd:
			return
		case optionNone:
			at++
			continue
		}
		if at+2 > n || own[at+1] < 2 || at+int(own[at+1]) > n {
			return
		}
		if own[at] == optionMSS && own[at+1] == 4 && binary.BigEndian.Uint16(own[at+2:]) > most {
			replace(own, at+2, most)
			return
		}
		at += int(own[at+1])
	}
}

// replace writes a number into the header of TCP and mends the checksum for it: "HC' =
// ~(~HC + ~m + m')" (RFC 1624 section 3), for the whole words that it stands in.
func replace(own []byte, at int, v uint16) {
	words := own[at&^1 : (at+3)&^1]
	total := esp.Word(^binary.BigEndian.Uint16(own[checksumTCP:]))
	for i := 0; i < len(words); i += 2 {
		total += esp.Word(^binary.BigEndian.Uint16(words[i:]))
	}
	binary.BigEndian.PutUint16(own[at:], v)
	binary.BigEndian.PutUint16(own[checksumTCP:], ^esp.Fold(esp.Sum(total, words)))
}
