package scep

import (
	"crypto"
	"math/big"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
)

// selfSignedYears is how long IOS makes the certificate of a request valid.
const selfSignedYears = 10

// SelfSigned makes who signs a first request: RFC 8894 section 2.3 has the client
// use a certificate that it has signed itself, with the subject and the key of the
// request.
func SelfSigned(subject pki.Name, key crypto.Signer, now time.Time) (Identity, error) {
	der, err := issue.Certificate{
		Serial: big.NewInt(1), Issuer: subject.DER(), Subject: subject.DER(), Key: key.Public(),
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(selfSignedYears, 0, 0), // the CA's clock may go after ours
		Extensions: []issue.Extension{issue.KeyUsage(issue.DigitalSignature | issue.KeyEncipherment)},
	}.Sign(key, crypto.SHA256)
	if err != nil {
		return Identity{}, err
	}
	c, err := pki.ParseCertificate(der)
	return Identity{Certificate: c, Key: key}, err
}
