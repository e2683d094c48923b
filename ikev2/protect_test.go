package ikev2

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/obol-ike/obol/internal/suite"
)

// each gives a sealing and an opening direction for every pair of algorithms.
func each(t *testing.T, f func(t *testing.T, out, in *direction)) {
	t.Helper()
	run := func(name string, c *suite.Cipher, bits int, i *suite.Integrity) {
		t.Run(name, func(t *testing.T) {
			e, a := make(suite.Key, c.KeyLen(bits)+c.SaltLen), suite.Key(nil)
			rand.Read(e)
			if i != nil {
				a = make(suite.Key, i.KeyLen)
				rand.Read(a)
			}
			out, err := newDirection(c, e, i, a)
			if err != nil {
				t.Fatal(err)
			}
			in, err := newDirection(c, e, i, a)
			if err != nil {
				t.Fatal(err)
			}
			f(t, out, in)
		})
	}
	for _, c := range append(suite.Ciphers(), suite.AEADs()...) {
		bits := c.Bits
		if bits == nil {
			bits = []int{0}
		}
		for _, n := range bits {
			switch {
			case c == suite.Null: // RFC 7296 section 5: not for IKE SAs
			case c.Combined():
				run(fmt.Sprintf("%s-%d", c.QM, n), c, n, nil)
			default:
				for _, i := range suite.Integrities() {
					run(fmt.Sprintf("%s-%d-%s", c.QM, n, i.Debug), c, n, i)
				}
			}
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	each(t, func(t *testing.T, out, in *direction) {
		seen := map[string]bool{}
		for n := range 70 {
			prefix, inner := []byte("header and generic header of SK"), make([]byte, n)
			rand.Read(inner)
			m, err := out.seal(bytes.Clone(prefix), inner, rand.Reader)
			if err != nil || len(m) != len(prefix)+out.sealedLen(n) {
				t.Fatalf("%d octets: %d, want %d, %v", n, len(m)-len(prefix), out.sealedLen(n), err)
			}
			if iv := string(m[len(prefix) : len(prefix)+out.iv]); seen[iv] {
				t.Fatal("an initialization vector was used twice")
			} else {
				seen[iv] = true
			}
			got, err := in.open(m, len(prefix))
			if err != nil || !bytes.Equal(got, inner) {
				t.Fatalf("%d octets: %x, %v", n, got, err)
			}
		}
	})
}

// Every octet is authenticated, and a message cut anywhere is refused.
func TestOpenRefuses(t *testing.T) {
	each(t, func(t *testing.T, out, in *direction) {
		const start = 32
		m, err := out.seal(make([]byte, start), []byte("payloads"), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m {
			m[i] ^= 0x40
			if _, err := in.open(m, start); err != errIntegrity {
				t.Errorf("octet %d of %d changed: %v", i, len(m), err)
			}
			m[i] ^= 0x40
		}
		for n := start; n < len(m); n++ {
			if _, err := in.open(m[:n], start); err != errIntegrity {
				t.Errorf("cut at %d of %d: %v", n, len(m), err)
			}
		}
		if _, err := in.open(m, start); err != nil {
			t.Error(err)
		}
	})
}

// A pad length above what there is comes from the peer himself.
func TestPadLength(t *testing.T) {
	key := suite.Key("0123456789abcdefsalt")
	d, err := newDirection(suite.AESGCM16, key, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(inner ...byte) []byte { // without padding of our own
		return d.aead.Seal(make([]byte, 8), append([]byte("salt"), make([]byte, 8)...), inner, nil)
	}
	for what, m := range map[string][]byte{"too long": seal(1, 2, 3), "nothing": seal()} {
		if inner, err := d.open(m, 0); err == nil {
			t.Errorf("%s: %x", what, inner)
		}
	}
	if inner, err := d.open(seal(9, 0, 0, 2), 0); err != nil || !bytes.Equal(inner, []byte{9}) {
		t.Errorf("%x %v", inner, err)
	}
	if _, err := newDirection(suite.AESGCM16, key[:3], nil, nil); err == nil {
		t.Error("a key without its salt")
	}
}
