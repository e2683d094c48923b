package wire

// IDV2 is the body of an Identification payload (RFC 7296 section 3.5):
//
//	+---------------+-----------------------------------------------+
//	!   ID Type     !                 RESERVED                      !
//	+---------------+-----------------------------------------------+
//	!                   Identification Data                         !
type IDV2 struct {
	Type IDType
	Data []byte
}

// ParseIDV2 parses the body of an IDi or IDr payload. Unknown types are kept.
func ParseIDV2(body []byte) (IDV2, error) {
	if len(body) < 4 {
		return IDV2{}, malformed(PayloadIDi, len(body), "%d octets are too few", len(body))
	}
	id := IDV2{Type: IDType(body[0]), Data: body[4:]}
	if n, fixed := idLengths[id.Type]; fixed && n != len(id.Data) {
		return id, malformed(PayloadIDi, 4, "%s of %d octets, not %d", id.Type, len(id.Data), n)
	}
	return id, nil
}

// Append appends the body of an ID payload.
func (id IDV2) Append(dst []byte) []byte {
	return append(append(dst, byte(id.Type), 0, 0, 0), id.Data...)
}
