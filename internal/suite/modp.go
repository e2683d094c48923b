package suite

import (
	"encoding/hex"
	"io"
	"sync"

	"filippo.io/bigmod"
)

// modp is a group of integers modulo a prime. Arithmetic is bigmod's, in
// constant time: private exponents must not show in the time an answer takes.
type modp struct {
	prime, generator string // hex
	order            string // hex; "" for a safe prime, whose only small subgroup is {1, p-1}
	exponent         int    // octets of a private exponent
	numbers          func() modpNumbers
}

// modpNumbers is a group in the form bigmod computes with.
type modpNumbers struct {
	p     *bigmod.Modulus
	g     fixedBase
	q     *bigmod.Modulus // the order, nil for a safe prime
	order []byte          // its octets
}

// newMODP describes a group with private exponents of twice the group's
// strength and more (SP 800-56A; RFC 3526 section 8): longer ones cost time and
// add nothing. The numbers are made when the group is first used.
func newMODP(prime, generator, order string, exponentBits int) modp {
	m := modp{prime: prime, generator: generator, order: order, exponent: exponentBits / 8}
	m.numbers = sync.OnceValue(m.compute)
	return m
}

func (m modp) compute() modpNumbers {
	n := modpNumbers{p: modulus(m.prime)}
	g, err := bigmod.NewNat().SetBytes(unhex(m.generator), n.p)
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	n.g = newFixedBase(g, m.exponent, n.p)
	if m.order != "" {
		n.q, n.order = modulus(m.order), unhex(m.order)
	}
	return n
}

func modulus(hex string) *bigmod.Modulus {
	m, err := bigmod.NewModulus(unhex(hex))
	if err != nil {
		panic(err)
	}
	return m
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func (m modp) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	x := make([]byte, m.exponent)
	n := m.numbers()
	for range maxDraws {
		if _, err := io.ReadFull(rand, x); err != nil {
			return nil, err
		}
		if n.inRange(x) {
			return m.private(g, x), nil
		}
	}
	return nil, errNoKey
}

// inRange says whether 1 <= x < order. Without an order only nought is out.
func (n modpNumbers) inRange(x []byte) bool {
	if n.q == nil {
		return !allZero(x)
	}
	e, err := bigmod.NewNat().SetBytes(x, n.q)
	return err == nil && e.IsZero() == 0
}

func allZero(x []byte) bool {
	var or byte
	for _, b := range x {
		or |= b
	}
	return or == 0
}

func (m modp) private(g *Group, x []byte) *PrivateKey {
	n := m.numbers()
	return &PrivateKey{
		group:  g,
		public: n.g.exp(x, n.p).Bytes(n.p),
		shared: func(peer []byte) ([]byte, error) {
			y, err := n.publicValue(peer)
			if err != nil {
				return nil, err
			}
			return bigmod.NewNat().Exp(y, x, n.p).Bytes(n.p), nil
		},
	}
}

func (m modp) valid(peer []byte) bool {
	_, err := m.numbers().number(peer)
	return err == nil
}

// number reads a peer's value: 1 < y < p-1 (RFC 6989 section 2.1).
func (n modpNumbers) number(peer []byte) (*bigmod.Nat, error) {
	y, err := bigmod.NewNat().SetBytes(peer, n.p)
	if err != nil || y.IsZero() == 1 || y.IsOne() == 1 || y.IsMinusOne(n.p) == 1 {
		return nil, ErrPublicValue
	}
	return y, nil
}

// publicValue checks too that y^q = 1 mod p in groups with small subgroups
// (RFC 6989 section 2.2).
func (n modpNumbers) publicValue(peer []byte) (*bigmod.Nat, error) {
	y, err := n.number(peer)
	if err != nil {
		return nil, err
	}
	if n.q != nil && bigmod.NewNat().Exp(y, n.order, n.p).IsOne() == 0 {
		return nil, ErrPublicValue
	}
	return y, nil
}
