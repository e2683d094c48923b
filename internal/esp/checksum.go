package esp

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// A checksum is that of RFC 1071 while it grows: octets are added eight at a time in
// the order of the host, as "the sum of 16-bit integers can be computed in either
// byte order" (section 2 B), with their carries; Fold makes the 16 bits of it.

// Sum adds octets. Two sums that know nothing of each other keep the processor busy.
func Sum(total uint64, b []byte) uint64 {
	var other, carry uint64
	for len(b) >= 128 {
		w := b[:128:128]
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[0:]), 0)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[8:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[16:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[24:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[32:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[40:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[48:]), carry)
		total, carry = bits.Add64(total, binary.NativeEndian.Uint64(w[56:]), carry)
		total, carry = bits.Add64(total, 0, carry)
		total += carry
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[64:]), 0)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[72:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[80:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[88:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[96:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[104:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[112:]), carry)
		other, carry = bits.Add64(other, binary.NativeEndian.Uint64(w[120:]), carry)
		other, carry = bits.Add64(other, 0, carry)
		other += carry
		b = b[128:]
	}
	total = plus(total, other)
	for len(b) >= 8 {
		total = plus(total, binary.NativeEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		total = plus(total, binary.NativeEndian.Uint64(last[:]))
	}
	return total
}

func plus(a, b uint64) uint64 {
	a, carry := bits.Add64(a, b, 0)
	return a + carry
}

// Word is a number of the header, to be added.
func Word(v uint16) uint64 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return uint64(binary.NativeEndian.Uint16(b[:]))
}

// Fold makes 16 bits of a sum, as a number of the header.
func Fold(total uint64) uint16 {
	total = total>>32 + total&0xffffffff
	total = total>>32 + total&0xffffffff
	total = total>>16 + total&0xffff
	total = total>>16 + total&0xffff
	total = total>>16 + total&0xffff
	return uint16(Word(uint16(total)))
}

// checksum is that of octets after what was summed.
func checksum(total uint64, b []byte) uint16 { return ^Fold(Sum(total, b)) }

// pseudo is the sum of the pseudo-header of UDP and ICMPv6 (RFC 8200 section 8.1).
func pseudo(src, dst netip.Addr, protocol uint8, n int) uint64 {
	s, d := src.As16(), dst.As16()
	return Sum(Sum(Word(uint16(protocol))+Word(uint16(n)), s[:]), d[:])
}
