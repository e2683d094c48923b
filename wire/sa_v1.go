package wire

import "encoding/binary"

// Limits on what one SA payload may hold. The product of the counts that RFC
// 2408 allows (255 proposals of 255 transforms) would let one datagram cost
// more than a session.
const (
	MaxProposals  = 32
	MaxTransforms = 128 // of all proposals together
	MaxAttributes = 32  // of one transform
)

// SAV1 is the body of a security association payload (RFC 2408 section 3.4,
// RFC 2407 section 4.6.1): DOI and situation, four octets each, then proposals.
type SAV1 struct {
	DOI       uint32
	Situation uint32
	Proposals []ProposalV1
}

// ProposalV1 is a proposal payload (RFC 2408 section 3.5). Proposals with the
// same number belong together.
type ProposalV1 struct {
	Number     uint8
	Protocol   ProtocolID
	SPI        []byte
	Transforms []TransformV1
}

// ParseSAV1 parses the body of an SA payload of the IPsec DOI.
func ParseSAV1(body []byte) (SAV1, error) {
	if len(body) < 8 {
		return SAV1{}, refuse(PayloadSA, len(body), NotifyBadProposalSyntax, "%d octets are too few for DOI and situation", len(body))
	}
	sa := SAV1{DOI: binary.BigEndian.Uint32(body), Situation: binary.BigEndian.Uint32(body[4:])}
	if sa.DOI != DOIIPsec {
		return sa, refuse(PayloadSA, 0, NotifyDOINotSupported, "DOI %d, not IPsec", sa.DOI)
	}
	if sa.Situation != SituationIdentityOnly {
		return sa, refuse(PayloadSA, 4, NotifySituationNotSupported, "situation %d, not SIT_IDENTITY_ONLY", sa.Situation)
	}
	transforms := 0
	err := parseLinks(PayloadProposal, body[8:], 8, MaxProposals, func(raw []byte, offset int) error {
		p, err := parseProposalV1(raw, offset)
		if err != nil {
			return err
		}
		if transforms += len(p.Transforms); transforms > MaxTransforms {
			return refuse(PayloadTransform, offset, NotifyBadProposalSyntax, "more than %d transforms in one SA payload", MaxTransforms)
		}
		sa.Proposals = append(sa.Proposals, p)
		return nil
	})
	return sa, err
}

// parseLinks walks a chain of payloads of one type, proposals or transforms,
// that fills b, which begins at offset of the SA body. Their next payload may
// only be their own type or none (RFC 2408 sections 3.5 and 3.6).
func parseLinks(t PayloadType, b []byte, offset, limit int, each func(raw []byte, offset int) error) error {
	if len(b) == 0 {
		return refuse(t, offset, NotifyBadProposalSyntax, "there is none")
	}
	for count := 1; ; count++ {
		if count > limit {
			return refuse(t, offset, NotifyBadProposalSyntax, "more than %d", limit)
		}
		raw, next, err := genericHeader(V1, t, b, offset)
		if err != nil {
			return err
		}
		if err := each(raw, offset); err != nil {
			return err
		}
		b = b[len(raw):]
		switch {
		case next == PayloadNone && len(b) == 0:
			return nil
		case next == PayloadNone:
			return refuse(t, offset+len(raw), NotifyBadProposalSyntax, "%d octets behind the last one", len(b))
		case next != t:
			return refuse(t, offset, NotifyBadProposalSyntax, "next payload is %s", next)
		}
		offset += len(raw)
	}
}

// parseProposalV1 parses raw, a proposal with its generic header, at offset of
// the SA body:
//
//	+---------------+---------------+---------------+---------------+
//	! Proposal #    !  Protocol-Id  !    SPI Size   !# of Transforms!
//	+---------------+---------------+---------------+---------------+
//	!                        SPI (variable)                         !
func parseProposalV1(raw []byte, offset int) (ProposalV1, error) {
	if len(raw) < 8 {
		return ProposalV1{}, refuse(PayloadProposal, offset, NotifyBadProposalSyntax, "%d octets are too few", len(raw))
	}
	p := ProposalV1{Number: raw[4], Protocol: ProtocolID(raw[5])}
	spi, count := int(raw[6]), int(raw[7])
	if len(raw) < 8+spi {
		return p, refuse(PayloadProposal, offset+6, NotifyInvalidSPI, "SPI of %d octets, but only %d are left", spi, len(raw)-8)
	}
	p.SPI = raw[8 : 8+spi : 8+spi]
	err := parseLinks(PayloadTransform, raw[8+spi:], offset+8+spi, MaxTransforms, func(raw []byte, offset int) error {
		t, err := parseTransformV1(raw, offset)
		p.Transforms = append(p.Transforms, t)
		return err
	})
	if err != nil {
		return p, err
	}
	if count != len(p.Transforms) {
		return p, refuse(PayloadProposal, offset+7, NotifyBadProposalSyntax, "%d transforms announced, %d found", count, len(p.Transforms))
	}
	return p, nil
}

// Append appends the body of an SA payload.
func (s SAV1) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, s.DOI)
	dst = binary.BigEndian.AppendUint32(dst, s.Situation)
	for i, p := range s.Proposals {
		dst = appendLink(dst, PayloadProposal, i == len(s.Proposals)-1, p)
	}
	return dst
}

// Append appends the proposal without its generic header.
func (p ProposalV1) Append(dst []byte) []byte {
	dst = append(dst, p.Number, byte(p.Protocol), byte(len(p.SPI)), byte(len(p.Transforms)))
	dst = append(dst, p.SPI...)
	for i, t := range p.Transforms {
		dst = appendLink(dst, PayloadTransform, i == len(p.Transforms)-1, t)
	}
	return dst
}

// appendLink appends one of a chain of payloads of the same type.
func appendLink(dst []byte, t PayloadType, last bool, body Appender) []byte {
	at := len(dst)
	if last {
		t = PayloadNone
	}
	dst = body.Append(append(dst, byte(t), 0, 0, 0))
	binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
	return dst
}
