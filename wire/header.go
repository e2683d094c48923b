package wire

import "encoding/binary"

// HeaderLen is the length of the header in octets.
const HeaderLen = 28

// Header begins every message (RFC 2408 section 3.1, RFC 7296 section 3.1).
type Header struct {
	InitiatorSPI, ResponderSPI SPI
	NextPayload                PayloadType
	Version                    Version
	Exchange                   ExchangeType
	Flags                      Flags
	MessageID                  uint32
	Length                     uint32 // of the whole message, octets
}

// Encrypted says whether what follows the header of an IKEv1 message is
// encrypted. In IKEv2 the bit means nothing: a payload says so there.
func (h Header) Encrypted() bool { return h.Version.Major() == 1 && h.Flags&FlagEncryption != 0 }

// ParseHeader parses the header of b, which is one whole message: RFC 2408
// section 5.1 has a message rejected whose Length is not that of what arrived.
// Versions, exchanges and flags are not judged.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, refuse(PayloadNone, len(b), NotifyUnequalPayloadLengths, "%d octets are too few for a header of %d", len(b), HeaderLen)
	}
	h := Header{
		InitiatorSPI: SPI(b[0:8]),
		ResponderSPI: SPI(b[8:16]),
		NextPayload:  PayloadType(b[16]),
		Version:      Version(b[17]),
		Exchange:     ExchangeType(b[18]),
		Flags:        Flags(b[19]),
		MessageID:    binary.BigEndian.Uint32(b[20:]),
		Length:       binary.BigEndian.Uint32(b[24:]),
	}
	if uint64(h.Length) != uint64(len(b)) {
		return h, refuse(PayloadNone, 24, NotifyUnequalPayloadLengths, "length %d, but %d octets arrived", h.Length, len(b))
	}
	return h, nil
}

// Append appends the header as it stands, with its own Length.
func (h Header) Append(dst []byte) []byte {
	dst = append(dst, h.InitiatorSPI[:]...)
	dst = append(dst, h.ResponderSPI[:]...)
	dst = append(dst, byte(h.NextPayload), byte(h.Version), byte(h.Exchange), byte(h.Flags))
	dst = binary.BigEndian.AppendUint32(dst, h.MessageID)
	return binary.BigEndian.AppendUint32(dst, h.Length)
}
