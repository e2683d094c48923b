package wire

import "encoding/binary"

// SKF is the body of an Encrypted and Authenticated Fragment payload (RFC 7383
// section 2.5):
//
//	+-------------------------------+-------------------------------+
//	!        Fragment Number        !        Total Fragments        !
//	+-------------------------------+-------------------------------+
//	!          IV, encrypted content, padding, integrity check      !
type SKF struct {
	Number, Total uint16 // from 1
	Sealed        []byte
}

// SKFLen is the length of the two numbers in octets.
const SKFLen = 4

// ParseSKF parses the body of an SKF payload.
func ParseSKF(body []byte) (SKF, error) {
	if len(body) <= SKFLen {
		return SKF{}, malformed(PayloadSKF, len(body), "%d octets are no fragment", len(body))
	}
	f := SKF{binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:]), body[SKFLen:]}
	// "This field MUST be less than or equal to Total Fragments" and neither is 0.
	if f.Number == 0 || f.Total == 0 || f.Number > f.Total {
		return f, malformed(PayloadSKF, 0, "fragment %d of %d", f.Number, f.Total)
	}
	return f, nil
}
