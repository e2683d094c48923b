package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// Material is what one import brings for a trustpoint, checked to fit
// together. Time and revocation do not matter here.
type Material struct {
	CA       *Certificate
	Identity *Certificate   // nil: CA only
	Chain    []*Certificate // see Trustpoint
	Signer   Signer         // nil without Identity
	Key      *KeyPair       // what the store keeps about Signer; nil: it came without
	Notes    []string       // what was left out
}

// Assemble puts together what enrolment brings: the trustpoint's CA, the
// certificate that was granted for the key, and CAs between the two.
func Assemble(ca *Certificate, granted []*Certificate, key *KeyPair) (*Material, error) {
	m, err := withKey([]*Certificate{ca}, granted, key.Signer)
	if err != nil {
		return nil, err
	}
	m.Key = key
	return m, nil
}

// assemble finds each certificate's place. The trustpoint's CA is the lowest
// of the given CAs on the way up from the identity, as on IOS, where a
// trustpoint is authenticated with its own CA's certificate; extra holds
// certificates that are trusted only through it.
func assemble(cas, extra []*Certificate, identity *Certificate, key Signer) (*Material, error) {
	m := &Material{Identity: identity, Signer: key}
	if identity == nil {
		var err error
		if m.CA, err = lowest(cas); err != nil {
			return nil, err
		}
	} else if err := m.climb(cas, extra); err != nil {
		return nil, err
	}
	if r := mayIssue(m.CA); r != "" {
		return nil, fmt.Errorf("%s is no CA certificate: %s", m.CA.Subject, r)
	}
	m.addUpper(cas, extra)
	for _, c := range slices.Concat(cas, extra) {
		if !c.Equal(m.CA) && !c.Equal(identity) && !slices.ContainsFunc(m.Chain, c.Equal) {
			m.Notes = append(m.Notes, fmt.Sprintf("%s is not kept: the trust anchor of the trustpoint is %s", describe(c), m.CA.Subject))
		}
	}
	return m, nil
}

// climb walks from the identity to the first certificate that is one of the
// CAs; what lies between goes into the chain.
func (m *Material) climb(cas, extra []*Certificate) error {
	for last := m.Identity; ; {
		if m.CA = signerOf(last, cas); m.CA != nil {
			return nil
		}
		next := signerOf(last, extra)
		if next == nil || next.Equal(last) || slices.ContainsFunc(m.Chain, next.Equal) || len(m.Chain) >= maxDepth {
			return fmt.Errorf("%s was issued by %s, and no CA certificate given has signed it", describe(last), last.Issuer)
		}
		m.Chain = append(m.Chain, next)
		last = next
	}
}

// addUpper completes the chain with the CA itself and what is above it, up to
// but without a self-signed root: a router sends the complete chain without it.
func (m *Material) addUpper(cas, extra []*Certificate) {
	if m.Identity == nil {
		return
	}
	all := slices.Concat(cas, extra)
	for c := m.CA; c != nil && !c.selfIssued() && !slices.ContainsFunc(m.Chain, c.Equal) && len(m.Chain) < maxDepth; c = signerOf(c, all) {
		m.Chain = append(m.Chain, c)
	}
}

// signerOf finds the certificate whose key signed c.
func signerOf(c *Certificate, among []*Certificate) *Certificate {
	for _, ca := range among {
		if !ca.Equal(c) && c.SignedBy(ca) == nil {
			return ca
		}
	}
	return nil
}

// lowest finds the one CA that issued none of the others.
func lowest(cas []*Certificate) (*Certificate, error) {
	var found []*Certificate
	for _, ca := range cas {
		if !slices.ContainsFunc(cas, func(c *Certificate) bool { return !c.Equal(ca) && c.SignedBy(ca) == nil }) &&
			!slices.ContainsFunc(found, ca.Equal) {
			found = append(found, ca)
		}
	}
	switch {
	case len(cas) == 0:
		return nil, errors.New("no CA certificate given")
	case len(found) != 1:
		return nil, fmt.Errorf("%d CA certificates that do not form one chain; a trustpoint holds one CA, so import each under its own trustpoint", len(cas))
	}
	return found[0], nil
}

// mayIssue says why a certificate cannot be a trustpoint's CA, "" when it can.
// Version 1 certificates have no extensions that would say so.
func mayIssue(c *Certificate) string {
	if r := checkIssuer([]*Certificate{nil, c}, 1); r != nil {
		return r.reason
	}
	if r := checkExtensions(c); r != nil {
		return r.reason
	}
	if r := checkKey(c.X509.PublicKey, Policy{}); r != nil {
		return r.reason
	}
	return ""
}

// checkSigner refuses keys that cannot sign for IKE.
func checkSigner(key any) (Signer, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if r := checkKey(&key.PublicKey, Policy{}); r != nil {
			return nil, errors.New(r.reason)
		}
		if isLabKey(&key.PublicKey) {
			return nil, ErrLabKey
		}
		return key, nil
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521() {
			return key, nil
		}
		return nil, errors.New("EC key on a curve other than P-256, P-384 and P-521")
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, errors.New("the private key is neither RSA, EC nor Ed25519")
}

// belongs says whether the private key is that of the certificate.
func belongs(key Signer, c *Certificate) bool {
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(c.X509.PublicKey)
}

// parsePrivateKey reads PKCS #8, PKCS #1 and SEC 1.
func parsePrivateKey(der []byte) (Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if k, e := x509.ParsePKCS1PrivateKey(der); e == nil {
			key, err = k, nil
		} else if k, e := x509.ParseECPrivateKey(der); e == nil {
			key, err = k, nil
		}
	}
	if err != nil {
		return nil, errors.New("the private key cannot be read: PKCS #8, PKCS #1 or SEC 1 is expected")
	}
	return checkSigner(key)
}
