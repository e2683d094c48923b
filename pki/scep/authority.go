package scep

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// Authority is what GetCACert brings: the CA's certificate, which somebody has to
// vouch for, and what it has certified.
type Authority struct {
	CA      *pki.Certificate
	RAs     []*pki.Certificate // that the CA has issued
	Parents []*pki.Certificate // other CAs: those above it
	Before  *pki.Certificate   // the CA from which this one takes over, nil for none
}

// parseAuthority sorts the certificates of a GetCACert: one as it is (of an unknown
// type, CAs send it so), or several in a degenerate SignedData. The CA is the one
// that has issued the RAs; without any it is the lowest.
func parseAuthority(body []byte) (*Authority, error) {
	if c, err := pki.ParseCertificate(body); err == nil {
		return sortAuthority([]*pki.Certificate{c})
	}
	s, err := parseSigned(body)
	if err != nil {
		return nil, fmt.Errorf("neither a certificate nor certificates: %w", err)
	}
	return sortAuthority(s.certificates)
}

func sortAuthority(certs []*pki.Certificate) (*Authority, error) {
	var cas []*pki.Certificate
	a := &Authority{}
	for _, c := range certs {
		if isCA(c) {
			cas = append(cas, c)
		} else {
			a.RAs = append(a.RAs, c)
		}
	}
	issues := func(ca, c *pki.Certificate) bool { return !ca.Equal(c) && c.SignedBy(ca) == nil }
	for _, ca := range cas {
		below := cas
		if len(a.RAs) > 0 {
			below = nil // the RAs say which
		}
		if slices.ContainsFunc(below, func(c *pki.Certificate) bool { return issues(ca, c) }) ||
			slices.ContainsFunc(a.RAs, func(c *pki.Certificate) bool { return !issues(ca, c) }) {
			continue
		}
		if a.CA != nil && !a.CA.Equal(ca) {
			return nil, errors.New("more than one CA that may be meant")
		}
		a.CA = ca
	}
	if a.CA == nil {
		return nil, errors.New("no CA certificate that goes with the others")
	}
	for _, ca := range cas {
		if !ca.Equal(a.CA) {
			a.Parents = append(a.Parents, ca)
		}
	}
	return a, nil
}

// isCA: certificates of version 1 do not say; old CAs have such.
func isCA(c *pki.Certificate) bool { return c.X509.IsCA || c.X509.Version < 3 }

// Recipient is whom messages are encrypted for: the RA whose certificate permits
// it, or the CA.
func (a *Authority) Recipient() *pki.Certificate {
	for _, c := range a.RAs {
		if c.X509.KeyUsage == 0 || c.X509.KeyUsage&x509.KeyUsageKeyEncipherment != 0 {
			return c
		}
	}
	return a.CA
}

// Signers are those who may sign a CertRep.
func (a *Authority) Signers() []*pki.Certificate {
	signers := append([]*pki.Certificate{a.CA}, a.RAs...)
	if a.Before != nil {
		signers = append(signers, a.Before)
	}
	return signers
}

// errTrust is told when what the server sends is not from the authenticated CA.
var errTrust = errors.New("the server presents another CA")

// Under checks that this is the authority of a trustpoint whose CA is authenticated,
// and that it has an RA only where the trustpoint expects one: everybody on the way
// may add a certificate to a GetCACert, and any router's certificate is the CA's.
func (a *Authority) Under(tp *pki.Trustpoint) error {
	if !a.CA.Equal(tp.CA) {
		return fmt.Errorf("%w than the one of trustpoint %s: %s, serial number %s", errTrust, tp.Name, a.CA.Subject, a.CA.Serial)
	}
	if len(a.RAs) > 0 && !tp.EnrollmentRA {
		var names []string
		for _, c := range a.RAs {
			names = append(names, c.Subject.String())
		}
		return fmt.Errorf("the server speaks for the CA as an RA (%s): write enrollment mode ra in trustpoint %s if it may", strings.Join(names, "; "), tp.Name)
	}
	return nil
}
