package wire

import (
	"encoding/binary"
	"slices"
)

// usualLen is room for most messages without certificates, octets.
const usualLen = 256

// An Appender appends its octets to dst: the body of a payload.
type Appender interface {
	Append(dst []byte) []byte
}

// Raw is a body that is its octets: key exchange data, a nonce, a hash.
type Raw []byte

// Append appends the octets.
func (r Raw) Append(dst []byte) []byte { return append(dst, r...) }

// A Builder builds a message payload by payload into one buffer.
type Builder struct {
	buf   []byte
	start int // of the header in buf
	next  int // where the type of the payload to come is written
}

// NewBuilder begins a message at the end of dst. NextPayload and Length of the
// header are filled in as payloads are added.
func NewBuilder(dst []byte, h Header) *Builder {
	b := &Builder{start: len(dst), next: len(dst) + 16}
	h.NextPayload = PayloadNone
	b.buf = h.Append(slices.Grow(dst, usualLen))
	return b
}

// Add appends a payload. A body must be shorter than 65532 octets. A Payload
// keeps its reserved octet, in which IKEv2 has the critical bit.
func (b *Builder) Add(t PayloadType, body Appender) {
	at := len(b.buf)
	b.buf[b.next] = byte(t)
	b.next = at
	b.buf = append(b.buf, byte(PayloadNone), 0, 0, 0)
	if p, ok := body.(Payload); ok && len(p.Raw) >= genericLen {
		b.buf[at+1] = p.Raw[1]
	}
	b.buf = body.Append(b.buf)
	binary.BigEndian.PutUint16(b.buf[at+2:], uint16(len(b.buf)-at))
}

// Bytes is the message so far, behind what dst held, with the length of the
// header set.
func (b *Builder) Bytes() []byte {
	binary.BigEndian.PutUint32(b.buf[b.start+24:], uint32(len(b.buf)-b.start))
	return b.buf
}

// Payloads is the chain without the header: what is to be encrypted.
func (b *Builder) Payloads() []byte { return b.buf[b.start+HeaderLen:] }

// First is the type of the first payload, PayloadNone if there is none.
func (b *Builder) First() PayloadType { return PayloadType(b.buf[b.start+16]) }
