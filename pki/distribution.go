package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxPointNames are the names that a distribution point may have. AD CS gives two.
const maxPointNames = 32

var oidCRLDistributionPoints = asn1.ObjectIdentifier{2, 5, 29, 31}

// scope is the issuing distribution point of a CRL, which says about which of its
// issuer's certificates the list is. The zero value: about all.
type scope struct {
	raw   []byte // the extension's value
	names []pointName
	named []string // likewise, as people read them
	users bool     // onlyContainsUserCerts
	cas   bool     // onlyContainsCACerts
}

// pointName is a GeneralName of a distribution point, in the form in which names are
// equal that mean the same.
type pointName struct {
	tag   cbasn1.Tag
	value string
}

// Forms of names that distribution points have.
var (
	directoryName = cbasn1.Tag(4).Constructed().ContextSpecific()
	uriName       = cbasn1.Tag(6).ContextSpecific()
)

// readScope reads
//
//	IssuingDistributionPoint ::= SEQUENCE {
//	  distributionPoint [0] DistributionPointName OPTIONAL,
//	  onlyContainsUserCerts [1], onlyContainsCACerts [2] BOOLEAN DEFAULT FALSE,
//	  onlySomeReasons [3] ReasonFlags OPTIONAL,
//	  indirectCRL [4], onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
//
// of RFC 5280 section 5.2.5. unusable says why such a list answers nothing here.
func readScope(value []byte) (s scope, unusable string, err error) {
	malformed := errors.New("malformed issuing distribution point")
	in := cryptobyte.String(value)
	var seq, point, reasons cryptobyte.String
	var named, some, indirect, attributes bool
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadOptionalASN1(&point, &named, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!readFlag(&seq, 1, &s.users) || !readFlag(&seq, 2, &s.cas) ||
		!seq.ReadOptionalASN1(&reasons, &some, cbasn1.Tag(3).ContextSpecific()) ||
		!readFlag(&seq, 4, &indirect) || !readFlag(&seq, 5, &attributes) || !seq.Empty() {
		return s, "", malformed
	}
	s.raw = value
	var relative bool
	if named {
		if s.names, s.named, relative, err = readPoint(point); err != nil {
			return s, "", err
		}
	}
	switch {
	case indirect:
		unusable = "it is an indirect CRL"
	case some:
		unusable = "it is about some reasons of revocation only"
	case attributes:
		unusable = "it is about attribute certificates"
	case relative:
		unusable = "it names its distribution point relative to its issuer"
	}
	return s, unusable, nil
}

// readFlag reads a BOOLEAN DEFAULT FALSE with a tag of its own.
func readFlag(s *cryptobyte.String, tag uint8, flag *bool) bool {
	var b cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&b, &present, cbasn1.Tag(tag).ContextSpecific()) {
		return false
	}
	*flag = present && len(b) == 1 && b[0] == 0xff
	return !present || len(b) == 1 && (b[0] == 0 || b[0] == 0xff)
}

// readPoint reads a DistributionPointName: a full name, or one relative to the issuer,
// of which RFC 5280 section 4.2.1.13 says that CAs SHOULD NOT use it.
func readPoint(point cryptobyte.String) (names []pointName, texts []string, relative bool, err error) {
	var list cryptobyte.String
	if point.PeekASN1Tag(cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return nil, nil, true, nil
	}
	if !point.ReadASN1(&list, cbasn1.Tag(0).Constructed().ContextSpecific()) || !point.Empty() {
		return nil, nil, false, errors.New("malformed name of a distribution point")
	}
	for !list.Empty() {
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !list.ReadAnyASN1(&value, &tag) {
			return nil, nil, false, errors.New("malformed name of a distribution point")
		}
		if len(names) == maxPointNames {
			return nil, nil, false, fmt.Errorf("a distribution point with more than %d names", maxPointNames)
		}
		name, text := pointName{tag, string(value)}, printable(string(value))
		if tag == directoryName {
			dn, err := ParseName(value)
			if err != nil {
				return nil, nil, false, err
			}
			name.value, text = dn.Canonical(), dn.String()
		}
		names, texts = append(names, name), append(texts, text)
	}
	return names, texts, false, nil
}

// pointNames are the names under which a certificate says that its CRL is. A point with
// a cRLIssuer is another's; what does not parse names nothing.
func pointNames(c *Certificate) (all []pointName) {
	i := slices.IndexFunc(c.X509.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidCRLDistributionPoints) })
	if i < 0 {
		return nil
	}
	in := cryptobyte.String(c.X509.Extensions[i].Value)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil
	}
	for !list.Empty() {
		var entry, point, reasons cryptobyte.String
		var named bool
		if !list.ReadASN1(&entry, cbasn1.SEQUENCE) ||
			!entry.ReadOptionalASN1(&point, &named, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
			!entry.ReadOptionalASN1(&reasons, nil, cbasn1.Tag(1).ContextSpecific()) {
			return all
		}
		if named && entry.Empty() {
			names, _, _, err := readPoint(point)
			if err != nil {
				return all
			}
			all = append(all, names...)
		}
	}
	return all
}

// pointsOf are the names under which the list about a certificate may be: those of its
// distribution points, those where the operator says that it is, and, as a list that no
// distribution point gave counts as one of "a distribution point name of the certificate
// issuer" (RFC 5280 section 6.3.3), the issuer's.
func pointsOf(c *Certificate, urls ...string) []pointName {
	points := append(pointNames(c), pointName{directoryName, c.Issuer.Canonical()})
	for _, u := range urls {
		if u != "" {
			points = append(points, pointName{uriName, u})
		}
	}
	return points
}

// leavesOut says whether a list is not about a certificate with such points (RFC 5280
// section 6.3.3 (b) (2)).
func (s *scope) leavesOut(c *Certificate, points []pointName) bool {
	ca := c.X509.BasicConstraintsValid && c.X509.IsCA
	return s.users && ca || s.cas && !ca || len(s.names) > 0 &&
		!slices.ContainsFunc(s.names, func(n pointName) bool { return slices.Contains(points, n) })
}

// String says what the list is about.
func (s *scope) String() string {
	about := "certificates"
	switch {
	case s.users:
		about += " of users only"
	case s.cas:
		about += " of CAs only"
	}
	for i, name := range s.named {
		if i == 0 {
			about += " with the distribution point "
		} else {
			about += ", "
		}
		about += name
	}
	return about
}
