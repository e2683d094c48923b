package wire

import "encoding/binary"

// EAP is the body of an Extensible Authentication payload (RFC 7296 section
// 3.16): one EAP message (RFC 3748 section 4).
//
//	+---------------+---------------+-------------------------------+
//	!     Code      ! Identifier    !           Length              !
//	+---------------+---------------+-------------------------------+
//	!     Type      ! Type_Data                                     !
type EAP struct {
	Code       uint8 // 1 request, 2 response, 3 success, 4 failure
	Identifier uint8
	Data       []byte // type and its data; nil with success and failure
}

// ParseEAP parses the body of an EAP payload.
func ParseEAP(body []byte) (EAP, error) {
	if len(body) < 4 {
		return EAP{}, malformed(PayloadEAP, len(body), "%d octets are too few", len(body))
	}
	e, n := EAP{Code: body[0], Identifier: body[1], Data: body[4:]}, int(binary.BigEndian.Uint16(body[2:]))
	switch {
	case n != len(body):
		return e, malformed(PayloadEAP, 2, "length %d of %d octets", n, len(body))
	case e.Code < 1 || e.Code > 4:
		return e, malformed(PayloadEAP, 0, "code %d", e.Code)
	case (e.Code <= 2) != (len(e.Data) > 0):
		return e, malformed(PayloadEAP, 4, "code %d with %d octets of data", e.Code, len(e.Data))
	}
	return e, nil
}

// Append appends the body of an EAP payload.
func (e EAP) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, e.Code, e.Identifier), uint16(4+len(e.Data)))
	return append(dst, e.Data...)
}
