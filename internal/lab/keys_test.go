//go:debug rsa1024min=0
package lab

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
)

// Nobody can take a key of the laboratory for one of his own.
func TestKeysAreRefused(t *testing.T) {
	keys := labKeys()
	if len(keys) != 30 {
		t.Fatalf("%d keys", len(keys))
	}
	for i, k := range keys {
		key, err := k.parse()
		if err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
		if k.bits != key.N.BitLen() {
			t.Errorf("key %d is of %d bits, read as %d", i, key.N.BitLen(), k.bits)
		}
		ca, err := newAuthority(name(t, "CN=CA1"), remembering{key, map[signed][]byte{}}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		cert, err := ca.enrol(name(t, "CN=R1"), key.Public())
		if err != nil {
			t.Fatal(err)
		}
		file := func(kind string, der []byte) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		}
		_, err = pki.ParsePEM(file("CERTIFICATE", ca.cert.Raw()), file("CERTIFICATE", cert.Raw()), file("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
		if !errors.Is(err, pki.ErrLabKey) {
			t.Errorf("key %d of %d bits: imported with %v", i, k.bits, err)
		}
	}
}

func name(t *testing.T, words string) pki.Name {
	t.Helper()
	n, err := pki.SubjectName(pki.Settings{SubjectName: words}, pki.Host{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestKeySizes(t *testing.T) {
	for _, c := range []struct{ asked, want int }{{360, 512}, {512, 512}, {1000, 1024}, {1536, 2048}, {2048, 2048}, {4096, 4096}, {8192, 4096}} {
		if got := rsaKeys(c.asked)[0].bits; got != c.want {
			t.Errorf("%d bits: keys of %d", c.asked, got)
		}
	}
}

// CAs differ in their keys, however many there are.
func TestCAKeysDiffer(t *testing.T) {
	seen := map[string]bool{}
	for n := range 40 {
		key, err := caKey(defaultBits, n)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(spki)] {
			t.Fatalf("CA %d has a key that another one has", n)
		}
		seen[string(spki)] = true
	}
}

func TestECKeys(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		a, err := ecKey(curve, "A")
		if err != nil {
			t.Fatal(err)
		}
		again, _ := ecKey(curve, "A")
		b, _ := ecKey(curve, "B")
		pub := a.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !pub.Equal(again.Public()) || pub.Equal(b.Public()) {
			t.Errorf("%s: a key is not of its name", curve.Params().Name)
		}
	}
}
