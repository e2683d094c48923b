package pki

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxCRLLen is the size limit of a CRL in octets.
const MaxCRLLen = 8 << 20

// CRL is a parsed certificate revocation list. Nothing about it is verified.
type CRL struct {
	Raw        []byte
	Issuer     Name
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent
	Number     *big.Int  // CRL number, nil when absent
	// Unusable says why the list answers nothing even if it is genuine: a
	// delta or indirect CRL, an unknown critical extension. "" otherwise.
	Unusable string

	scope   scope
	signed  signed
	revoked []revocation // sorted by serial
}

type revocation struct {
	serial string // content octets of the INTEGER
	at     time.Time
}

// Extensions of CRLs that say which certificates a list is about.
var (
	oidCRLNumber         = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidDeltaCRLIndicator = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidIssuingDistPoint  = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// ParseCRL parses a DER CRL of version 1, which IOS's own CA makes, or 2. The
// standard library parses version 2 only.
//
//	TBSCertList ::= SEQUENCE { version INTEGER OPTIONAL, signature, issuer Name,
//	  thisUpdate Time, nextUpdate Time OPTIONAL, revokedCertificates OPTIONAL,
//	  [0] Extensions OPTIONAL }                        (RFC 5280 section 5.1)
func ParseCRL(der []byte) (*CRL, error) {
	c, err := parseCRL(der)
	if err != nil {
		return nil, fmt.Errorf("CRL: %w", err)
	}
	return c, nil
}

func parseCRL(der []byte) (*CRL, error) {
	if len(der) > MaxCRLLen {
		return nil, fmt.Errorf("%d octets, at most %d are accepted", len(der), MaxCRLLen)
	}
	c := &CRL{Raw: slices.Clone(der)}
	var err error
	if c.signed, err = parseSigned(c.Raw); err != nil {
		return nil, err
	}
	in := cryptobyte.String(c.signed.tbs)
	var tbs, alg, issuer cryptobyte.String
	if !in.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return nil, errors.New("malformed list")
	}
	version := 0
	if tbs.PeekASN1Tag(cbasn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1) {
		return nil, errors.New("neither version 1 nor 2")
	}
	if !tbs.ReadASN1Element(&alg, cbasn1.SEQUENCE) || !slices.Equal(alg, c.signed.algorithm) {
		return nil, errors.New("inner and outer signature algorithm differ")
	}
	if !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return nil, errors.New("malformed issuer")
	}
	if c.Issuer, err = ParseName(issuer); err != nil {
		return nil, err
	}
	if c.ThisUpdate, err = readTime(&tbs); err != nil {
		return nil, fmt.Errorf("thisUpdate: %w", err)
	}
	if tbs.PeekASN1Tag(cbasn1.UTCTime) || tbs.PeekASN1Tag(cbasn1.GeneralizedTime) {
		if c.NextUpdate, err = readTime(&tbs); err != nil {
			return nil, fmt.Errorf("nextUpdate: %w", err)
		}
	}
	if tbs.PeekASN1Tag(cbasn1.SEQUENCE) {
		if err := c.readRevoked(&tbs); err != nil {
			return nil, err
		}
	}
	var wrapped cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&wrapped, &present, cbasn1.Tag(0).Constructed().ContextSpecific()) || !tbs.Empty() {
		return nil, errors.New("malformed end of the list")
	}
	if present {
		if version != 1 {
			return nil, errors.New("extensions in a version 1 list")
		}
		if err := readExtensions(&wrapped, c.extension); err != nil {
			return nil, err
		}
		if !wrapped.Empty() {
			return nil, errors.New("malformed extensions")
		}
	}
	return c, nil
}

// extension takes one extension of the list into account. RFC 5280 section
// 5.2: "If a CRL contains a critical extension that the application cannot
// process, then the application MUST NOT use that CRL to determine the status
// of certificates."
func (c *CRL) extension(oid asn1.ObjectIdentifier, critical bool, value []byte) error {
	switch {
	case oid.Equal(oidDeltaCRLIndicator):
		c.Unusable = "it is a delta CRL"
	case oid.Equal(oidIssuingDistPoint):
		if c.scope.raw != nil { // or the second would widen the first
			return errors.New("more than one issuing distribution point")
		}
		var err error
		var why string
		if c.scope, why, err = readScope(value); err != nil {
			return err
		}
		c.Unusable = cmp.Or(c.Unusable, why)
	case oid.Equal(oidCRLNumber):
		v := cryptobyte.String(value)
		c.Number = new(big.Int)
		if !v.ReadASN1Integer(c.Number) || !v.Empty() {
			return errors.New("malformed CRL number")
		}
	case critical:
		c.Unusable = fmt.Sprintf("it has an unknown critical extension %s", oid)
	}
	return nil
}

// readRevoked reads the entries and sorts them.
func (c *CRL) readRevoked(tbs *cryptobyte.String) error {
	var list cryptobyte.String
	if !tbs.ReadASN1(&list, cbasn1.SEQUENCE) {
		return errors.New("malformed list of revoked certificates")
	}
	for !list.Empty() {
		var entry, serial cryptobyte.String
		if !list.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1(&serial, cbasn1.INTEGER) || serial.Empty() {
			return errors.New("malformed entry")
		}
		at, err := readTime(&entry)
		if err != nil {
			return fmt.Errorf("revocation date: %w", err)
		}
		if !entry.Empty() {
			err := readExtensions(&entry, func(oid asn1.ObjectIdentifier, critical bool, _ []byte) error {
				if critical {
					c.Unusable = fmt.Sprintf("an entry has a critical extension %s", oid)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if !entry.Empty() {
				return errors.New("malformed entry")
			}
		}
		c.revoked = append(c.revoked, revocation{string(serial), at})
	}
	slices.SortStableFunc(c.revoked, func(a, b revocation) int { return strings.Compare(a.serial, b.serial) })
	return nil
}

// readTime reads the CHOICE of UTCTime and GeneralizedTime.
func readTime(s *cryptobyte.String) (t time.Time, err error) {
	if s.PeekASN1Tag(cbasn1.UTCTime) && s.ReadASN1UTCTime(&t) || s.ReadASN1GeneralizedTime(&t) {
		return t.UTC(), nil
	}
	return t, errors.New("malformed time")
}

// readExtensions calls f for each of a SEQUENCE OF Extension.
func readExtensions(s *cryptobyte.String, f func(oid asn1.ObjectIdentifier, critical bool, value []byte) error) error {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) {
		return errors.New("malformed extensions")
	}
	for !seq.Empty() {
		var ext, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		critical := false
		if !seq.ReadASN1(&ext, cbasn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&oid) ||
			ext.PeekASN1Tag(cbasn1.BOOLEAN) && !ext.ReadASN1Boolean(&critical) ||
			!ext.ReadASN1(&value, cbasn1.OCTET_STRING) || !ext.Empty() {
			return errors.New("malformed extension")
		}
		if err := f(oid, critical, value); err != nil {
			return err
		}
	}
	return nil
}

// Replaces says whether both are about the same certificates of the same issuer, so
// that the newer one counts.
func (c *CRL) Replaces(d *CRL) bool {
	return c.Issuer.Equal(d.Issuer) && bytes.Equal(c.scope.raw, d.scope.raw)
}

// Scope is the value of the issuing distribution point; nil: the list is about all
// certificates of its issuer.
func (c *CRL) Scope() []byte { return c.scope.raw }

// Len is the number of revoked certificates.
func (c *CRL) Len() int { return len(c.revoked) }

// Revoked says whether the list holds the serial number, and since when.
func (c *CRL) Revoked(serial *big.Int) (since time.Time, ok bool) {
	var b cryptobyte.Builder
	b.AddASN1BigInt(serial)
	der := cryptobyte.String(b.BytesOrPanic())
	var want cryptobyte.String
	der.ReadASN1(&want, cbasn1.INTEGER)
	i, ok := slices.BinarySearchFunc(c.revoked, string(want), func(r revocation, w string) int {
		return strings.Compare(r.serial, w)
	})
	if !ok {
		return time.Time{}, false
	}
	return c.revoked[i].at, true
}

// SignedBy checks that the CA certificate issued this list: name, key usage and
// signature. Time does not matter here.
func (c *CRL) SignedBy(ca *Certificate, policy Policy) error {
	if r := c.signedBy(ca, policy); r != nil {
		return errors.New(r.reason)
	}
	return nil
}

func (c *CRL) signedBy(ca *Certificate, policy Policy) *refusal {
	if !c.Issuer.Equal(ca.Subject) {
		return refuse(NoCRL, "it is the CRL of %s", c.Issuer)
	}
	if !permits(ca, x509.KeyUsageCRLSign) {
		return refuse(NoCRL, "the key usage of %s does not permit signing CRLs", ca.Subject)
	}
	_, r := c.signed.verify(ca.X509.PublicKey, policy)
	return r
}

// AnswersFor says why the list answers nothing about certificates of such CAs at a time,
// nil when it does.
func (c *CRL) AnswersFor(cas []*Certificate, policy Policy, now time.Time) error {
	unsigned := errors.New("it is of none of the CAs here")
	for _, ca := range cas {
		if !c.Issuer.Equal(ca.Subject) {
			continue
		}
		if unsigned = c.SignedBy(ca, policy); unsigned == nil {
			break
		}
	}
	if unsigned != nil {
		return unsigned
	}
	if r := c.unfit(now); r != nil {
		return errors.New(r.reason)
	}
	return nil
}

// unfit says why the list answers nothing now, whoever signed it; nil when it
// does.
func (c *CRL) unfit(now time.Time) *refusal {
	switch {
	case c.Unusable != "":
		return refuse(NoCRL, "%s", c.Unusable)
	case now.Before(c.ThisUpdate):
		return refuse(NoCRL, "it is valid from %s only", utc(c.ThisUpdate))
	case c.NextUpdate.IsZero():
		return refuse(NoCRL, "it has no next update")
	case !now.Before(c.NextUpdate):
		return refuse(NoCRL, "it was to be renewed by %s", utc(c.NextUpdate))
	}
	return nil
}

func utc(t time.Time) string { return t.UTC().Format("15:04:05 UTC Jan 2 2006") }
