package wire

import (
	"encoding/binary"
	"iter"
	"slices"
)

// MaxPayloads limits the payloads of one message. A main mode message of a
// router that trusts many CAs has a CERT_REQ for each.
const MaxPayloads = 64

const genericLen = 4 // of the generic payload header

// A Payload is one link of the chain. Its octets alias the datagram.
type Payload struct {
	Type     PayloadType
	Critical bool   // IKEv2's critical bit; in IKEv1 it is reserved and never set
	Offset   int    // of the generic header in the datagram
	Raw      []byte // generic header and body
	Body     []byte
}

// Append appends the body, so that a payload received can be added to a
// Builder as it is, whatever its type.
func (p Payload) Append(dst []byte) []byte { return append(dst, p.Body...) }

// A Message is a header and its payloads in the order received, unknown ones
// included.
type Message struct {
	Header
	Payloads []Payload
	Rest     []byte // octets after the last payload: padding, or the whole body while it is encrypted
}

// Parse parses one message. Of an encrypted IKEv1 message it parses the header
// only: Payloads is nil and Rest the ciphertext.
//
// RFC 2408 section 3 has clear messages padded to a multiple of 4 octets, so
// octets after the last payload are kept and not judged.
func Parse(b []byte) (*Message, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return nil, err
	}
	m := &Message{Header: h}
	switch {
	case h.Version.Major() != 1 && h.Version.Major() != 2:
		return nil, refuse(PayloadNone, 17, NotifyInvalidMajorVersion, "version %s", h.Version)
	case h.Version.Major() == 1 && h.Version.Minor() != 0:
		return nil, refuse(PayloadNone, 17, NotifyInvalidMinorVersion, "version %s", h.Version)
	case h.Encrypted():
		m.Rest = b[HeaderLen:]
		return m, nil
	}
	m.Payloads, m.Rest, err = parseChain(h.Version, h.NextPayload, b[HeaderLen:], HeaderLen)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ParseChain parses the payloads of a decrypted IKEv1 body that begins at
// offset of its datagram. first is the header's next payload. What follows the
// last payload is returned as rest: it is padding.
func ParseChain(first PayloadType, b []byte, offset int) (payloads []Payload, rest []byte, err error) {
	return parseChain(V1, first, b, offset)
}

// ParseChainV2 is ParseChain for what an SK payload of IKEv2 holds: nothing may
// follow the last payload, as the padding has its own length.
func ParseChainV2(first PayloadType, b []byte, offset int) ([]Payload, error) {
	payloads, rest, err := parseChain(V2, first, b, offset)
	if err == nil && len(rest) > 0 {
		err = malformed(PayloadSK, offset+len(b)-len(rest), "%d octets behind the last payload", len(rest))
	}
	if err != nil {
		return nil, err
	}
	return payloads, nil
}

// parseChain follows the generic payload headers.
//
//	 0                   1                   2                   3
//	+---------------+---------------+-------------------------------+
//	! Next Payload  !C!  RESERVED   !         Payload Length        !
//	+---------------+---------------+-------------------------------+
//
// RFC 2408 section 5.3 has a message discarded as malformed whose RESERVED is
// not zero. IKEv2 has its first bit for Critical and ignores the rest.
func parseChain(v Version, first PayloadType, b []byte, offset int) ([]Payload, []byte, error) {
	payloads := slices.Grow([]Payload(nil), count(first, b))
	for t := first; t != PayloadNone; {
		if len(payloads) == MaxPayloads {
			return nil, nil, malformed(t, offset, "more than %d payloads", MaxPayloads)
		}
		raw, next, err := genericHeader(v, t, b, offset)
		if err != nil {
			return nil, nil, err
		}
		payloads = append(payloads, Payload{
			Type: t, Critical: v.Major() == 2 && raw[1]&0x80 != 0,
			Offset: offset, Raw: raw, Body: raw[genericLen:],
		})
		b, offset = b[len(raw):], offset+len(raw)
		if v.Major() == 2 && t.encrypts() {
			break // its next payload is the first of those inside it
		}
		t = next
	}
	return payloads, b, nil
}

// count is how many payloads a chain claims to have, at most MaxPayloads.
func count(first PayloadType, b []byte) (n int) {
	for t := first; t != PayloadNone && n < MaxPayloads && len(b) >= genericLen; n++ {
		if t.encrypts() {
			return n + 1
		}
		size := max(genericLen, int(binary.BigEndian.Uint16(b[2:])))
		t, b = PayloadType(b[0]), b[min(size, len(b)):]
	}
	return n
}

// genericHeader cuts one payload, header and body, off b.
func genericHeader(v Version, t PayloadType, b []byte, offset int) (raw []byte, next PayloadType, err error) {
	if len(b) < genericLen {
		return nil, 0, refuse(t, offset, NotifyUnequalPayloadLengths, "%d octets left, too few for a payload header", len(b))
	}
	if v.Major() == 1 && b[1] != 0 {
		return nil, 0, malformed(t, offset+1, "RESERVED is %d, not 0", b[1])
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < genericLen {
		return nil, 0, malformed(t, offset+2, "length %d is below that of a payload header", n)
	}
	if n > len(b) {
		return nil, 0, refuse(t, offset+2, NotifyUnequalPayloadLengths, "length %d, but only %d octets are left", n, len(b))
	}
	return b[:n:n], PayloadType(b[0]), nil
}

// First returns the first payload of a type.
func (m *Message) First(t PayloadType) (Payload, bool) {
	for p := range m.All(t) {
		return p, true
	}
	return Payload{}, false
}

// All yields the payloads of a type in order.
func (m *Message) All(t PayloadType) iter.Seq[Payload] {
	return func(yield func(Payload) bool) {
		for _, p := range m.Payloads {
			if p.Type == t && !yield(p) {
				return
			}
		}
	}
}
