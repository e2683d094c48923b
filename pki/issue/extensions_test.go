package issue

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// A reader of certificates finds the key identifier of RFC 5280 in what is issued.
func TestSubjectKeyID(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	id, err := SubjectKeyID(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := []byte{0x30, 0}
	der, err := Certificate{
		Serial: big.NewInt(1), Issuer: name, Subject: name, Key: key.Public(),
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<31, 0), Extensions: []Extension{id},
	}.Sign(ca, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	// The public key of Ed25519 is the bit string itself (RFC 8410 section 4).
	if want := sha1.Sum(key.Public().(ed25519.PublicKey)); !bytes.Equal(cert.SubjectKeyId, want[:]) {
		t.Errorf("%x, want %x", cert.SubjectKeyId, want)
	}
	if _, err := SubjectKeyID("no key"); err == nil {
		t.Error("the identifier of no key")
	}
}
