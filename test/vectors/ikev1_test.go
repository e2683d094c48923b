package vectors

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// wantCases is how many cases each file has: a parser that loses some must not
// pass for it.
const wantCases = 1700

var hashes = map[string]*suite.Hash{"SHA-1": suite.SHA1, "SHA-256": suite.SHA256, "SHA-384": suite.SHA384, "SHA-512": suite.SHA512}

func TestIKEv1Signatures(t *testing.T) {
	run(t, "testdata/ikev1_dsa.fax.gz", func(c fields, h *suite.Hash) suite.Key {
		return ikev1.SignatureSKEYID(h, c.get("Ni"), c.get("Nr"), c.get("g^xy"))
	})
}

func TestIKEv1PreSharedKey(t *testing.T) {
	run(t, "testdata/ikev1_psk.fax.gz", func(c fields, h *suite.Hash) suite.Key {
		return ikev1.PSKSKEYID(h, c.get("pre-shared-key"), c.get("Ni"), c.get("Nr"))
	})
}

// fields are a case's, in a test that ends where one is missing.
type fields struct {
	t *testing.T
	c Case
}

func (f fields) get(name string) []byte {
	f.t.Helper()
	v, err := f.c.Field(name)
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

func run(t *testing.T, file string, skeyid func(fields, *suite.Hash) suite.Key) {
	t.Helper()
	passed, perHash := 0, map[string]int{}
	for _, c := range read(t, file) {
		f := fields{t, c}
		h, ok := hashes[c.Hash]
		if !ok {
			t.Fatalf("line %d: hash %q", c.Line, c.Hash)
		}
		got := ikev1.DeriveKeys(h, skeyid(f, h), f.get("g^xy"), wire.SPI(f.get("CKY_I")), wire.SPI(f.get("CKY_R")))
		good := true
		for name, key := range map[string]suite.Key{"SKEYID": got.SKEYID, "SKEYID_d": got.D, "SKEYID_a": got.A, "SKEYID_e": got.E} {
			if !bytes.Equal(key, f.get(name)) {
				t.Errorf("%s line %d: wrong %s", file, c.Line, name)
				good = false
			}
		}
		if good {
			passed++
			perHash[c.Hash]++
		}
	}
	if passed < wantCases {
		t.Errorf("%s: %d cases passed, want %d", file, passed, wantCases)
	}
	if len(perHash) != len(hashes) {
		t.Errorf("%s: hashes %v", file, perHash)
	}
}

func read(t *testing.T, file string) []Case {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ReadFax(z)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return cases
}
