package testca

import (
	"crypto"

	"github.com/obol-ike/obol/pki/issue"
)

// Certificate and CRL are those of package issue, of which a test needs no
// error.
type (
	Certificate issue.Certificate
	CRL         issue.CRL
	Entry       = issue.Entry
	Extension   = issue.Extension
)

// Sign encodes and signs the certificate.
func (c Certificate) Sign(key crypto.Signer, hash crypto.Hash) []byte {
	der, err := issue.Certificate(c).Sign(key, hash)
	must(err)
	return der
}

// Sign encodes and signs the CRL.
func (c CRL) Sign(key crypto.Signer, hash crypto.Hash) []byte {
	der, err := issue.CRL(c).Sign(key, hash)
	must(err)
	return der
}

// Bits of KeyUsage.
const (
	DigitalSignature = issue.DigitalSignature
	KeyEncipherment  = issue.KeyEncipherment
	CertSign         = issue.CertSign
	CRLSign          = issue.CRLSign
)

// KeyUsage is the extension with those bits.
func KeyUsage(bits byte) Extension { return issue.KeyUsage(bits) }

// BasicConstraints is the extension; pathLen below 0: none.
func BasicConstraints(ca bool, pathLen int) Extension { return issue.BasicConstraints(ca, pathLen) }

// CRLNumber is the extension of a CRL that makes it version 2.
func CRLNumber(n int64) Extension { return issue.CRLNumber(n) }

// DNSName is the subject alternative name of a host.
func DNSName(name string) Extension { return issue.DNSName(name) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}
