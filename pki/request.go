package pki

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxPasswordLen is the limit of a challenge password in octets; PKCS #9 allows 255.
const MaxPasswordLen = 255

// A Request is what a router asks of a CA: a PKCS #10 certification request
// before it is signed.
type Request struct {
	Subject Name
	// DNSNames go into the subject alternative name: the FQDN that stands in the
	// subject, and those of subject-alt-name.
	DNSNames []string
	// Password is the challenge password with which the CA knows the applicant, or
	// with which it is asked to revoke; "" for none. It is a secret.
	Password string
}

// NewRequest makes the request with which IOS would enroll.
func NewRequest(s Settings, h Host, password string) (Request, error) {
	subject, err := SubjectName(s, h)
	if err != nil {
		return Request{}, err
	}
	if len(password) > MaxPasswordLen {
		return Request{}, fmt.Errorf("a challenge password of %d octets, at most %d are accepted", len(password), MaxPasswordLen)
	}
	r := Request{Subject: subject, Password: password}
	if name := s.fqdn(h); name != "" {
		r.DNSNames = append(r.DNSNames, name)
	}
	for _, name := range s.AlternativeNames {
		if !slices.Contains(r.DNSNames, name) {
			r.DNSNames = append(r.DNSNames, name)
		}
	}
	return r, nil
}

// RequestHash is the hash with which a trustpoint's requests are signed.
func (s Settings) RequestHash() crypto.Hash {
	switch s.Hash {
	case "md5":
		return crypto.MD5
	case "sha1":
		return crypto.SHA1
	case "sha384":
		return crypto.SHA384
	case "sha512":
		return crypto.SHA512
	}
	return crypto.SHA256
}

// Sign encodes the request with the key's public half and signs it: the order of
// attributes and extensions is that of IOS, no extension is critical.
//
//	CertificationRequestInfo ::= SEQUENCE { version 0, subject, subjectPKInfo, attributes [0] }
func (r Request) Sign(key Signer, hash crypto.Hash) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(r.Subject.DER())
		b.AddBytes(spki)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			if r.Password != "" {
				addAttribute(b, oidChallengePassword, func(b *cryptobyte.Builder) { addDirectoryString(b, r.Password) })
			}
			addAttribute(b, oidExtensionRequest, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { r.addExtensions(b, key.Public()) })
			})
		})
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return signDER(tbs, key, hash)
}

// Object identifiers of PKCS #9 and of certificate extensions.
var (
	oidChallengePassword = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 7}
	oidExtensionRequest  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidKeyUsage          = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidAlternativeName   = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// addAttribute adds Attribute ::= SEQUENCE { type, values SET } with one value.
func addAttribute(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
}

// addDirectoryString prefers PrintableString, as RFC 2985 section 5.4.1 and IOS do.
func addDirectoryString(b *cryptobyte.Builder, s string) {
	tag := cbasn1.UTF8String
	if isPrintable(s) {
		tag = cbasn1.PrintableString
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func (r Request) addExtensions(b *cryptobyte.Builder, pub crypto.PublicKey) {
	extension := func(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.OCTET_STRING, value)
		})
	}
	if len(r.DNSNames) > 0 {
		extension(oidAlternativeName, r.addDNSNames)
	}
	// Digital signature, and key encipherment of a key that is able to.
	usage := []byte{7, 0x80}
	if _, isRSA := pub.(*rsa.PublicKey); isRSA {
		usage = []byte{5, 0xa0}
	}
	extension(oidKeyUsage, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(usage) })
	})
}

func (r Request) addDNSNames(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, name := range r.DNSNames {
			b.AddASN1(cbasn1.Tag(2).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
		}
	})
}

// signDER wraps what is to be signed with algorithm and signature, as certificates,
// CRLs and requests are.
func signDER(tbs []byte, key Signer, hash crypto.Hash) ([]byte, error) {
	identifier, signature, err := signWith(key, hash, tbs)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(identifier)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

// signWith signs octets with a hash, and gives the AlgorithmIdentifier that says so.
// Nothing is drawn: PKCS #1 and Ed25519, which hashes by itself, are deterministic,
// and ECDSA's nonce is that of RFC 6979.
func signWith(key Signer, hash crypto.Hash, octets []byte) (identifier, signature []byte, err error) {
	if _, ok := key.Public().(ed25519.PublicKey); ok {
		signature, err = key.Sign(nil, octets, crypto.Hash(0))
		return algorithmIdentifier(asn1.ObjectIdentifier{1, 3, 101, 112}, false), signature, err
	}
	_, isRSA := key.Public().(*rsa.PublicKey)
	for _, a := range signatureAlgorithms {
		if a.hash != hash || a.rsa != isRSA {
			continue
		}
		h := hash.New()
		h.Write(octets)
		signature, err = key.Sign(nil, h.Sum(nil), hash)
		return algorithmIdentifier(a.oid, isRSA), signature, err
	}
	return nil, nil, fmt.Errorf("this key does not sign with %v", hash)
}

func algorithmIdentifier(oid asn1.ObjectIdentifier, null bool) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if null {
			b.AddASN1NULL()
		}
	})
	return b.BytesOrPanic()
}
