package ikev2

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// IntAuth is the same whatever the message is encrypted with, and is a prf over the
// lengths of its plaintext.
func TestIntermediateAuth(t *testing.T) {
	h := wire.Header{InitiatorSPI: wire.SPI{1}, ResponderSPI: wire.SPI{2}, Version: wire.V2, Exchange: wire.ExchangeIntermediate, Flags: wire.FlagInitiator, MessageID: 1, Length: 999}
	p, inner := suite.Key("SK_pi"), []byte("KE payload")
	prefix, err := hex.DecodeString("0100000000000000" + "0200000000000000" + "2e" + "20" + "2b" + "08" + "00000001" + "0000002a" + "2200000e")
	if err != nil {
		t.Fatal(err)
	}
	one := intermediateAuth(suite.SHA256, p, nil, h, wire.PayloadKEV2, inner)
	if want := suite.SHA256.PRF(p, append(prefix, inner...)); !bytes.Equal(one, want) {
		t.Errorf("%x, want %x", one, want)
	}
	two := intermediateAuth(suite.SHA256, p, one, h, wire.PayloadKEV2, inner)
	if want := suite.SHA256.PRF(p, one, prefix, inner); !bytes.Equal(two, want) {
		t.Errorf("%x, want %x", two, want)
	}
	each(t, func(t *testing.T, out, in *direction) {
		all, err := out.sealFragments(h, wire.PayloadKEV2, inner, 548, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		x := openFragment(t, in, all[0])
		if got := intermediateAuth(suite.SHA256, p, nil, x.h, x.first, x.inner); !bytes.Equal(got, one) {
			t.Errorf("%x, want %x", got, one)
		}
	})
	if got := intAuth([]byte("i"), []byte("r"), 2); string(got) != "ir\x00\x00\x00\x02" {
		t.Errorf("%q", got)
	}
}

// An ML-KEM-768 between the two ends makes keys that neither had before.
func TestAdditionalKeyExchange(t *testing.T) {
	g := group(t, 36)
	key, err := g.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	answer, there, err := g.Answer(rand.Reader, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	here, err := key.Shared(answer)
	if err != nil {
		t.Fatal(err)
	}
	n, d, ni, nr := Lengths{Encr: 36}, suite.Key("SK_d of before"), []byte("Ni"), []byte("Nr")
	a := addKeyExchange(suite.SHA384, d, here, ni, nr, wire.SPI{1}, wire.SPI{2}, n)
	b := addKeyExchange(suite.SHA384, d, there, ni, nr, wire.SPI{1}, wire.SPI{2}, n)
	if !bytes.Equal(a.D, b.D) || !bytes.Equal(a.Pr, b.Pr) || len(a.D) != 48 || len(a.Ei) != 36 || len(a.Ai) != 0 {
		t.Errorf("%v, %v", a, b)
	}
	want := DeriveKeys(suite.SHA384, suite.SHA384.PRF(d, here, ni, nr), ni, nr, wire.SPI{1}, wire.SPI{2}, n)
	if !bytes.Equal(a.Ei, want.Ei) || bytes.Equal(a.D, d) {
		t.Error("not the keys of RFC 9370 section 2.2.2")
	}
}
