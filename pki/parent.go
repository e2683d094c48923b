package pki

import (
	"fmt"
	"slices"
)

// climb judges a path that ends with the CA of the last of anchors. A trustpoint
// with chain-validation continue is no end: its CA has to stand under the
// trustpoint above it. A root has nothing above it, and IOS takes stop for it.
func (s *search) climb(path []*Certificate, anchors ...*Trustpoint) Verdict {
	tp := anchors[len(anchors)-1]
	if !tp.ChainContinue || tp.CA.selfIssued() {
		return s.judge(path, anchors)
	}
	var first *Verdict
	all := s.snapshot.all
	if tp.Name == TrustpoolName {
		all = s.snapshot.trustpool
	}
	for _, parent := range all {
		if parent.CA == nil || !parent.CA.Subject.Equal(tp.CA.Issuer) || tp.ChainParent != "" && parent.Name != tp.ChainParent {
			continue
		}
		if s.checks++; s.checks > maxChecks || len(path) >= maxDepth || slices.ContainsFunc(path, parent.CA.Equal) {
			continue
		}
		v := s.climb(append(slices.Clone(path), parent.CA), append(slices.Clone(anchors), parent)...)
		if v.OK {
			return v
		}
		if first == nil || len(first.Queries) == 0 && len(v.Queries) > 0 {
			first = &v
		}
	}
	if first != nil {
		return *first
	}
	above := "no trustpoint has"
	if tp.ChainParent != "" {
		above = "trustpoint " + tp.ChainParent + " has not"
	}
	return Verdict{Trustpoint: tp.Name, Code: NoTrustpoint, Reason: fmt.Sprintf("%s: chain-validation continues above trustpoint %s, and %s the certificate of %s",
		describe(tp.CA), tp.Name, above, tp.CA.Issuer)}.about(tp.CA)
}

// governing is the trustpoint that a certificate of a path is checked by for
// revocation: the lowest whose CA stands above it.
func governing(path []*Certificate, i int, anchors []*Trustpoint) *Trustpoint {
	for _, tp := range anchors {
		if slices.IndexFunc(path, tp.CA.Equal) > i {
			return tp
		}
	}
	return anchors[len(anchors)-1]
}
