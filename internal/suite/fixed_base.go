package suite

import (
	"crypto/subtle"

	"filippo.io/bigmod"
)

// A fixedBase are the powers of a generator that g^x is put together from: row i
// has g^(d·16^i) for each digit d, so that a public value takes one
// multiplication for every digit of x and no squaring. A quarter of a megabyte for
// group 14 halves what its public values cost.
type fixedBase [][16]*bigmod.Nat

// newFixedBase is for exponents of so many octets.
func newFixedBase(g *bigmod.Nat, octets int, p *bigmod.Modulus) fixedBase {
	rows := make(fixedBase, 2*octets)
	for i := range rows {
		rows[i][0] = one(p)
		for d := 1; d < len(rows[i]); d++ {
			rows[i][d] = clone(rows[i][d-1], p).Mul(g, p)
		}
		g = clone(rows[i][15], p).Mul(g, p)
	}
	return rows
}

func one(p *bigmod.Modulus) *bigmod.Nat { return bigmod.NewNat().SetUint(1).ExpandFor(p) }

func clone(x *bigmod.Nat, p *bigmod.Modulus) *bigmod.Nat {
	y := bigmod.NewNat().ExpandFor(p)
	copy(y.Bits(), x.Bits())
	return y
}

// exp is g^x mod p. x has the octets that the rows were made for.
func (f fixedBase) exp(x []byte, p *bigmod.Modulus) *bigmod.Nat {
	y, factor := one(p), one(p)
	for i, octet := range x {
		low := 2 * (len(x) - 1 - i)
		f.pick(factor, low+1, octet>>4)
		y.Mul(factor, p)
		f.pick(factor, low, octet&15)
		y.Mul(factor, p)
	}
	return y
}

// pick reads the whole row whatever the digit is: which power is taken must not
// show in the time, or in the cache.
func (f fixedBase) pick(into *bigmod.Nat, row int, digit byte) {
	limbs := into.Bits()
	clear(limbs)
	for d, power := range f[row] {
		mask := -uint(subtle.ConstantTimeByteEq(byte(d), digit))
		for i, limb := range power.Bits() {
			limbs[i] |= limb & mask
		}
	}
}
