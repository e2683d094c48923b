package ikev2

import (
	"encoding/binary"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// intermediateAuth adds a message of IKE_INTERMEDIATE to what its sender will
// authenticate. RFC 9242 section 3.3.2:
//
//	IntAuth_i1 = prf(SK_pi1,              IntAuth_i1A | IntAuth_i1P)
//	IntAuth_i2 = prf(SK_pi2, IntAuth_i1 | IntAuth_i2A | IntAuth_i2P)
//
// A is the message up to the header of its SK payload, P what is in that payload
// without padding; both lengths in A count neither vector nor padding nor checksum,
// and a message that came in fragments is taken as if it had come whole. p is the
// sender's SK_p of before the exchange, prior what this function gave for his last
// message, nil for the first.
func intermediateAuth(prf *suite.Hash, p suite.Key, prior []byte, h wire.Header, first wire.PayloadType, inner []byte) []byte {
	h.NextPayload, h.Length = wire.PayloadSK, uint32(wire.HeaderLen+4+len(inner))
	a := append(h.Append(nil), byte(first), 0)
	a = binary.BigEndian.AppendUint16(a, uint16(4+len(inner)))
	return prf.PRF(p, prior, a, inner)
}

// intAuth is what the signed octets of both ends close with. RFC 9242 section
// 3.3.2: "IntAuth = IntAuth_iN | IntAuth_rN | IKE_AUTH_MID", the last being the
// message id of the first IKE_AUTH request.
func intAuth(initiator, responder []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(concat(initiator, responder), id)
}

// addKeyExchange gives the keys that follow on an additional key exchange. RFC 9370
// section 2.2.2: "SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr)", and the keys are
// made of it as those of any SKEYSEED.
func addKeyExchange(h *suite.Hash, d suite.Key, secret, ni, nr []byte, i, r wire.SPI, n Lengths) Keys {
	seed := RekeySKEYSEED(h, d, secret, ni, nr)
	defer seed.Wipe()
	return DeriveKeys(h, seed, ni, nr, i, r, n)
}
