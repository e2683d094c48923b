package wire

import (
	"encoding/binary"
	"slices"
)

// SAV2 is the body of a Security Association payload (RFC 7296 section 3.3):
// proposals, the best first. Each is complete; of its transforms one of each
// type is to be chosen.
type SAV2 []ProposalV2

// ProposalV2 is a proposal substructure (RFC 7296 section 3.3.1).
type ProposalV2 struct {
	Number     uint8
	Protocol   ProtocolID
	SPI        []byte // 0 octets for a first IKE SA, 8 for a rekeyed one, 4 for ESP and AH
	Transforms []TransformV2
}

// TransformV2 is a transform substructure (RFC 7296 section 3.3.2).
type TransformV2 struct {
	Type    TransformType
	ID      uint16
	KeyBits uint16 // the Key Length attribute, 0: none
	// Unknown says that there is an attribute that is not understood: section
	// 3.3.6 has such a transform refused, and the others looked at.
	Unknown bool
}

// Of reads the transforms of one type, in order.
func (p ProposalV2) Of(t TransformType) []TransformV2 {
	var of []TransformV2
	for _, x := range p.Transforms {
		if x.Type == t {
			of = append(of, x)
		}
	}
	return of
}

// Has says whether the proposal has a transform as it stands.
func (p ProposalV2) Has(t TransformV2) bool { return slices.Contains(p.Transforms, t) }

// ParseSAV2 parses the body of an SA payload.
func ParseSAV2(body []byte) (SAV2, error) {
	var sa SAV2
	transforms := 0
	err := parseSubstructures(PayloadSAV2, 2, body, 0, MaxProposals, func(raw []byte, offset int) error {
		p, err := parseProposalV2(raw, offset)
		if err != nil {
			return err
		}
		if transforms += len(p.Transforms); transforms > MaxTransforms {
			return malformed(PayloadSAV2, offset, "more than %d transforms in one SA payload", MaxTransforms)
		}
		sa = append(sa, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sa, nil
}

// parseSubstructures walks proposals or transforms, which begin alike and fill
// b; more is what says that another follows.
//
//	+---------------+---------------+-------------------------------+
//	! Last Substruc !   RESERVED    !            Length             !
//	+---------------+---------------+-------------------------------+
func parseSubstructures(t PayloadType, more byte, b []byte, offset, limit int, each func(raw []byte, offset int) error) error {
	for count := 1; ; count++ {
		switch {
		case count > limit:
			return malformed(t, offset, "more than %d substructures", limit)
		case len(b) < 8:
			return malformed(t, offset, "%d octets are too few for a substructure", len(b))
		}
		last, n := b[0], int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case n < 8 || n > len(b):
			return malformed(t, offset+2, "length %d of %d octets", n, len(b))
		case last != 0 && last != more:
			return malformed(t, offset, "Last Substruc is %d, not 0 or %d", last, more)
		case last == 0 && n != len(b):
			return malformed(t, offset+n, "%d octets behind the last substructure", len(b)-n)
		}
		if err := each(b[:n:n], offset); err != nil {
			return err
		}
		if last == 0 {
			return nil
		}
		b, offset = b[n:], offset+n
	}
}

// parseProposalV2 parses raw, a proposal at offset of the SA body:
//
//	+---------------+---------------+-------------------------------+
//	! Last Substruc !   RESERVED    !        Proposal Length        !
//	+---------------+---------------+---------------+---------------+
//	! Proposal Num  !  Protocol ID  !    SPI Size   !Num  Transforms!
//	+---------------+---------------+---------------+---------------+
//	!                        SPI (variable)                         !
func parseProposalV2(raw []byte, offset int) (ProposalV2, error) {
	p := ProposalV2{Number: raw[4], Protocol: ProtocolID(raw[5])}
	spi, count := int(raw[6]), int(raw[7])
	if len(raw) < 8+spi {
		return p, malformed(PayloadSAV2, offset+6, "SPI of %d octets, but only %d are left", spi, len(raw)-8)
	}
	p.SPI = raw[8 : 8+spi : 8+spi]
	if count == 0 {
		return p, malformed(PayloadSAV2, offset+7, "proposal %d has no transform", p.Number)
	}
	err := parseSubstructures(PayloadSAV2, 3, raw[8+spi:], offset+8+spi, MaxTransforms, func(raw []byte, offset int) error {
		t, err := parseTransformV2(raw, offset)
		p.Transforms = append(p.Transforms, t)
		return err
	})
	if err == nil && count != len(p.Transforms) {
		err = malformed(PayloadSAV2, offset+7, "%d transforms announced, %d found", count, len(p.Transforms))
	}
	return p, err
}

// parseTransformV2 parses raw, a transform at offset of the SA body:
//
//	+---------------+---------------+-------------------------------+
//	! Last Substruc !   RESERVED    !        Transform Length       !
//	+---------------+---------------+-------------------------------+
//	!Transform Type !   RESERVED    !          Transform ID         !
//	+---------------+---------------+-------------------------------+
//	!                      Transform Attributes                     !
func parseTransformV2(raw []byte, offset int) (TransformV2, error) {
	t := TransformV2{Type: TransformType(raw[4]), ID: binary.BigEndian.Uint16(raw[6:])}
	attributes, err := parseAttributes(PayloadSAV2, raw[8:], offset+8)
	if err != nil {
		return t, err
	}
	for _, a := range attributes {
		// "Attributes described as fixed length MUST NOT be encoded using the
		// variable-length encoding" (section 3.3.5).
		if a.Type != AttrKeyLengthV2 || a.Bytes != nil || a.Value == 0 || t.KeyBits != 0 {
			t.Unknown = true
			continue
		}
		t.KeyBits = uint16(a.Value)
	}
	return t, nil
}

// Append appends the body of an SA payload.
func (s SAV2) Append(dst []byte) []byte {
	for i, p := range s {
		at := len(dst)
		dst = append(dst, more(i, len(s), 2), 0, 0, 0, p.Number, byte(p.Protocol), byte(len(p.SPI)), byte(len(p.Transforms)))
		dst = append(dst, p.SPI...)
		for j, t := range p.Transforms {
			at := len(dst)
			dst = append(dst, more(j, len(p.Transforms), 3), 0, 0, 0, byte(t.Type), 0)
			dst = binary.BigEndian.AppendUint16(dst, t.ID)
			if t.KeyBits != 0 {
				dst = Attribute{Type: AttrKeyLengthV2, Value: uint64(t.KeyBits)}.Append(dst)
			}
			binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
		}
		binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
	}
	return dst
}

// more is the Last Substruc octet of the i-th of n.
func more(i, n int, more byte) byte {
	if i == n-1 {
		return 0
	}
	return more
}
