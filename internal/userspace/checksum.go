package userspace

import (
	"encoding/binary"
	"math/bits"
)

// sum adds octets to a sum of the checksum of RFC 1071, which need not be folded:
// words of 64 bits with their carries are as good as words of 16.
func sum(total uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 64 {
		w := b[:64:64]
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[0:]), 0)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[8:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[16:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[24:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[32:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[40:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[48:]), carry)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(w[56:]), carry)
		total, carry = bits.Add64(total, 0, carry)
		total += carry
		b = b[64:]
	}
	for len(b) >= 8 {
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(b), 0)
		total += carry
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		total, carry = bits.Add64(total, binary.BigEndian.Uint64(last[:]), 0)
		total += carry
	}
	return total
}

// fold makes 16 bits of a sum.
func fold(total uint64) uint16 {
	total = total>>32 + total&0xffffffff
	total = total>>32 + total&0xffffffff
	total = total>>16 + total&0xffff
	total = total>>16 + total&0xffff
	total = total>>16 + total&0xffff
	return uint16(total)
}
