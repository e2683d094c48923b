package wire

import "encoding/binary"

// MaxSPIs limits the SPIs of one delete payload.
const MaxSPIs = 256

// DeleteV1 is the body of a delete payload (RFC 2408 section 3.15):
//
//	+---------------------------------------------------------------+
//	!              Domain of Interpretation  (DOI)                  !
//	+---------------+---------------+-------------------------------+
//	!  Protocol-Id  !   SPI Size    !           # of SPIs           !
//	+---------------+---------------+-------------------------------+
//	!               Security Parameter Index(es) (SPI)              !
type DeleteV1 struct {
	DOI      uint32
	Protocol ProtocolID
	SPIs     [][]byte // of one length: 4 octets for ESP and AH, 16 (both cookies) for ISAKMP
}

// ParseDeleteV1 parses the body of a DELETE payload.
func ParseDeleteV1(body []byte) (DeleteV1, error) {
	if len(body) < 8 {
		return DeleteV1{}, malformed(PayloadDelete, len(body), "%d octets are too few", len(body))
	}
	d := DeleteV1{DOI: binary.BigEndian.Uint32(body), Protocol: ProtocolID(body[4])}
	size, count := int(body[5]), int(binary.BigEndian.Uint16(body[6:]))
	switch {
	case d.DOI != DOIIPsec && d.DOI != DOIISAKMP:
		return d, refuse(PayloadDelete, 0, NotifyDOINotSupported, "DOI %d", d.DOI)
	case size == 0 || count == 0:
		return d, refuse(PayloadDelete, 5, NotifyInvalidSPI, "%d SPIs of %d octets", count, size)
	case count > MaxSPIs:
		return d, malformed(PayloadDelete, 6, "%d SPIs, more than %d", count, MaxSPIs)
	case len(body)-8 != size*count:
		return d, refuse(PayloadDelete, 6, NotifyInvalidSPI, "%d SPIs of %d octets do not fill %d", count, size, len(body)-8)
	}
	for b := body[8:]; len(b) > 0; b = b[size:] {
		d.SPIs = append(d.SPIs, b[:size:size])
	}
	return d, nil
}

// Append appends the body of a DELETE payload. The SPIs must have one length.
func (d DeleteV1) Append(dst []byte) []byte {
	size := 0
	if len(d.SPIs) > 0 {
		size = len(d.SPIs[0])
	}
	dst = binary.BigEndian.AppendUint32(dst, d.DOI)
	dst = append(dst, byte(d.Protocol), byte(size))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(d.SPIs)))
	for _, spi := range d.SPIs {
		dst = append(dst, spi...)
	}
	return dst
}
