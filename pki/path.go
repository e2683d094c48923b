package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// judge applies RFC 5280 section 6.1 to a complete path, leaf first and anchor
// last, from the anchor down: so the highest fault is the one that is told. The
// first of anchors is the trustpoint that the peer stands under.
func (s *search) judge(path []*Certificate, anchors []*Trustpoint) Verdict {
	v := Verdict{Trustpoint: anchors[0].Name}
	refused := func(c *Certificate, r *refusal) Verdict {
		v.Code, v.Reason = r.code, describe(c)+": "+r.reason
		return v.about(c)
	}
	var signed []knownCertificate
	var names constraints
	for i := len(path) - 1; i >= 0; i-- {
		c, tp := path[i], governing(path, i, anchors)
		r := s.validity(c, tp)
		if r == nil {
			r = checkExtensions(c)
		}
		if r == nil {
			r = checkKey(c.X509.PublicKey, s.snapshot.policy)
		}
		if r == nil && i > 0 {
			r = checkIssuer(path, i)
		}
		if r == nil && i == 0 {
			r = checkLeaf(c, tp)
		}
		if r == nil && i < len(path)-1 { // the anchor is trusted by being there
			var note string
			note, r = s.snapshot.signature(c, path[i+1])
			signed = append(signed, knownCertificate{c, path[i+1], note})
			if note != "" {
				v.Notes = append(v.Notes, describe(c)+" is "+note)
			}
		}
		if r == nil {
			r = names.check(c, i == 0)
		}
		if r != nil {
			return refused(c, r)
		}
	}
	// Servers are asked about chains that are trusted already: who named the URL is
	// known. The first refusal is told that no server could change, else the first.
	var first *Verdict
	for i := len(path) - 2; i >= 0; i-- {
		note, ask, r := s.revocation(path[i:], governing(path, i, anchors))
		if note != "" {
			v.Notes = append(v.Notes, note)
		}
		if ask != nil {
			v.Queries = append(v.Queries, *ask)
		}
		switch {
		case r != nil && ask == nil:
			v.Queries = nil
			return refused(path[i], r)
		case r != nil && first == nil:
			f := refused(path[i], r)
			first = &f
		}
	}
	if first != nil {
		first.Queries = v.Queries
		return *first
	}
	for _, c := range signed {
		s.snapshot.known.keep(c)
	}
	v.OK, v.Code, v.Path = true, VerdictOK, path
	v.Reason = fmt.Sprintf("%s stands under trustpoint %s", describe(path[0]), v.Trustpoint)
	return v.about(path[0])
}

func (s *search) validity(c *Certificate, tp *Trustpoint) *refusal {
	switch x := c.X509; {
	case s.now.Before(x.NotBefore):
		return refuse(NotYetValid, "not yet valid, validity period starts on %s", utc(x.NotBefore))
	case s.now.After(x.NotAfter) && !tp.allowsExpired(c):
		return refuse(Expired, "expired, validity period ended on %s", utc(x.NotAfter))
	}
	return nil
}

// understood are the extensions that may be critical: those that are checked,
// and those that only inform. Policy constraints are not processed, so a critical
// one refuses the certificate, as RFC 5280 section 4.2 demands.
var understood = []asn1.ObjectIdentifier{
	{2, 5, 29, 14}, // subject key identifier
	{2, 5, 29, 15}, // key usage
	{2, 5, 29, 17}, // subject alternative name
	{2, 5, 29, 18}, // issuer alternative name
	{2, 5, 29, 19}, // basic constraints
	{2, 5, 29, 30}, // name constraints
	{2, 5, 29, 31}, // CRL distribution points
	{2, 5, 29, 32}, // certificate policies: any policy will do
	{2, 5, 29, 35}, // authority key identifier
	{2, 5, 29, 37}, // extended key usage
}

func checkExtensions(c *Certificate) *refusal {
	for _, e := range c.X509.Extensions {
		if e.Critical && !slices.ContainsFunc(understood, e.Id.Equal) {
			return refuse(CriticalExtension, "critical extension %s is not understood", e.Id)
		}
	}
	return nil
}

// checkIssuer checks that path[i] may issue path[i-1].
func checkIssuer(path []*Certificate, i int) *refusal {
	c := path[i]
	anchor := i == len(path)-1
	switch x := c.X509; {
	// "If certificate i is a version 1 or version 2 certificate, then the
	// application MUST either verify that certificate i is a CA certificate
	// through out-of-band means or reject the certificate" (RFC 5280 section
	// 6.1.4 (k)): the operator has put the anchor into the trustpoint.
	case x.Version < 3 && !anchor:
		return refuse(NotCA, "a version %d certificate below the trustpoint's CA may not issue", x.Version)
	case x.Version >= 3 && !(x.BasicConstraintsValid && x.IsCA):
		return refuse(NotCA, "its basic constraints do not make it a CA")
	case !permits(c, x509.KeyUsageCertSign):
		return refuse(KeyUsage, "its key usage does not permit signing certificates")
	}
	below := 0 // "non-self-issued intermediate certificates that may follow"
	for _, b := range path[1:i] {
		if !b.selfIssued() {
			below++
		}
	}
	if most := pathLen(c.X509); most >= 0 && below > most {
		return refuse(PathLength, "its path length constraint permits %d CAs below it, there are %d", most, below)
	}
	return nil
}

// pathLen is the path length constraint, -1 for none.
func pathLen(x *x509.Certificate) int {
	if !x.BasicConstraintsValid || x.MaxPathLen == 0 && !x.MaxPathLenZero {
		return -1
	}
	return x.MaxPathLen
}

// permits says whether a key usage, where there is one, has any of the bits.
func permits(c *Certificate, bits x509.KeyUsage) bool {
	keyUsage := asn1.ObjectIdentifier{2, 5, 29, 15}
	return c.X509.KeyUsage&bits != 0 ||
		!slices.ContainsFunc(c.X509.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(keyUsage) })
}
