package pki_test

import (
	"crypto"
	"math/big"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// A self-signed certificate is one, for every kind of key, with the names of the
// request.
func TestSelfSignedCertificate(t *testing.T) {
	r, err := pki.NewRequest(pki.Settings{SubjectName: "CN=R1", FQDN: "R1.cisco.com"}, pki.Host{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []pki.Signer{testca.RSA(2048, 0), testca.EC(1), testca.Ed25519(1)} {
		c, err := r.SelfSigned(key, crypto.SHA256, big.NewInt(7), today)
		if err != nil {
			t.Fatal(err)
		}
		x := c.X509
		if c.SignedBy(c) != nil || !x.IsCA || x.Version != 3 || c.Serial != "07" || len(x.DNSNames) != 1 || string(x.SubjectKeyId) != string(x.AuthorityKeyId) {
			t.Errorf("%+v", x)
		}
		if !x.NotBefore.Equal(today) || !x.NotAfter.Equal(today.AddDate(pki.SelfSignedYears, 0, 0)) {
			t.Errorf("valid from %s to %s", x.NotBefore, x.NotAfter)
		}
		if err := x.CheckSignatureFrom(x); err != nil {
			t.Errorf("the standard library says: %v", err)
		}
	}
}
