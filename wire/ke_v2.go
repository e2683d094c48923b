package wire

import "encoding/binary"

// KEV2 is the body of a Key Exchange payload (RFC 7296 section 3.4):
//
//	+-------------------------------+-------------------------------+
//	!   Diffie-Hellman Group Num    !           RESERVED            !
//	+-------------------------------+-------------------------------+
//	!                       Key Exchange Data                       !
type KEV2 struct {
	Group uint16 // transform ID of type 4, or of an additional key exchange
	Data  []byte
}

// ParseKEV2 parses the body of a KE payload. The length of Data is judged by
// who knows the group.
func ParseKEV2(body []byte) (KEV2, error) {
	if len(body) <= 4 {
		return KEV2{}, malformed(PayloadKEV2, len(body), "%d octets are too few", len(body))
	}
	return KEV2{Group: binary.BigEndian.Uint16(body), Data: body[4:]}, nil
}

// Append appends the body of a KE payload.
func (k KEV2) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, k.Group)
	return append(append(dst, 0, 0), k.Data...)
}
