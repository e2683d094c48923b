package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" // signatures of old CAs
	"crypto/rsa"
	_ "crypto/sha1"   // likewise
	_ "crypto/sha256" // SHA-224, SHA-256
	_ "crypto/sha512" // SHA-384, SHA-512
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/internal/suite"
)

// MaxRSABits is the largest RSA modulus that is worked with: the peer chooses
// how long we compute.
const MaxRSABits = 8192

// defaultMinRSABits applies when the policy does not say.
const defaultMinRSABits = 512

// signed is what certificates and CRLs have in common:
//
//	SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }
type signed struct {
	tbs       []byte // with its header
	algorithm []byte // AlgorithmIdentifier, with its header
	signature []byte
}

func parseSigned(der []byte) (signed, error) {
	in := cryptobyte.String(der)
	var seq, tbs, alg cryptobyte.String
	var s signed
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!seq.ReadASN1Element(&alg, cbasn1.SEQUENCE) ||
		!seq.ReadASN1BitStringAsBytes(&s.signature) || !seq.Empty() {
		return signed{}, errors.New("not a signed DER structure")
	}
	s.tbs, s.algorithm = tbs, alg
	return s, nil
}

// signatureAlgorithms are the ones whose signatures are verified. The standard
// library refuses MD5 always and SHA-1 since Go 1.24, so the CAs of old IOS
// would be refused with it.
var signatureAlgorithms = []struct {
	oid  asn1.ObjectIdentifier
	name string
	hash crypto.Hash
	rsa  bool // else ECDSA
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, "MD5 with RSA", crypto.MD5, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, "SHA1 with RSA", crypto.SHA1, true},
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 29}, "SHA1 with RSA", crypto.SHA1, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}, "SHA224 with RSA", crypto.SHA224, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, "SHA256 with RSA", crypto.SHA256, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, "SHA384 with RSA", crypto.SHA384, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, "SHA512 with RSA", crypto.SHA512, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, "SHA1 with ECDSA", crypto.SHA1, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, "SHA256 with ECDSA", crypto.SHA256, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, "SHA384 with ECDSA", crypto.SHA384, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, "SHA512 with ECDSA", crypto.SHA512, false},
}

// A refusal is why something was not accepted.
type refusal struct {
	code   VerdictCode
	reason string
}

func refuse(code VerdictCode, format string, args ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// verify checks the signature with the issuer's public key. The note tells
// about a weak hash that the policy accepts.
func (s signed) verify(pub crypto.PublicKey, policy Policy) (note string, _ *refusal) {
	alg := cryptobyte.String(s.algorithm)
	var seq cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !alg.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return "", refuse(BadSignature, "malformed signature algorithm")
	}
	for _, a := range signatureAlgorithms {
		if !a.oid.Equal(oid) {
			continue
		}
		switch {
		case a.hash == crypto.MD5 && policy.RefuseMD5, a.hash == crypto.SHA1 && policy.RefuseSHA1:
			return "", refuse(WeakHash, "signed with %s, which the policy refuses", a.name)
		case a.hash == crypto.MD5, a.hash == crypto.SHA1:
			note = "signed with " + a.name
		}
		h := a.hash.New()
		h.Write(s.tbs)
		digest := h.Sum(nil)
		switch pub := pub.(type) {
		case *rsa.PublicKey:
			if !a.rsa {
				return "", refuse(BadSignature, "signed with %s, but the issuer's key is RSA", a.name)
			}
			if r := checkKey(pub, policy); r != nil {
				return "", r
			}
			if err := rsa.VerifyPKCS1v15(pub, a.hash, digest, s.signature); err != nil {
				return "", refuse(BadSignature, "the issuer's key does not verify its signature")
			}
		case *ecdsa.PublicKey:
			if a.rsa {
				return "", refuse(BadSignature, "signed with %s, but the issuer's key is EC", a.name)
			}
			if !ecdsa.VerifyASN1(pub, digest, s.signature) {
				return "", refuse(BadSignature, "the issuer's key does not verify its signature")
			}
		default:
			return "", refuse(BadSignature, "signed with %s, but the issuer's key is neither RSA nor EC", a.name)
		}
		return note, nil
	}
	if a, ok := suite.SignatureByID(s.algorithm); ok {
		return "", s.verifyWhole(pub, a, policy)
	}
	return "", refuse(BadSignature, "signature algorithm %s is not supported", oid)
}

// verifyWhole is verify for RSA-PSS and Ed25519, which are named with all their
// parameters as IKEv2 names them.
func (s signed) verifyWhole(pub crypto.PublicKey, a *suite.Signature, policy Policy) *refusal {
	if !a.Fits(pub) {
		return refuse(BadSignature, "signed with %s, but the issuer's key is of another kind", a.Name)
	}
	if r := checkKey(pub, policy); r != nil {
		return r
	}
	if a.Verify(pub, s.tbs, s.signature) != nil {
		return refuse(BadSignature, "the issuer's key does not verify its signature")
	}
	return nil
}

// checkKey refuses keys that are of no use or too costly to compute with.
func checkKey(pub crypto.PublicKey, policy Policy) *refusal {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		least := policy.MinRSABits
		if least == 0 {
			least = defaultMinRSABits
		}
		switch bits := pub.N.BitLen(); {
		case bits < least:
			return refuse(WeakKey, "RSA key of %d bits, at least %d are wanted", bits, least)
		case bits > MaxRSABits:
			return refuse(WeakKey, "RSA key of %d bits, at most %d are accepted", bits, MaxRSABits)
		case pub.E < 3 || pub.E%2 == 0 || pub.N.Bit(0) == 0:
			return refuse(WeakKey, "RSA key with an impossible modulus or exponent")
		}
		return nil
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	}
	return refuse(WeakKey, "the key is neither RSA, EC nor Ed25519")
}
