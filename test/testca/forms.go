package testca

import (
	"crypto"
	"time"

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

// OCSP is that of package issue.
type OCSP = issue.OCSP

// Responder answers an OCSP request about a certificate of the CA's: good, at a time,
// for an hour, with the request's nonce, signed by the CA, unless it is changed.
func (ca *CA) Responder(now time.Time, request []byte, change func(*OCSP)) []byte {
	serial, nonce, err := issue.ReadOCSPRequest(request)
	must(err)
	o := OCSP{Responder: ca.Name.DER(), ProducedAt: now, Nonce: nonce, Singles: []issue.OCSPSingle{{
		IssuerName: ca.Name.DER(), IssuerKey: ca.Key.Public(), Serial: serial, ThisUpdate: now, NextUpdate: now.Add(time.Hour),
	}}}
	if change != nil {
		change(&o)
	}
	der, err := o.Sign(ca.Key, ca.Hash)
	must(err)
	return der
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
