package ikev1

import (
	"encoding/binary"
	"slices"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Keys are what phase 1 leaves (RFC 2409 section 5): SKEYID and the three keys
// derived from it. Each is one prf output long.
type Keys struct{ SKEYID, D, A, E suite.Key }

// SignatureSKEYID is SKEYID of signatures, RFC 2409 section 5: "For signatures:
// SKEYID = prf(Ni_b | Nr_b, g^xy)".
func SignatureSKEYID(h *suite.Hash, ni, nr, gxy []byte) suite.Key {
	return h.PRF(concat(ni, nr), gxy)
}

// PSKSKEYID is SKEYID of pre-shared keys, RFC 2409 section 5: "For pre-shared
// keys: SKEYID = prf(pre-shared-key, Ni_b | Nr_b)".
func PSKSKEYID(h *suite.Hash, psk suite.Key, ni, nr []byte) suite.Key {
	return h.PRF(psk, ni, nr)
}

// DeriveKeys makes the keys that follow from SKEYID (RFC 2409 section 5):
//
//	SKEYID_d = prf(SKEYID, g^xy | CKY-I | CKY-R | 0)
//	SKEYID_a = prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)
//	SKEYID_e = prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)
func DeriveKeys(h *suite.Hash, skeyid suite.Key, gxy []byte, i, r wire.SPI) Keys {
	k, prf := Keys{SKEYID: skeyid}, h.Keyed(skeyid)
	k.D = prf.Sum(gxy, i[:], r[:], []byte{0})
	k.A = prf.Sum(k.D, gxy, i[:], r[:], []byte{1})
	k.E = prf.Sum(k.A, gxy, i[:], r[:], []byte{2})
	return k
}

// Wipe overwrites all four.
func (k *Keys) Wipe() {
	for _, key := range []suite.Key{k.SKEYID, k.D, k.A, k.E} {
		key.Wipe()
	}
}

// cipherKey makes the encryption key of phase 1 from SKEYID_e. RFC 2409
// appendix B: when the key needed is longer, "Ka is the most significant bits
// of K1 | K2 | ..., K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1)".
func cipherKey(h *suite.Hash, e suite.Key, n int) suite.Key {
	if n <= len(e) {
		return append(suite.Key(nil), e[:n]...)
	}
	var key suite.Key
	prf, block := h.Keyed(e), []byte{0}
	for len(key) < n {
		block = prf.Sum(block)
		key = append(key, block...)
	}
	return key[:n]
}

// keymat makes n octets of key material for one SA of a quick mode (RFC 2409
// section 5.5):
//
//	K1 = prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b)
//	K2 = prf(SKEYID_d, K1 | [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b)
//
// The SPI is the one the SA's receiver chose, so both directions differ.
func keymat(h *suite.Hash, d suite.Key, gxy []byte, protocol wire.ProtocolID, spi uint32, ni, nr []byte, n int) suite.Key {
	seed := binary.BigEndian.AppendUint32([]byte{byte(protocol)}, spi)
	prf, out := h.Keyed(d), make(suite.Key, 0, n+h.Size)
	for last := []byte(nil); len(out) < n; {
		last = prf.Sum(last, gxy, seed, ni, nr)
		out = append(out, last...)
	}
	return out[:n]
}

func concat(parts ...[]byte) []byte { return slices.Concat(parts...) }
