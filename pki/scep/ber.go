package scep

import (
	"errors"
	"fmt"
)

// Limits of a message.
const (
	MaxMessageLen = 8 << 20 // octets: a CRL of GetCRL may have a few million
	maxNesting    = 24
)

var errCut = errors.New("the message ends before its time")

// toDER writes one BER element with definite, shortest lengths: servers in Java and
// in C++ send indefinite ones. Constructed strings stay constructed.
func toDER(ber []byte) ([]byte, error) {
	if len(ber) > MaxMessageLen {
		return nil, fmt.Errorf("a message of %d octets, at most %d are accepted", len(ber), MaxMessageLen)
	}
	out, rest, err := appendElement(make([]byte, 0, len(ber)), ber, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets stand after the message", len(rest))
	}
	return out, err
}

// appendElement writes the first element of in and gives what follows it.
func appendElement(out, in []byte, depth int) (_, rest []byte, err error) {
	if depth > maxNesting {
		return nil, nil, fmt.Errorf("elements are nested deeper than %d", maxNesting)
	}
	if len(in) < 2 {
		return nil, nil, errCut
	}
	tag := in[0]
	if tag&0x1f == 0x1f {
		return nil, nil, errors.New("a tag of more than one octet")
	}
	length, body, err := readLength(in[1:])
	if err != nil {
		return nil, nil, err
	}
	constructed := tag&0x20 != 0
	if length < 0 { // indefinite: until two zero octets
		if !constructed {
			return nil, nil, errors.New("a primitive element without a length")
		}
		var content []byte
		for {
			if len(body) < 2 {
				return nil, nil, errCut
			}
			if body[0] == 0 && body[1] == 0 {
				return appendHeader(out, tag, content), body[2:], nil
			}
			if content, body, err = appendElement(content, body, depth+1); err != nil {
				return nil, nil, err
			}
		}
	}
	if length > len(body) {
		return nil, nil, errCut
	}
	content, rest := body[:length], body[length:]
	if constructed {
		var inner []byte
		for len(content) > 0 {
			if inner, content, err = appendElement(inner, content, depth+1); err != nil {
				return nil, nil, err
			}
		}
		content = inner
	}
	return appendHeader(out, tag, content), rest, nil
}

// readLength reads a length; -1 stands for an indefinite one.
func readLength(in []byte) (length int, rest []byte, err error) {
	first, rest := in[0], in[1:]
	switch n := int(first & 0x7f); {
	case first < 0x80:
		return int(first), rest, nil
	case n == 0:
		return -1, rest, nil
	case n > 4:
		return 0, nil, errors.New("a length of more than four octets")
	case n > len(rest):
		return 0, nil, errCut
	default:
		for _, c := range rest[:n] {
			length = length<<8 | int(c)
		}
		return length, rest[n:], nil
	}
}

// appendHeader writes an element.
func appendHeader(out []byte, tag byte, content []byte) []byte {
	out = append(out, tag)
	n := len(content)
	switch {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 1<<8:
		out = append(out, 0x81, byte(n))
	case n < 1<<16:
		out = append(out, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		out = append(out, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, content...)
}
