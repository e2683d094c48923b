package pki

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"slices"
	"time"
)

// ocspSkew is how far a responder's clock may be ahead of ours: its answers are of
// the moment, where a CRL is of some time ago.
const ocspSkew = 5 * time.Minute

// about finds what the response says of the certificate that was asked about, or why
// it says nothing that counts (RFC 6960 section 3.2).
func (r *OCSPResponse) about(q *Query, now time.Time) (*ocspSingle, *refusal) {
	if r.unusable != "" {
		return nil, refuse(NoCRL, "%s", r.unusable)
	}
	if refused := r.verifySigner(q.issuer, q.policy, now); refused != nil {
		return nil, refused
	}
	switch {
	case q.nonce == nil:
	case r.nonce == nil:
		return nil, refuse(NoCRL, "it does not repeat our nonce, so it may be an old one (ocsp disable-nonce accepts such)")
	case subtle.ConstantTimeCompare(q.nonce, r.nonce) != 1:
		return nil, refuse(NoCRL, "it repeats another nonce than ours")
	}
	// A response that says two things of a certificate says the worse one.
	var s *ocspSingle
	for i := range r.singles {
		if single := &r.singles[i]; single.id.about(q.cert, q.issuer) && (s == nil || single.status > s.status) {
			s = single
		}
	}
	switch {
	case s == nil:
		return nil, refuse(NoCRL, "it is about another certificate")
	case s.status == ocspUnknown:
		return nil, refuse(NoCRL, "the responder does not know the certificate")
	case now.Add(ocspSkew).Before(s.thisUpdate):
		return nil, refuse(NoCRL, "it is valid from %s only", utc(s.thisUpdate))
	case s.nextUpdate.IsZero() && q.nonce == nil:
		// Whoever has recorded it could repeat it for ever.
		return nil, refuse(NoCRL, "it has neither a nonce nor a next update")
	case !s.nextUpdate.IsZero() && !now.Before(s.nextUpdate):
		return nil, refuse(NoCRL, "it was to be renewed by %s", utc(s.nextUpdate))
	}
	return s, nil
}

// verifySigner obeys RFC 6960 section 4.2.2.2: the response is signed by the CA that
// issued the certificate, or by one to whom that CA itself has delegated it. Who gets a
// new certificate may send the one before beside it, under the same name: each is tried.
func (r *OCSPResponse) verifySigner(issuer *Certificate, policy Policy, now time.Time) *refusal {
	var first *refusal
	if r.names(issuer) {
		if _, first = r.signed.verify(issuer.X509.PublicKey, policy); first == nil {
			return nil
		}
	}
	for _, c := range r.certs {
		if !r.names(c) {
			continue
		}
		refused := delegated(c, issuer, policy, now)
		if refused == nil {
			_, refused = r.signed.verify(c.X509.PublicKey, policy)
		}
		if refused == nil {
			return nil
		}
		if first == nil {
			first = refused
		}
	}
	if first == nil {
		first = refuse(BadSignature, "it is signed by somebody who is neither %s nor a responder of its", issuer.Subject)
	}
	return first
}

// names says whether the responder's ID is that of a certificate.
func (r *OCSPResponse) names(c *Certificate) bool {
	if r.byKey == nil {
		return r.byName.Equal(c.Subject)
	}
	sum := sha1.Sum(publicKeyBits(c))
	return bytes.Equal(r.byKey, sum[:])
}

// delegated says why a certificate does not make its owner a responder of the CA.
// Whether it was revoked itself is not asked: its owner would be asked for it.
func delegated(c, issuer *Certificate, policy Policy, now time.Time) *refusal {
	switch {
	case !issuer.Subject.Equal(c.Issuer):
		return refuse(BadSignature, "its responder's certificate is from %s", c.Issuer)
	case !slices.Contains(c.X509.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return refuse(KeyUsage, "its responder's certificate %s is not for OCSP signing", c.Serial)
	case !permits(c, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment):
		return refuse(KeyUsage, "the key usage of its responder's certificate %s does not permit signatures", c.Serial)
	case now.Before(c.X509.NotBefore), now.After(c.X509.NotAfter):
		return refuse(Expired, "its responder's certificate %s is not valid now", c.Serial)
	}
	if refused := checkExtensions(c); refused != nil {
		return refused
	}
	_, refused := signatureBy(c, issuer, policy)
	return refused
}
