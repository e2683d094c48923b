package vectors

import (
	"bytes"
	"testing"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

func TestIKEv2(t *testing.T) {
	const want = 900
	cases := read(t, "testdata/ikev2.fax.gz")
	for _, c := range cases {
		f, h := fields{t, c}, hashes[c.Hash]
		if h == nil {
			t.Fatalf("line %d: hash %q", c.Line, c.Hash)
		}
		ni, nr, gir, again := f.get("Ni"), f.get("Nr"), f.get("g^ir"), f.get("g^ir (new)")
		seed := ikev2.SKEYSEED(h, ni, nr, gir)
		// The answers run all keys together, however long each may be; SK_d leads.
		dkm := f.get("DKM")
		rest := max(0, len(dkm)-3*h.Size+1)
		k := ikev2.DeriveKeys(h, seed, ni, nr, wire.SPI(f.get("SPIi")), wire.SPI(f.get("SPIr")), ikev2.Lengths{Integ: rest / 2})
		var all []byte
		for _, key := range []suite.Key{k.D, k.Ai, k.Ar, k.Ei, k.Er, k.Pi, k.Pr} {
			all = append(all, key...)
		}
		for name, got := range map[string][]byte{
			"SKEYSEED": seed, "DKM": all[:min(len(dkm), len(all))],
			"DKM(Child SA)":     ikev2.Keymat(h, k.D, nil, ni, nr, len(f.get("DKM(Child SA)"))),
			"DKM(Child SA D-H)": ikev2.Keymat(h, k.D, again, ni, nr, len(f.get("DKM(Child SA D-H)"))),
			"SKEYSEED(Rekey)":   ikev2.RekeySKEYSEED(h, k.D, again, ni, nr),
		} {
			if !bytes.Equal(got, f.get(name)) {
				t.Fatalf("line %d: %s is %x, want %x", c.Line, name, got, f.get(name))
			}
		}
	}
	if len(cases) != want {
		t.Errorf("%d cases, want %d", len(cases), want)
	}
}
