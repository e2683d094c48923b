package wire

import "encoding/binary"

// An Attribute is a data attribute (RFC 2408 section 3.3):
//
//	+-+-------------+---------------+-------------------------------+
//	!A!       Attribute Type        !    AF=0  Attribute Length     !
//	!F!                             !    AF=1  Attribute Value      !
//	+-+-----------------------------+-------------------------------+
//	!                   AF=0  Attribute Value                       !
type Attribute struct {
	Type  uint16 // 15 bits
	Value uint64 // of both forms
	Bytes []byte // of the variable form: the value as received, up to 8 octets; nil is the basic form. Append prefers them to Value
}

// maxAttributeLen limits an attribute's value in octets. What IKEv1 has need
// of, a life duration, is a number; longer ones define groups, which nobody
// lets a stranger do.
const maxAttributeLen = 8

// ParseAttributes parses attributes that stand alone, as in the data of a
// RESPONDER_LIFETIME notification (RFC 2407 section 4.6.3.1). Offsets of errors
// count from b.
func ParseAttributes(b []byte) ([]Attribute, error) { return parseAttributes(PayloadNotify, b, 0) }

func parseAttributes(t PayloadType, b []byte, offset int) ([]Attribute, error) {
	var attributes []Attribute
	for len(b) > 0 {
		if len(attributes) == MaxAttributes {
			return nil, refuse(t, offset, NotifyBadProposalSyntax, "more than %d attributes", MaxAttributes)
		}
		if len(b) < 4 {
			return nil, refuse(t, offset, NotifyBadProposalSyntax, "%d octets are too few for an attribute", len(b))
		}
		af, n := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		b, offset = b[4:], offset+4
		a := Attribute{Type: af & 0x7fff, Value: uint64(n)}
		if af&0x8000 == 0 {
			if int(n) > len(b) {
				return nil, refuse(t, offset-2, NotifyBadProposalSyntax, "attribute %d of %d octets, but only %d are left", a.Type, n, len(b))
			}
			if n > maxAttributeLen {
				return nil, refuse(t, offset-2, NotifyAttributesNotSupported, "attribute %d of %d octets, more than %d", a.Type, n, maxAttributeLen)
			}
			a.Bytes, a.Value = b[:n:n], 0
			for _, octet := range a.Bytes {
				a.Value = a.Value<<8 | uint64(octet)
			}
			b, offset = b[n:], offset+int(n)
		}
		attributes = append(attributes, a)
	}
	return attributes, nil
}

// Append appends the attribute: in the variable form if it has Bytes, else in
// the basic one. A value that 16 bits do not hold takes the variable form, of
// 4 octets, or 8 where those do not do either; so IOS writes a lifetime of
// 86400 s.
func (a Attribute) Append(dst []byte) []byte {
	value := a.Bytes
	if value == nil {
		switch {
		case a.Value <= 0xffff:
			dst = binary.BigEndian.AppendUint16(dst, a.Type|0x8000)
			return binary.BigEndian.AppendUint16(dst, uint16(a.Value))
		case a.Value <= 0xffffffff:
			value = binary.BigEndian.AppendUint32(nil, uint32(a.Value))
		default:
			value = binary.BigEndian.AppendUint64(nil, a.Value)
		}
	}
	dst = binary.BigEndian.AppendUint16(dst, a.Type&0x7fff)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}
