package pki

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of a chain: the peer chooses how long we compute.
const (
	MaxChain  = 16 // certificates that a peer may send
	maxDepth  = 8  // certificates in a path, the anchor counted
	maxChecks = 16 // signatures tried while a path is looked for

	// Of a CA that stands below an anchor: IOS has no longer keys, and everybody
	// has this exponent or a smaller one. The dearest key that a peer may bring
	// takes a hundred times as long as an ordinary one.
	maxIssuerBits     = 4096
	maxIssuerExponent = 65537
)

// A search looks for a path from the peer's certificate to an anchor. x509's
// own search is not used: it refuses SHA-1 and MD5 whatever the policy is, and
// does not say which certificate of the chain was refused.
type search struct {
	snapshot *Snapshot
	anchors  []*Trustpoint
	pool     []*Certificate // certificates that may stand between
	now      time.Time
	checks   int
	crls     int      // looked into
	first    *Verdict // the first failure at an anchor
	other    *Verdict // the first failure before one
}

func newSearch(s *Snapshot, chain []*Certificate, only []string, now time.Time) *search {
	search := &search{snapshot: s, now: now, pool: slices.Clone(chain[1:])}
	for _, tp := range s.all {
		if tp.CA != nil && listed(only, tp.Name) {
			search.anchors = append(search.anchors, tp)
			search.pool = append(search.pool, tp.Chain...)
		}
	}
	if len(only) == 0 {
		search.anchors = append(search.anchors, s.trustpool...)
	}
	search.pool = slices.DeleteFunc(search.pool, func(c *Certificate) bool { return search.anchor(c) != nil })
	return search
}

// anchor is the trustpoint whose CA the certificate is, nil for none.
func (s *search) anchor(c *Certificate) *Trustpoint {
	for _, tp := range s.anchors {
		if c.Equal(tp.CA) {
			return tp
		}
	}
	return nil
}

// extend tries the anchors above the last certificate of the path, then every
// certificate of the pool that issued it.
func (s *search) extend(path []*Certificate) (Verdict, bool) {
	last := path[len(path)-1]
	for _, tp := range s.anchors {
		if !tp.CA.Subject.Equal(last.Issuer) {
			continue
		}
		if s.checks++; s.checks > maxChecks {
			break
		}
		v := s.climb(append(slices.Clone(path), tp.CA), tp)
		if v.OK {
			return v, true
		}
		// One that a server may change counts more than one that stays.
		if s.first == nil || len(s.first.Queries) == 0 && len(v.Queries) > 0 {
			s.first = &v
		}
	}
	for _, issuer := range s.pool {
		if !issuer.Subject.Equal(last.Issuer) || slices.ContainsFunc(path, issuer.Equal) {
			continue
		}
		if len(path) >= maxDepth-1 {
			s.fail(&s.other, PathLength, "", last, "the path is longer than %d certificates", maxDepth)
			break
		}
		// A path is followed only over signatures that hold: names alone would
		// let the peer have us try every order of what it sent.
		if s.checks++; s.checks > maxChecks {
			s.fail(&s.other, Malformed, "", last, "more than %d signatures would have to be tried", maxChecks)
			break
		}
		if pub, ok := issuer.X509.PublicKey.(*rsa.PublicKey); ok && (pub.N.BitLen() > maxIssuerBits || pub.E > maxIssuerExponent) {
			s.fail(&s.other, WeakKey, "", issuer, "RSA key of %d bits with exponent %d, which takes too long to verify with", pub.N.BitLen(), pub.E)
			continue
		}
		if _, r := s.snapshot.signature(last, issuer); r != nil {
			s.fail(&s.other, r.code, "", last, "%s", r.reason)
			continue
		}
		if v, ok := s.extend(append(slices.Clone(path), issuer)); ok {
			return v, true
		}
	}
	return Verdict{}, false
}

// fail keeps a first failure.
func (s *search) fail(at **Verdict, code VerdictCode, trustpoint string, c *Certificate, format string, args ...any) {
	if *at == nil {
		v := Verdict{Code: code, Trustpoint: trustpoint, Reason: describe(c) + ": " + fmt.Sprintf(format, args...)}.about(c)
		*at = &v
	}
}

// failure is the verdict when no path stood.
func (s *search) failure(leaf *Certificate, only []string) Verdict {
	switch {
	case s.first != nil:
		return *s.first
	case s.other != nil:
		return *s.other
	}
	reason := fmt.Sprintf("no suitable trustpoint: the peer's certificate is from %s, ", leaf.Issuer)
	if len(only) > 0 {
		reason += "the validation list is " + strings.Join(only, ", ") + ", "
	}
	var trusted []string
	pooled := 0
	for _, tp := range s.anchors {
		if tp.Name == TrustpoolName {
			pooled++
			continue
		}
		trusted = append(trusted, fmt.Sprintf("%s (%s)", tp.CA.Subject, tp.Name))
	}
	if pooled > 0 {
		trusted = append(trusted, fmt.Sprintf("the %d CAs of the trustpool", pooled))
	}
	if len(trusted) == 0 {
		reason += "and no trustpoint of it has a CA certificate"
	} else {
		reason += "and trusted are " + strings.Join(trusted, ", ")
	}
	return Verdict{Code: NoTrustpoint, Reason: reason}.about(leaf)
}

// describe names a certificate in a sentence.
func describe(c *Certificate) string {
	return fmt.Sprintf("certificate %s of %s", c.Serial, c.Subject)
}

// signatureBy checks that the issuer's key signed the certificate.
func signatureBy(c, issuer *Certificate, policy Policy) (note string, _ *refusal) {
	signed, err := parseSigned(c.Raw())
	if err != nil {
		return "", refuse(Malformed, "%s", err)
	}
	return signed.verify(issuer.X509.PublicKey, policy)
}

// SignedBy checks that the CA certificate issued c: name and signature, any
// hash, at no particular time.
func (c *Certificate) SignedBy(ca *Certificate) error {
	if !ca.Subject.Equal(c.Issuer) {
		return fmt.Errorf("it was issued by %s", c.Issuer)
	}
	if _, r := signatureBy(c, ca, Policy{}); r != nil {
		return fmt.Errorf("%s", r.reason)
	}
	return nil
}
