package policy

import (
	"crypto/ed25519"
	"crypto/x509"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
)

// testCert is a self-signed certificate of cn=R2,ou=IT,o=cisco,o=com.
func testCert(t *testing.T) *pki.Certificate {
	t.Helper()
	c, err := makeCert()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var makeCert = sync.OnceValues(func() (*pki.Certificate, error) {
	subject, err := pki.SubjectName(pki.Settings{SubjectName: "CN=R2,OU=IT,O=cisco,O=com"}, pki.Host{})
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{
		RawSubject: subject.DER(), SerialNumber: big.NewInt(7), DNSNames: []string{"R2.cisco.com"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pki.ParseCertificate(der)
})
