package wire

import "encoding/binary"

// IDV1 is the body of an identification payload (RFC 2407 section 4.6.2):
//
//	+---------------+---------------+-------------------------------+
//	!   ID Type     !  Protocol ID  !             Port              !
//	+---------------+---------------+-------------------------------+
//	!                     Identification Data                       !
type IDV1 struct {
	Type     IDType
	Protocol uint8  // IP protocol, 0: any
	Port     uint16 // 0: any
	Data     []byte
}

// idLengths are the lengths of identities that have one.
var idLengths = map[IDType]int{
	IDIPv4Addr: 4, IDIPv4AddrSubnet: 8, IDIPv4AddrRange: 8,
	IDIPv6Addr: 16, IDIPv6AddrSubnet: 32, IDIPv6AddrRange: 32,
}

// ParseIDV1 parses the body of an ID payload. Unknown types are kept; whether
// an identity makes sense where it stands is the session's to say.
func ParseIDV1(body []byte) (IDV1, error) {
	if len(body) < 4 {
		return IDV1{}, malformed(PayloadID, len(body), "%d octets are too few", len(body))
	}
	id := IDV1{Type: IDType(body[0]), Protocol: body[1], Port: binary.BigEndian.Uint16(body[2:]), Data: body[4:]}
	if n, fixed := idLengths[id.Type]; fixed && n != len(id.Data) {
		return id, refuse(PayloadID, 4, NotifyInvalidIDInformation, "%s of %d octets, not %d", id.Type, len(id.Data), n)
	}
	return id, nil
}

// Append appends the body of an ID payload.
func (id IDV1) Append(dst []byte) []byte {
	dst = append(dst, byte(id.Type), id.Protocol)
	dst = binary.BigEndian.AppendUint16(dst, id.Port)
	return append(dst, id.Data...)
}
