package suite

import "encoding"

// RFC 2104 section 2: HMAC is "H(K XOR opad, H(K XOR ipad, text))".
const ipad, opad = 0x36, 0x5c

// Begin runs the prf over the first parts of an input whose end is not known yet.
// What it leaves is the state of the inner hash, about a hundred octets with
// SHA-256 however long the parts are, and as secret as the key. The key is a prf's
// output.
func (h *Hash) Begin(key Key, parts ...[]byte) Key {
	inner := h.New()
	inner.Write(xorPad(key, ipad, inner.BlockSize()))
	for _, p := range parts {
		inner.Write(p)
	}
	state, _ := inner.(encoding.BinaryMarshaler).MarshalBinary() // these hashes have no error
	return state
}

// Finish is the prf of what it was begun with and the rest: Size octets. A state
// that is none, or of another hash, is that of nothing: the answer is as unknown to
// who has not the key.
func (h *Hash) Finish(key, begun Key, rest []byte) []byte {
	inner := h.New()
	_ = inner.(encoding.BinaryUnmarshaler).UnmarshalBinary(begun)
	inner.Write(rest)
	return h.Sum(xorPad(key, opad, inner.BlockSize()), inner.Sum(nil))
}

// xorPad fills the key up to a block. No prf's output is longer than that.
func xorPad(key Key, pad byte, block int) []byte {
	b := make([]byte, block)
	copy(b, key)
	for i := range b {
		b[i] ^= pad
	}
	return b
}
