package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
)

// MaxCertificateLen is the size limit of one certificate in octets; an IKEv1
// payload holds no more either.
const MaxCertificateLen = 65535

// Certificate is a parsed certificate. Nothing about it is verified.
type Certificate struct {
	X509    *x509.Certificate
	Subject Name
	Issuer  Name
	Serial  string // hex, upper case, whole octets, as IOS prints it: 03
}

// ParseCertificate parses one DER certificate. A negative serial number is
// accepted only with GODEBUG x509negativeserial=1.
func ParseCertificate(der []byte) (*Certificate, error) {
	if len(der) > MaxCertificateLen {
		return nil, fmt.Errorf("certificate of %d octets, at most %d are accepted", len(der), MaxCertificateLen)
	}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate: %s", strings.TrimPrefix(err.Error(), "x509: "))
	}
	c := &Certificate{X509: x, Serial: serialHex(x.SerialNumber)}
	if c.Subject, err = ParseName(x.RawSubject); err != nil {
		return nil, fmt.Errorf("certificate: subject: %w", err)
	}
	if c.Issuer, err = ParseName(x.RawIssuer); err != nil {
		return nil, fmt.Errorf("certificate: issuer: %w", err)
	}
	return c, nil
}

// Raw returns the DER of the certificate.
func (c *Certificate) Raw() []byte { return c.X509.Raw }

// Equal says whether both are the same certificate, octet for octet.
func (c *Certificate) Equal(d *Certificate) bool {
	return c != nil && d != nil && bytes.Equal(c.Raw(), d.Raw())
}

// selfIssued says that subject and issuer are the same name.
func (c *Certificate) selfIssued() bool { return c.Subject.Equal(c.Issuer) }

// serialHex prints a serial number as IOS does.
func serialHex(n *big.Int) string {
	s := fmt.Sprintf("%02X", new(big.Int).Abs(n))
	if len(s)%2 != 0 {
		s = "0" + s
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}
