package suite

import (
	"bytes"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// seeded is a random source that a test can repeat.
func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func group(t testing.TB, n uint16) *Group {
	t.Helper()
	g, ok := GroupByNumber(n)
	if !ok {
		t.Fatalf("no group %d", n)
	}
	return g
}

func generate(t testing.TB, g *Group, rand io.Reader) *PrivateKey {
	t.Helper()
	k, err := g.Generate(rand)
	if err != nil {
		t.Fatalf("%s: %v", g.Name, err)
	}
	return k
}

// TestGroupVectors: the reader's octets are the private key, so that the RFC's
// private values give its public and shared ones.
func TestGroupVectors(t *testing.T) {
	for _, v := range groupVectors {
		g := group(t, v.group)
		i := generate(t, g, bytes.NewReader(unhex(v.i)))
		r := generate(t, g, bytes.NewReader(unhex(v.r)))
		if !bytes.Equal(i.Public(), unhex(v.gi)) || !bytes.Equal(r.Public(), unhex(v.gr)) {
			t.Errorf("%s: public values\n%x\n%x", v.source, i.Public(), r.Public())
		}
		for _, side := range []struct {
			k    *PrivateKey
			peer string
		}{{i, v.gr}, {r, v.gi}} {
			if z, err := side.k.Shared(unhex(side.peer)); err != nil || !bytes.Equal(z, unhex(v.shared)) {
				t.Errorf("%s: shared %x, %v", v.source, z, err)
			}
		}
	}
}

// TestGroupsAgree runs an exchange in every group that IOS has; MODP results
// are compared with math/big.
func TestGroupsAgree(t *testing.T) {
	if len(Groups()) != 10 {
		t.Fatalf("%d groups", len(Groups()))
	}
	for _, g := range Groups() {
		a, b := generate(t, g, seeded(1)), generate(t, g, seeded(2))
		za, err := a.Shared(b.Public())
		if err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		zb, err := b.Shared(a.Public())
		if err != nil || !bytes.Equal(za, zb) {
			t.Errorf("%s: %x and %x, %v", g.Name, za, zb, err)
		}
		if len(a.Public()) != g.PublicLen || len(za) != g.SharedLen || a.Group() != g {
			t.Errorf("%s: public value of %d octets, shared of %d", g.Name, len(a.Public()), len(za))
		}
		if again := generate(t, g, seeded(1)); !bytes.Equal(again.Public(), a.Public()) {
			t.Errorf("%s: the same seed gave another key", g.Name)
		}
		m, ok := g.kind.(modp)
		if !ok {
			continue
		}
		p := new(big.Int).SetBytes(unhex(m.prime))
		x := make([]byte, m.exponent)
		io.ReadFull(seeded(1), x)
		want := new(big.Int).Exp(new(big.Int).SetBytes(unhex(m.generator)), new(big.Int).SetBytes(x), p)
		if got := new(big.Int).SetBytes(a.Public()); got.Cmp(want) != 0 {
			t.Errorf("%s: public value is not g^x", g.Name)
		}
		want.Exp(new(big.Int).SetBytes(b.Public()), new(big.Int).SetBytes(x), p)
		if got := new(big.Int).SetBytes(za); got.Cmp(want) != 0 {
			t.Errorf("%s: shared secret is not y^x", g.Name)
		}
	}
}

// TestPrimes computes the moduli from pi, as RFC 2409 section 6 and RFC 3526
// define them, and the properties of group 24.
func TestPrimes(t *testing.T) {
	for _, tt := range []struct {
		number uint16
		c      int64
	}{{1, 149686}, {2, 129093}, {5, 741804}, {14, 124476}, {15, 1690314}, {16, 240904}} {
		g := group(t, tt.number)
		n := uint(g.Bits)
		one := big.NewInt(1)
		want := new(big.Int).Lsh(one, n)
		want.Sub(want, new(big.Int).Lsh(one, n-64))
		want.Sub(want, one)
		c := new(big.Int).Add(piTimes2To(n-130), big.NewInt(tt.c))
		want.Add(want, c.Lsh(c, 64))
		if got := new(big.Int).SetBytes(unhex(g.kind.(modp).prime)); got.Cmp(want) != 0 {
			t.Errorf("group %d: %x, want %x", g.Number, got, want)
		}
	}
	m := group(t, 24).kind.(modp)
	p, q := new(big.Int).SetBytes(unhex(m.prime)), new(big.Int).SetBytes(unhex(m.order))
	gen := new(big.Int).SetBytes(unhex(m.generator))
	if !p.ProbablyPrime(4) || !q.ProbablyPrime(4) || gen.Exp(gen, q, p).Cmp(big.NewInt(1)) != 0 {
		t.Error("group 24 is not a subgroup of prime order")
	}
}

// piTimes2To is pi * 2^n rounded down, by Machin's formula.
func piTimes2To(n uint) *big.Int {
	const guard = 64
	arctanOfInverse := func(x int64) *big.Int {
		sum, term := new(big.Int), new(big.Int).Lsh(big.NewInt(1), n+guard)
		term.Div(term, big.NewInt(x))
		for k := int64(1); term.Sign() != 0; k += 2 {
			part := new(big.Int).Div(term, big.NewInt(k))
			if k%4 == 1 {
				sum.Add(sum, part)
			} else {
				sum.Sub(sum, part)
			}
			term.Div(term, big.NewInt(x*x))
		}
		return sum
	}
	pi := new(big.Int).Mul(arctanOfInverse(5), big.NewInt(4))
	pi.Sub(pi, arctanOfInverse(239))
	return pi.Rsh(pi.Mul(pi, big.NewInt(4)), guard)
}

// TestPublicValues: what RFC 6989 has refused is refused.
func TestPublicValues(t *testing.T) {
	for _, g := range Groups() {
		k := generate(t, g, seeded(3))
		good := generate(t, g, seeded(4)).Public()
		bad := map[string][]byte{
			"nothing": nil, "a short value": good[1:], "a long value": append([]byte{0}, good...), "0": make([]byte, g.PublicLen),
			"all ones": bytes.Repeat([]byte{0xff}, g.PublicLen),
		}
		switch kind := g.kind.(type) {
		case modp:
			p := new(big.Int).SetBytes(unhex(kind.prime))
			number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, g.PublicLen)) }
			bad["1"] = number(big.NewInt(1))
			bad["p-1"] = number(new(big.Int).Sub(p, big.NewInt(1)))
			bad["p"] = number(p)
			bad["p+1"] = number(new(big.Int).Add(p, big.NewInt(1)))
			if kind.order != "" {
				bad["a value outside of the subgroup"] = number(big.NewInt(2))
			} else if _, err := k.Shared(number(new(big.Int).Sub(p, big.NewInt(2)))); err != nil {
				t.Errorf("%s: p-2 refused", g.Name)
			}
		case ecp:
			off := bytes.Clone(good)
			off[len(off)-1] ^= 1
			bad["a point off the curve"] = off
		}
		for name, peer := range bad {
			if z, err := k.Shared(peer); !errors.Is(err, ErrPublicValue) || z != nil {
				t.Errorf("%s: %s gave %x, %v", g.Name, name, z, err)
			}
			if subgroup := strings.HasSuffix(name, "subgroup"); (g.Check(peer) == nil) != subgroup {
				t.Errorf("%s: %s: checked, %v", g.Name, name, g.Check(peer))
			}
		}
		if _, err := k.Shared(good); err != nil {
			t.Errorf("%s: good value refused: %v", g.Name, err)
		}
		if err := g.Check(good); err != nil {
			t.Errorf("%s: good value not passed: %v", g.Name, err)
		}
	}
}

// TestPrivateKeys: a value out of range is drawn again, a source that gives
// nothing else is refused, and so is one that ends.
func TestPrivateKeys(t *testing.T) {
	for _, g := range Groups() {
		if _, err := g.Generate(zeros{}); !errors.Is(err, errNoKey) {
			t.Errorf("%s: a source of zeros gave %v", g.Name, err)
		}
		if _, err := g.Generate(bytes.NewReader(make([]byte, 7))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: a source of 7 octets gave %v", g.Name, err)
		}
		first := make([]byte, 128) // nought for every group, and nothing of the good key
		if m, ok := g.kind.(modp); ok {
			first = first[:m.exponent]
			if m.order != "" {
				first = unhex(m.order)
			}
		} else {
			first = first[:g.PublicLen/2]
		}
		got := generate(t, g, io.MultiReader(bytes.NewReader(first), seeded(5)))
		if want := generate(t, g, seeded(5)); !bytes.Equal(got.Public(), want.Public()) {
			t.Errorf("%s: a value out of range was not drawn again", g.Name)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func BenchmarkGroup(b *testing.B) {
	for _, g := range Groups() {
		random := seeded(1)
		peer := generate(b, g, random).Public()
		k := generate(b, g, random)
		b.Run(g.Name+"/generate", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Generate(random); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(g.Name+"/shared", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Shared(peer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
