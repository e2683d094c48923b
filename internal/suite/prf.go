package suite

import (
	"bytes"
	"encoding"
	"slices"
)

// RFC 2104 section 2: HMAC is "H(K XOR opad, H(K XOR ipad, text))".
const ipad, opad = 0x36, 0x5c

// Begin runs the prf over the first parts of an input whose end is not known yet.
// What it leaves is the state of the inner hash, some 40 to 103 octets with SHA-256
// however long the parts are, and as secret as the key. The key is a prf's output.
func (h *Hash) Begin(key Key, parts ...[]byte) Key {
	inner := h.New()
	inner.Write(xorPad(key, ipad, inner.BlockSize()))
	for _, p := range parts {
		inner.Write(p)
	}
	state, _ := inner.(encoding.BinaryMarshaler).MarshalBinary() // these hashes have no error
	defer clear(state)
	return pack(state)
}

// Finish is the prf of what it was begun with and the rest: Size octets. A state
// that is none, or of another hash, is that of nothing: the answer is as unknown to
// who has not the key.
func (h *Hash) Finish(key, begun Key, rest []byte) []byte {
	inner := h.New()
	state := unpack(begun)
	defer clear(state)
	_ = inner.(encoding.BinaryUnmarshaler).UnmarshalBinary(state)
	inner.Write(rest)
	return h.Sum(xorPad(key, opad, inner.BlockSize()), inner.Sum(nil))
}

// A state ends in the zeros of a block that is not full, then the length of the
// input, which begins with zeros. Packed, their number stands for these zeros, and
// before it that of the octets behind them: who waits with many states has no room
// for more.
const lengthLen = 8

func pack(state []byte) Key {
	length := bytes.TrimLeft(state[len(state)-lengthLen:], "\x00")
	zeros := state[:len(state)-len(length)]
	kept := bytes.TrimRight(zeros, "\x00")
	return slices.Concat(kept, length, []byte{byte(len(length)), byte(len(zeros) - len(kept))})
}

// unpack is the state again; nil if it cannot be one.
func unpack(packed Key) []byte {
	end := len(packed) - 2
	if end < 0 || int(packed[end]) > end {
		return nil
	}
	n := end - int(packed[end])
	return slices.Concat(packed[:n], make([]byte, packed[end+1]), packed[n:end])
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
