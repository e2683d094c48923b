package wire

// TransformV1 is a transform payload (RFC 2408 section 3.6).
type TransformV1 struct {
	Number     uint8
	ID         uint8 // of the protocol: TransformKeyIKE, an ESP or an AH transform
	Attributes []Attribute
}

// parseTransformV1 parses raw, a transform with its generic header, at offset
// of the SA body:
//
//	+---------------+---------------+-------------------------------+
//	!  Transform #  !  Transform-Id !           RESERVED2           !
//	+---------------+---------------+-------------------------------+
//	!                        SA Attributes                          !
func parseTransformV1(raw []byte, offset int) (TransformV1, error) {
	if len(raw) < 8 {
		return TransformV1{}, refuse(PayloadTransform, offset, NotifyBadProposalSyntax, "%d octets are too few", len(raw))
	}
	t := TransformV1{Number: raw[4], ID: raw[5]}
	if raw[6] != 0 || raw[7] != 0 {
		return t, malformed(PayloadTransform, offset+6, "RESERVED2 is not 0")
	}
	var err error
	t.Attributes, err = parseAttributes(PayloadTransform, raw[8:], offset+8)
	return t, err
}

// Append appends the transform without its generic header.
func (t TransformV1) Append(dst []byte) []byte {
	dst = append(dst, t.Number, t.ID, 0, 0)
	for _, a := range t.Attributes {
		dst = a.Append(dst)
	}
	return dst
}

// Attribute finds an attribute's first value.
func (t TransformV1) Attribute(typ uint16) (Attribute, bool) {
	for _, a := range t.Attributes {
		if a.Type == typ {
			return a, true
		}
	}
	return Attribute{}, false
}
