package suite

import (
	"io"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// x25519 is group 31 (RFC 8031). Its public values are all valid; one of small
// order gives a shared secret of zeros, which is refused. crypto/ecdh makes a
// public value by the ladder too; from the table of an Edwards curve's generator,
// which is the same point, it costs a third.
type x25519 struct{}

func (x25519) valid([]byte) bool { return true }

func (x25519) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	var key [32]byte
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return nil, err
	}
	// RFC 7748 section 5: "For X25519, in order to decode 32 random bytes as an
	// integer scalar, set the three least significant bits of the first byte and the
	// most significant bit of the last to zero, set the second most significant bit
	// of the last byte to 1".
	key[0] &= 248
	key[31] = key[31]&127 | 64
	scalar, err := new(edwards25519.Scalar).SetBytesWithClamping(key[:])
	if err != nil {
		return nil, err
	}
	public := new(edwards25519.Point).ScalarBaseMult(scalar).BytesMontgomery()
	return &PrivateKey{group: g, public: public, shared: func(peer []byte) ([]byte, error) {
		u, err := new(field.Element).SetBytes(peer)
		if err != nil {
			return nil, ErrPublicValue
		}
		secret := ladder(&key, u)
		if secret.Equal(new(field.Element)) == 1 {
			return nil, ErrPublicValue
		}
		return secret.Bytes(), nil
	}}, nil
}

// ladder is the function X25519 of RFC 7748 section 5, in constant time. The names
// are the RFC's.
func ladder(k *[32]byte, x1 *field.Element) *field.Element {
	var x2, z2, x3, z3, a, aa, b, bb, e, c, d, da, cb field.Element
	x2.One()
	x3.Set(x1)
	z3.One()
	swap := 0
	for t := 254; t >= 0; t-- {
		bit := int(k[t/8] >> (t % 8) & 1)
		x2.Swap(&x3, swap^bit)
		z2.Swap(&z3, swap^bit)
		swap = bit

		a.Add(&x2, &z2)
		aa.Square(&a)
		b.Subtract(&x2, &z2)
		bb.Square(&b)
		e.Subtract(&aa, &bb)
		c.Add(&x3, &z3)
		d.Subtract(&x3, &z3)
		da.Multiply(&d, &a)
		cb.Multiply(&c, &b)
		x3.Square(x3.Add(&da, &cb))
		z3.Multiply(x1, z3.Square(z3.Subtract(&da, &cb)))
		x2.Multiply(&aa, &bb)
		z2.Multiply(&e, z2.Add(&aa, z2.Mult32(&e, 121665)))
	}
	x2.Swap(&x3, swap)
	z2.Swap(&z3, swap)
	return x2.Multiply(&x2, z2.Invert(&z2))
}
