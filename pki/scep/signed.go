package scep

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/pki"
)

// maxCertificates is how many certificates a message may carry.
const maxCertificates = 16

// An attribute is one that is signed, with a single value.
type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   cbasn1.Tag
	value []byte
}

// signData makes a SignedData of version 1 with one signer, whose certificate goes
// along:
//
//	SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo,
//	    certificates [0], signerInfos SET }
func signData(content []byte, attributes []attribute, id Identity, hash crypto.Hash) ([]byte, error) {
	h := hash.New()
	h.Write(content)
	attributes = append(slices.Clone(attributes), attribute{oidMessageDigest, cbasn1.OCTET_STRING, h.Sum(nil)})
	encoded := make([]string, 0, len(attributes)+1)
	encoded = append(encoded, encodeAttribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) }))
	for _, a := range attributes {
		encoded = append(encoded, encodeAttribute(a.oid, func(b *cryptobyte.Builder) {
			b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes(a.value) })
		}))
	}
	slices.Sort(encoded) // DER sorts a SET OF
	set := []byte(strings.Join(encoded, ""))
	h = hash.New()
	h.Write(appendHeader(nil, byte(cbasn1.SET), set))
	signature, err := id.Key.Sign(nil, h.Sum(nil), hash)
	if err != nil {
		return nil, errors.New("the key does not sign the request: it is too short")
	}
	var b cryptobyte.Builder
	addContentInfo(&b, oidSignedData, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, digestOID(hash)) })
			addContentInfo(b, oidData, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(id.Certificate.Raw()) })
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(1)
					addIssuerAndSerial(b, id.Certificate)
					addAlgorithm(b, digestOID(hash))
					b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(set) })
					addAlgorithm(b, oidRSA)
					b.AddASN1OctetString(signature)
				})
			})
		})
	})
	return b.Bytes()
}

func encodeAttribute(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) string {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
	return string(b.BytesOrPanic())
}

// signedData is a SignedData that was received. Nothing about it is verified.
type signedData struct {
	content      []byte
	certificates []*pki.Certificate
	crls         [][]byte
	signers      int // how many there are; the fields below are of the first
	signer       cryptobyte.String
	digest       asn1.ObjectIdentifier
	attributes   []byte // the SET's content, nil for none
	signature    []byte
}

// contentOf opens a ContentInfo of a kind and gives its SEQUENCE.
func contentOf(der []byte, kind asn1.ObjectIdentifier) (content cryptobyte.String, ok bool) {
	in := cryptobyte.String(der)
	var info, wrapped cryptobyte.String
	var oid asn1.ObjectIdentifier
	ok = in.ReadASN1(&info, cbasn1.SEQUENCE) && in.Empty() && info.ReadASN1ObjectIdentifier(&oid) && oid.Equal(kind) &&
		info.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) && wrapped.ReadASN1(&content, cbasn1.SEQUENCE)
	return content, ok
}

var errSignedData = errors.New("malformed SignedData")

// parseSigned reads a SignedData, also a degenerate one that has no signer.
func parseSigned(ber []byte) (*signedData, error) {
	der, err := toDER(ber)
	if err != nil {
		return nil, err
	}
	opened, err := openSigned(der)
	if err != nil {
		return nil, err
	}
	s := signedData{content: opened.content}
	if s.certificates, err = readCertificates(opened.certificates); err != nil {
		return nil, err
	}
	for crls := opened.crls; !crls.Empty(); {
		var crl cryptobyte.String
		if !crls.ReadASN1Element(&crl, cbasn1.SEQUENCE) || len(s.crls) == maxCertificates {
			return nil, errSignedData
		}
		s.crls = append(s.crls, crl)
	}
	return &s, s.readSigners(opened.signers)
}

// openedData is a SignedData with its lists as they came.
type openedData struct {
	content                     []byte
	certificates, crls, signers cryptobyte.String
}

func openSigned(der []byte) (s openedData, err error) {
	in, ok := contentOf(der, oidSignedData)
	if !ok {
		return s, errors.New("this is no SignedData")
	}
	var version int
	var info, wrapped cryptobyte.String
	var hasContent, hasCertificates, hasCRLs bool
	if !in.ReadASN1Integer(&version) || !in.SkipASN1(cbasn1.SET) || !in.ReadASN1(&info, cbasn1.SEQUENCE) ||
		!info.SkipASN1(cbasn1.OBJECT_IDENTIFIER) ||
		!info.ReadOptionalASN1(&wrapped, &hasContent, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!in.ReadOptionalASN1(&s.certificates, &hasCertificates, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!in.ReadOptionalASN1(&s.crls, &hasCRLs, cbasn1.Tag(1).Constructed().ContextSpecific()) ||
		!in.ReadASN1(&s.signers, cbasn1.SET) {
		return s, errSignedData
	}
	if hasContent && !wrapped.Empty() {
		if s.content, ok = joined(&wrapped, cbasn1.OCTET_STRING); !ok {
			return s, errSignedData
		}
	}
	return s, nil
}

func readCertificates(in cryptobyte.String) ([]*pki.Certificate, error) {
	var certs []*pki.Certificate
	for !in.Empty() {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !in.ReadAnyASN1Element(&element, &tag) {
			return nil, errSignedData
		}
		if tag != cbasn1.SEQUENCE { // attribute certificates and the like
			continue
		}
		if len(certs) == maxCertificates {
			return nil, fmt.Errorf("more than %d certificates", maxCertificates)
		}
		c, err := pki.ParseCertificate(element)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// readSigners reads the first SignerInfo ::= SEQUENCE { version, sid,
// digestAlgorithm, signedAttrs [0], signatureAlgorithm, signature }.
func (s *signedData) readSigners(in cryptobyte.String) error {
	for ; !in.Empty(); s.signers++ {
		var info, attributes cryptobyte.String
		if !in.ReadASN1(&info, cbasn1.SEQUENCE) {
			return errSignedData
		}
		if s.signers > 0 {
			continue
		}
		var version int
		var tag cbasn1.Tag
		var present bool
		var ok bool
		if !info.ReadASN1Integer(&version) || !info.ReadAnyASN1Element(&s.signer, &tag) {
			return errSignedData
		}
		if s.digest, _, ok = readAlgorithm(&info); !ok ||
			!info.ReadOptionalASN1(&attributes, &present, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
			!info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1((*cryptobyte.String)(&s.signature), cbasn1.OCTET_STRING) {
			return errSignedData
		}
		if present {
			s.attributes = attributes
		}
	}
	return nil
}

// isIssuerAndSerial says whether the content of an IssuerAndSerialNumber names the
// certificate.
func isIssuerAndSerial(in cryptobyte.String, c *pki.Certificate) bool {
	var issuer cryptobyte.String
	serial := new(big.Int)
	if !in.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !in.ReadASN1Integer(serial) {
		return false
	}
	name, err := pki.ParseName(issuer)
	return err == nil && name.Equal(c.Issuer) && serial.Cmp(c.X509.SerialNumber) == 0
}

// signedBy says whether the first signer is the holder of the certificate.
func (s *signedData) signedBy(c *pki.Certificate) bool {
	in := s.signer
	var id cryptobyte.String
	if in.PeekASN1Tag(cbasn1.SEQUENCE) {
		return in.ReadASN1(&id, cbasn1.SEQUENCE) && isIssuerAndSerial(id, c)
	}
	return in.ReadASN1(&id, cbasn1.Tag(0).ContextSpecific()) && len(c.X509.SubjectKeyId) > 0 && bytes.Equal(id, c.X509.SubjectKeyId)
}

// verify checks the signature with the signer's certificate, and that it is over
// the content.
func (s *signedData) verify(c *pki.Certificate, policy pki.Policy) error {
	var hash crypto.Hash
	for _, d := range digests {
		if d.oid.Equal(s.digest) {
			hash = d.hash
		}
	}
	switch {
	case hash == 0:
		return fmt.Errorf("signed with the hash %s, which is not known", s.digest)
	case hash == crypto.MD5 && policy.RefuseMD5, hash == crypto.SHA1 && policy.RefuseSHA1:
		return fmt.Errorf("signed with %v, which the policy refuses", hash)
	case s.attributes == nil:
		return errors.New("without signed attributes")
	}
	digest, ok := s.attribute(oidMessageDigest, cbasn1.OCTET_STRING)
	h := hash.New()
	h.Write(s.content)
	if !ok || subtle.ConstantTimeCompare(digest, h.Sum(nil)) != 1 {
		return errors.New("the signature is not over this content")
	}
	h = hash.New()
	h.Write(appendHeader(nil, byte(cbasn1.SET), s.attributes))
	switch pub := c.X509.PublicKey.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() > pki.MaxRSABits {
			return fmt.Errorf("signed with an RSA key of %d bits, at most %d are accepted", pub.N.BitLen(), pki.MaxRSABits)
		}
		ok = rsa.VerifyPKCS1v15(pub, hash, h.Sum(nil), s.signature) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(pub, h.Sum(nil), s.signature)
	default:
		ok = false
	}
	if !ok {
		return errors.New("the signature does not verify")
	}
	return nil
}

// maxAttributes bounds the search for one.
const maxAttributes = 32

// attribute is the value of a signed attribute that stands once, with one value of
// that tag.
func (s *signedData) attribute(oid asn1.ObjectIdentifier, tag cbasn1.Tag) (value []byte, ok bool) {
	in := cryptobyte.String(s.attributes)
	for i := 0; !in.Empty(); i++ {
		var a, set cryptobyte.String
		var is asn1.ObjectIdentifier
		if i == maxAttributes || !in.ReadASN1(&a, cbasn1.SEQUENCE) || !a.ReadASN1ObjectIdentifier(&is) || !a.ReadASN1(&set, cbasn1.SET) {
			return nil, false
		}
		if !is.Equal(oid) {
			continue
		}
		if ok || !set.ReadASN1((*cryptobyte.String)(&value), tag) || !set.Empty() {
			return nil, false
		}
		ok = true
	}
	return value, ok
}
