package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"math/big"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

// The counts that a real file has in the clear are all found: each stands in
// the file as a number that occurs nowhere else.
func TestIterationsFindsEveryCount(t *testing.T) {
	const count = 0x2b67
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(nil, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for what, enc := range map[string]*pkcs12.Encoder{
		"modern": pkcs12.Modern, "modern 2026": pkcs12.Modern2026, "DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2,
	} {
		file, err := enc.WithIterations(count).Encode(key, cert, nil, "secret")
		if err != nil {
			t.Fatal(err)
		}
		inFile := bytes.Count(file, []byte{2, 2, 0x2b, 0x67})
		sum, ok := iterations(file, 0)
		if !ok || inFile < 2 || sum != int64(inFile)*count {
			t.Errorf("%s: %d counts of %d, found %d in all", what, inFile, count, sum)
		}
	}
}
