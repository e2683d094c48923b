package wire

import "encoding/binary"

// NotifyV1 is the body of a notification payload (RFC 2408 section 3.14):
//
//	+---------------------------------------------------------------+
//	!              Domain of Interpretation  (DOI)                  !
//	+---------------+---------------+-------------------------------+
//	!  Protocol-ID  !   SPI Size    !      Notify Message Type      !
//	+---------------+---------------+-------------------------------+
//	!                Security Parameter Index (SPI)                 !
//	+---------------------------------------------------------------+
//	!                       Notification Data                       !
type NotifyV1 struct {
	DOI      uint32
	Protocol ProtocolID
	SPI      []byte
	Type     NotifyType
	Data     []byte
}

// ParseNotifyV1 parses the body of a NOTIFY payload. The DOI is IPsec's, or
// ISAKMP's, which phase 1 may use.
func ParseNotifyV1(body []byte) (NotifyV1, error) {
	if len(body) < 8 {
		return NotifyV1{}, malformed(PayloadNotify, len(body), "%d octets are too few", len(body))
	}
	n := NotifyV1{DOI: binary.BigEndian.Uint32(body), Protocol: ProtocolID(body[4]), Type: NotifyType(binary.BigEndian.Uint16(body[6:]))}
	spi := int(body[5])
	if n.DOI != DOIIPsec && n.DOI != DOIISAKMP {
		return n, refuse(PayloadNotify, 0, NotifyDOINotSupported, "DOI %d", n.DOI)
	}
	if len(body) < 8+spi {
		return n, refuse(PayloadNotify, 5, NotifyInvalidSPI, "SPI of %d octets, but only %d are left", spi, len(body)-8)
	}
	n.SPI, n.Data = body[8:8+spi:8+spi], body[8+spi:]
	return n, nil
}

// Append appends the body of a NOTIFY payload.
func (n NotifyV1) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, n.DOI)
	dst = append(dst, byte(n.Protocol), byte(len(n.SPI)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(n.Type))
	dst = append(dst, n.SPI...)
	return append(dst, n.Data...)
}
