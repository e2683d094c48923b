package pki

import (
	"crypto"
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of an OCSP response.
const (
	MaxOCSPLen       = 64 << 10 // octets
	maxOCSPResponses = 64       // certificates that it is about
	maxOCSPCerts     = 8        // that it brings
)

// NonceLen is the length of our nonces in octets. RFC 9654 section 2.1: "An OCSP
// client that implements the extension in this document MUST use a minimum length of
// 32 octets for Nonce octets in the Nonce extension".
const NonceLen = 32

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// ocspRequest asks about one certificate (RFC 6960 section 4.1.1), by SHA-1 as every
// responder understands it; a nonce of nil is left out.
func ocspRequest(c, issuer *Certificate, nonce []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					certIDOf(c, issuer, crypto.SHA1, oidSHA1).append(b)
				})
			})
			if nonce == nil {
				return
			}
			b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidOCSPNonce)
						b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
					})
				})
			})
		})
	})
	return b.BytesOrPanic()
}

// certID names a certificate to a responder.
type certID struct {
	hash      asn1.ObjectIdentifier
	name, key string // hashes of the issuer's
	serial    *big.Int
}

func certIDOf(c, issuer *Certificate, hash crypto.Hash, oid asn1.ObjectIdentifier) certID {
	h := func(data []byte) string {
		h := hash.New()
		h.Write(data)
		return string(h.Sum(nil))
	}
	return certID{oid, h(c.X509.RawIssuer), h(publicKeyBits(issuer)), c.X509.SerialNumber}
}

// publicKeyBits are those of subjectPublicKey: "the tag, length, and number of unused
// bits" of the BIT STRING are left out (RFC 6960 section 4.1.1).
func publicKeyBits(c *Certificate) (bits []byte) {
	der := cryptobyte.String(c.X509.RawSubjectPublicKeyInfo)
	var info, algorithm cryptobyte.String
	if !der.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil // no key of such a certificate was ever parsed
	}
	return bits
}

func (id certID) append(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(id.hash)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString([]byte(id.name))
		b.AddASN1OctetString([]byte(id.key))
		b.AddASN1BigInt(id.serial)
	})
}

// about says whether the ID is the certificate's.
func (id certID) about(c, issuer *Certificate) bool {
	hash := crypto.SHA1
	switch {
	case id.hash.Equal(oidSHA256):
		hash = crypto.SHA256
	case !id.hash.Equal(oidSHA1):
		return false
	}
	want := certIDOf(c, issuer, hash, id.hash)
	return id.name == want.name && id.key == want.key && id.serial.Cmp(want.serial) == 0
}

// ocspStatus is what a responder says of a certificate, from good to bad.
type ocspStatus uint8

const (
	ocspGood ocspStatus = iota
	ocspUnknown
	ocspRevoked
)

// OCSPResponse is a parsed answer of a responder. Nothing about it is verified.
type OCSPResponse struct {
	signed   signed
	byName   Name   // of the responder, or
	byKey    []byte // the SHA-1 of its key
	nonce    []byte // nil: none
	singles  []ocspSingle
	certs    []*Certificate
	unusable string // why it answers nothing: an unknown critical extension
}

type ocspSingle struct {
	id         certID
	status     ocspStatus
	revoked    time.Time
	thisUpdate time.Time
	nextUpdate time.Time // zero: none
}

// ocspErrors are the words of OCSPResponseStatus (RFC 6960 section 4.2.1).
var ocspErrors = map[int]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}

// ParseOCSP parses a DER OCSPResponse. One that is itself an error is an error.
func ParseOCSP(der []byte) (*OCSPResponse, error) {
	if len(der) > MaxOCSPLen {
		return nil, fmt.Errorf("OCSP response of %d octets, at most %d are accepted", len(der), MaxOCSPLen)
	}
	in := cryptobyte.String(slices.Clone(der))
	var response, wrapped, octets, basic cryptobyte.String
	var status int
	var kind asn1.ObjectIdentifier
	if !in.ReadASN1(&response, cbasn1.SEQUENCE) || !in.Empty() || !response.ReadASN1Enum(&status) {
		return nil, errors.New("not an OCSP response" + page(der))
	}
	if status != 0 {
		word, ok := ocspErrors[status]
		if !ok {
			word = fmt.Sprintf("status %d", status)
		}
		return nil, fmt.Errorf("the responder answers %s", word)
	}
	if !response.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) || !response.Empty() ||
		!wrapped.ReadASN1(&octets, cbasn1.SEQUENCE) || !wrapped.Empty() ||
		!octets.ReadASN1ObjectIdentifier(&kind) || !octets.ReadASN1(&basic, cbasn1.OCTET_STRING) || !octets.Empty() {
		return nil, errors.New("malformed OCSP response")
	}
	if !kind.Equal(oidOCSPBasic) {
		return nil, fmt.Errorf("OCSP response of type %s", kind)
	}
	r := &OCSPResponse{}
	if err := r.readBasic(basic); err != nil {
		return nil, fmt.Errorf("OCSP response: %w", err)
	}
	return r, nil
}

// page is what to say of an answer that is for people.
func page(data []byte) string {
	if len(data) > 0 && data[0] == '<' {
		return ": the server answers with a page"
	}
	return ""
}

// readBasic reads a BasicOCSPResponse.
func (r *OCSPResponse) readBasic(basic cryptobyte.String) error {
	var seq, tbs, algorithm, wrapped cryptobyte.String
	var certs bool
	if !basic.ReadASN1(&seq, cbasn1.SEQUENCE) || !basic.Empty() ||
		!seq.ReadASN1Element(&tbs, cbasn1.SEQUENCE) || !seq.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!seq.ReadASN1BitStringAsBytes(&r.signed.signature) ||
		!seq.ReadOptionalASN1(&wrapped, &certs, cbasn1.Tag(0).Constructed().ContextSpecific()) || !seq.Empty() {
		return errors.New("not a signed structure")
	}
	r.signed.tbs, r.signed.algorithm = tbs, algorithm
	if certs {
		if err := r.readCerts(wrapped); err != nil {
			return err
		}
	}
	return r.readData(tbs)
}

func (r *OCSPResponse) readCerts(wrapped cryptobyte.String) error {
	var list cryptobyte.String
	if !wrapped.ReadASN1(&list, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return errors.New("malformed certificates")
	}
	for !list.Empty() {
		var der cryptobyte.String
		if len(r.certs) == maxOCSPCerts {
			return fmt.Errorf("more than %d certificates", maxOCSPCerts)
		}
		if !list.ReadASN1Element(&der, cbasn1.SEQUENCE) {
			return errors.New("malformed certificates")
		}
		c, err := ParseCertificate(der)
		if err != nil {
			return err
		}
		r.certs = append(r.certs, c)
	}
	return nil
}

// readData reads a ResponseData.
func (r *OCSPResponse) readData(der cryptobyte.String) error {
	var data, version, responder, list, extensions cryptobyte.String
	var given, present bool
	number := 0
	var tag cbasn1.Tag
	var produced time.Time
	switch {
	case !der.ReadASN1(&data, cbasn1.SEQUENCE),
		!data.ReadOptionalASN1(&version, &given, cbasn1.Tag(0).Constructed().ContextSpecific()),
		given && (!version.ReadASN1Integer(&number) || !version.Empty()),
		!data.ReadAnyASN1(&responder, &tag):
		return errors.New("malformed response data")
	case number != 0:
		return errors.New("not version 1")
	}
	if err := r.readResponder(responder, tag); err != nil {
		return err
	}
	if !data.ReadASN1GeneralizedTime(&produced) || !data.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!data.ReadOptionalASN1(&extensions, &present, cbasn1.Tag(1).Constructed().ContextSpecific()) || !data.Empty() {
		return errors.New("malformed response data")
	}
	for !list.Empty() {
		if len(r.singles) == maxOCSPResponses {
			return fmt.Errorf("about more than %d certificates", maxOCSPResponses)
		}
		if err := r.readSingle(&list); err != nil {
			return err
		}
	}
	if !present {
		return nil
	}
	if err := readExtensions(&extensions, r.extension); err != nil {
		return err
	}
	if !extensions.Empty() {
		return errors.New("malformed extensions")
	}
	return nil
}

// readResponder reads the CHOICE of byName and byKey.
func (r *OCSPResponse) readResponder(body cryptobyte.String, tag cbasn1.Tag) (err error) {
	var key cryptobyte.String
	switch tag {
	case cbasn1.Tag(1).Constructed().ContextSpecific():
		r.byName, err = ParseName(body)
		return err
	case cbasn1.Tag(2).Constructed().ContextSpecific():
		if !body.ReadASN1(&key, cbasn1.OCTET_STRING) || !body.Empty() || len(key) != sha1.Size {
			return errors.New("malformed hash of the responder's key")
		}
		r.byKey = key
		return nil
	}
	return errors.New("no responder")
}

func (r *OCSPResponse) extension(oid asn1.ObjectIdentifier, critical bool, value []byte) error {
	switch {
	case oid.Equal(oidOCSPNonce):
		v := cryptobyte.String(value)
		var nonce cryptobyte.String
		if !v.ReadASN1(&nonce, cbasn1.OCTET_STRING) || !v.Empty() {
			return errors.New("malformed nonce")
		}
		r.nonce = nonce
	case critical:
		r.unusable = fmt.Sprintf("it has an unknown critical extension %s", oid)
	}
	return nil
}

// readSingle reads a SingleResponse.
func (r *OCSPResponse) readSingle(list *cryptobyte.String) error {
	malformed := errors.New("malformed response about a certificate")
	var seq, id, algorithm, name, key, status, next, extensions cryptobyte.String
	var tag cbasn1.Tag
	var hasNext, present bool
	s := ocspSingle{id: certID{serial: new(big.Int)}}
	if !list.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1(&id, cbasn1.SEQUENCE) ||
		!id.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&s.id.hash) ||
		!id.ReadASN1(&name, cbasn1.OCTET_STRING) || !id.ReadASN1(&key, cbasn1.OCTET_STRING) ||
		!id.ReadASN1Integer(s.id.serial) || !id.Empty() ||
		!seq.ReadAnyASN1(&status, &tag) || !seq.ReadASN1GeneralizedTime(&s.thisUpdate) ||
		!seq.ReadOptionalASN1(&next, &hasNext, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		hasNext && (!next.ReadASN1GeneralizedTime(&s.nextUpdate) || !next.Empty()) ||
		!seq.ReadOptionalASN1(&extensions, &present, cbasn1.Tag(1).Constructed().ContextSpecific()) || !seq.Empty() {
		return malformed
	}
	s.id.name, s.id.key = string(name), string(key)
	switch tag {
	case cbasn1.Tag(0).ContextSpecific():
		s.status = ocspGood
	case cbasn1.Tag(1).Constructed().ContextSpecific():
		if s.status = ocspRevoked; !status.ReadASN1GeneralizedTime(&s.revoked) {
			return malformed
		}
	case cbasn1.Tag(2).ContextSpecific():
		s.status = ocspUnknown
	default:
		return malformed
	}
	if present {
		err := readExtensions(&extensions, func(oid asn1.ObjectIdentifier, critical bool, _ []byte) error {
			if critical {
				r.unusable = fmt.Sprintf("a response has a critical extension %s", oid)
			}
			return nil
		})
		if err != nil || !extensions.Empty() {
			return malformed
		}
	}
	r.singles = append(r.singles, s)
	return nil
}
