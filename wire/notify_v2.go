package wire

import "encoding/binary"

// NotifyV2 is the body of a Notify payload (RFC 7296 section 3.10):
//
//	+---------------+---------------+-------------------------------+
//	!  Protocol ID  !   SPI Size    !      Notify Message Type      !
//	+---------------+---------------+-------------------------------+
//	!                Security Parameter Index (SPI)                 !
//	+---------------------------------------------------------------+
//	!                       Notification Data                       !
type NotifyV2 struct {
	Protocol ProtocolID // of the SPI, 0 without one
	SPI      []byte
	Type     NotifyTypeV2
	Data     []byte
}

// ParseNotifyV2 parses the body of a Notify payload.
func ParseNotifyV2(body []byte) (NotifyV2, error) {
	if len(body) < 4 {
		return NotifyV2{}, malformed(PayloadNotifyV2, len(body), "%d octets are too few", len(body))
	}
	n := NotifyV2{Protocol: ProtocolID(body[0]), Type: NotifyTypeV2(binary.BigEndian.Uint16(body[2:]))}
	spi := int(body[1])
	if len(body) < 4+spi {
		return n, malformed(PayloadNotifyV2, 1, "SPI of %d octets, but only %d are left", spi, len(body)-4)
	}
	n.SPI, n.Data = body[4:4+spi:4+spi], body[4+spi:]
	return n, nil
}

// Append appends the body of a Notify payload.
func (n NotifyV2) Append(dst []byte) []byte {
	dst = append(dst, byte(n.Protocol), byte(len(n.SPI)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(n.Type))
	dst = append(dst, n.SPI...)
	return append(dst, n.Data...)
}

// SignatureHashes reads the data of SIGNATURE_HASH_ALGORITHMS (RFC 7427 section
// 4): a list of 16-bit numbers. Unknown ones are kept.
func (n NotifyV2) SignatureHashes() ([]HashAlgorithm, error) {
	if len(n.Data)%2 != 0 || len(n.Data) > 64 {
		return nil, malformed(PayloadNotifyV2, 4, "%d octets are no list of hash algorithms", len(n.Data))
	}
	var list []HashAlgorithm
	for b := n.Data; len(b) > 0; b = b[2:] {
		list = append(list, HashAlgorithm(binary.BigEndian.Uint16(b)))
	}
	return list, nil
}
