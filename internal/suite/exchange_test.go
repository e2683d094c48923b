package suite

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"io"
	"testing"
)

// RFC 7748 section 6.1.
func TestX25519Vector(t *testing.T) {
	g, _ := GroupV2(31)
	a, err := g.Generate(bytes.NewReader(unhex(alice)))
	if err != nil {
		t.Fatal(err)
	}
	public, shared, err := g.Answer(bytes.NewReader(unhex(bob)), a.Public())
	if err != nil || hex.EncodeToString(public) != "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f" {
		t.Fatalf("%x %v", public, err)
	}
	const want = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
	back, err := a.Shared(public)
	if err != nil || hex.EncodeToString(shared) != want || hex.EncodeToString(back) != want {
		t.Errorf("%x and %x, %v", shared, back, err)
	}
	if hex.EncodeToString(a.Public()) != "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" {
		t.Errorf("%x", a.Public())
	}
	for _, bad := range [][]byte{make([]byte, 32), make([]byte, 31), append([]byte{1}, make([]byte, 31)...)} { // of small order, or too short
		if _, err := a.Shared(bad); err != ErrPublicValue {
			t.Errorf("%x: %v", bad, err)
		}
		if _, _, err := g.Answer(bytes.NewReader(unhex(bob)), bad); err != ErrPublicValue {
			t.Errorf("answer to %x: %v", bad, err)
		}
	}
}

const (
	alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
	bob   = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
)

// The accumulated vectors of C2SP's collection for ML-KEM-768 (100 of them, the
// hash of everything): keys, encapsulations, decapsulations and implicit
// rejections, out of SHAKE128 of nothing.
func TestMLKEMVectors(t *testing.T) {
	g, _ := GroupV2(36)
	s, o := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	ct1 := make([]byte, g.AnswerLen)
	for range 100 {
		i, err := g.Generate(s)
		if err != nil {
			t.Fatal(err)
		}
		o.Write(i.Public())
		ct, k, err := g.Answer(s, i.Public())
		if err != nil {
			t.Fatal(err)
		}
		o.Write(ct)
		o.Write(k)
		if back, err := i.Shared(ct); err != nil || !bytes.Equal(back, k) {
			t.Fatalf("%x and %x, %v", k, back, err)
		}
		s.Read(ct1)
		k1, err := i.Shared(ct1)
		if err != nil {
			t.Fatal(err)
		}
		o.Write(k1)
	}
	sum := make([]byte, 32)
	o.Read(sum)
	if hex.EncodeToString(sum) != "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415" {
		t.Errorf("%x", sum)
	}
}

func TestMLKEMRefuses(t *testing.T) {
	g, _ := GroupV2(36)
	random := sha3.NewSHAKE128()
	i, err := g.Generate(random)
	if err != nil {
		t.Fatal(err)
	}
	tooLarge := bytes.Repeat([]byte{0xff}, g.PublicLen) // coefficients above q
	for _, bad := range [][]byte{nil, i.Public()[1:], tooLarge} {
		if _, _, err := g.Answer(random, bad); err != ErrPublicValue {
			t.Errorf("%d octets: %v", len(bad), err)
		}
	}
	if _, err := i.Shared(i.Public()); err != ErrPublicValue {
		t.Errorf("ciphertext as long as a key: %v", err)
	}
	if _, err := g.Generate(io.LimitReader(random, 10)); err == nil {
		t.Error("a key of ten random octets")
	}
	if _, _, err := g.Answer(io.LimitReader(random, 10), i.Public()); err == nil {
		t.Error("an answer of ten random octets")
	}
}
