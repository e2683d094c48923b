package wire

import "encoding/binary"

// DeleteV2 is the body of a Delete payload (RFC 7296 section 3.11):
//
//	+---------------+---------------+-------------------------------+
//	! Protocol ID   !   SPI Size    !          Num of SPIs          !
//	+---------------+---------------+-------------------------------+
//	!               Security Parameter Index(es) (SPI)              !
type DeleteV2 struct {
	Protocol ProtocolID
	SPIs     []uint32 // of ESP and AH; none deletes the IKE SA of the message
}

// ParseDeleteV2 parses the body of a Delete payload.
func ParseDeleteV2(body []byte) (DeleteV2, error) {
	if len(body) < 4 {
		return DeleteV2{}, malformed(PayloadDeleteV2, len(body), "%d octets are too few", len(body))
	}
	d := DeleteV2{Protocol: ProtocolID(body[0])}
	size, count := int(body[1]), int(binary.BigEndian.Uint16(body[2:]))
	ike := d.Protocol == ProtocolISAKMP
	switch {
	case ike && (size != 0 || count != 0):
		return d, malformed(PayloadDeleteV2, 1, "%d SPIs of %d octets with protocol IKE, which has none", count, size)
	case !ike && size != 4:
		return d, malformed(PayloadDeleteV2, 1, "SPIs of %d octets with protocol %s", size, d.Protocol)
	case count > MaxSPIs:
		return d, malformed(PayloadDeleteV2, 2, "%d SPIs, more than %d", count, MaxSPIs)
	case len(body)-4 != size*count:
		return d, malformed(PayloadDeleteV2, 2, "%d SPIs of %d octets do not fill %d", count, size, len(body)-4)
	}
	for b := body[4:]; len(b) > 0; b = b[4:] {
		d.SPIs = append(d.SPIs, binary.BigEndian.Uint32(b))
	}
	return d, nil
}

// Append appends the body of a Delete payload.
func (d DeleteV2) Append(dst []byte) []byte {
	size := byte(4)
	if d.Protocol == ProtocolISAKMP {
		size = 0
	}
	dst = binary.BigEndian.AppendUint16(append(dst, byte(d.Protocol), size), uint16(len(d.SPIs)))
	for _, spi := range d.SPIs {
		dst = binary.BigEndian.AppendUint32(dst, spi)
	}
	return dst
}
