package wire

import "encoding/binary"

// MaxConfigAttributes limits the attributes of one configuration payload.
const MaxConfigAttributes = 64

// CPType says what a configuration payload wants.
type CPType uint8

// Configuration types of RFC 7296 section 3.15.
const (
	CPRequest CPType = 1
	CPReply   CPType = 2
	CPSet     CPType = 3
	CPAck     CPType = 4
)

var cpNames = map[CPType]string{CPRequest: "CFG_REQUEST", CPReply: "CFG_REPLY", CPSet: "CFG_SET", CPAck: "CFG_ACK"}

func (t CPType) String() string { return name(cpNames, t, "CFG type") }

// Attributes of RFC 7296 section 3.15.1, and those of Cisco's Unity that IOS
// asks for.
const (
	CPApplicationVersion uint16 = 7
	CPUnityBanner        uint16 = 28672
	CPUnityDefDomain     uint16 = 28674
	CPUnitySplitDNS      uint16 = 28675
	CPUnityBackupServers uint16 = 28681
)

// CPV2 is the body of a Configuration payload (RFC 7296 section 3.15): a type,
// three reserved octets, attributes.
type CPV2 struct {
	Type       CPType
	Attributes []CPAttribute
}

// CPAttribute is one attribute (RFC 7296 section 3.15.1):
//
//	+-+-------------+---------------+-------------------------------+
//	!R!         Attribute Type      !            Length             !
//	+-+-----------------------------+-------------------------------+
//	!                             Value                             !
type CPAttribute struct {
	Type  uint16 // 15 bits
	Value []byte // nil: asked for
}

// ParseCPV2 parses the body of a CP payload.
func ParseCPV2(body []byte) (CPV2, error) {
	if len(body) < 4 {
		return CPV2{}, malformed(PayloadCP, len(body), "%d octets are too few", len(body))
	}
	c := CPV2{Type: CPType(body[0])}
	for b, offset := body[4:], 4; len(b) > 0; {
		if len(c.Attributes) == MaxConfigAttributes {
			return c, malformed(PayloadCP, offset, "more than %d attributes", MaxConfigAttributes)
		}
		if len(b) < 4 {
			return c, malformed(PayloadCP, offset, "%d octets are too few for an attribute", len(b))
		}
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return c, malformed(PayloadCP, offset+2, "attribute of %d octets, but only %d are left", n-4, len(b)-4)
		}
		c.Attributes = append(c.Attributes, CPAttribute{binary.BigEndian.Uint16(b) & 0x7fff, b[4:n:n]})
		b, offset = b[n:], offset+n
	}
	return c, nil
}

// Append appends the body of a CP payload.
func (c CPV2) Append(dst []byte) []byte {
	dst = append(dst, byte(c.Type), 0, 0, 0)
	for _, a := range c.Attributes {
		dst = binary.BigEndian.AppendUint16(dst, a.Type)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.Value)))
		dst = append(dst, a.Value...)
	}
	return dst
}
