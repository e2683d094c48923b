// Package issue makes certificates and CRLs, for the laboratory and for tests:
// no program of obol's is a CA. The standard library makes neither version 1 nor
// MD5 nor wrong certificates, so they are encoded here.
package issue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extension is one certificate or CRL extension.
type Extension struct {
	OID      asn1.ObjectIdentifier
	Critical bool
	Value    []byte
}

// Certificate says what goes into a certificate.
type Certificate struct {
	Version             int // 1 or 3; 0 means 3
	Serial              *big.Int
	Issuer, Subject     []byte // DER names
	NotBefore, NotAfter time.Time
	Key                 crypto.PublicKey
	Extensions          []Extension
}

// Sign encodes and signs the certificate.
func (c Certificate) Sign(key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(c.Key)
	if err != nil {
		return nil, err
	}
	identifier, err := algorithm(key, hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if c.Version != 1 {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		}
		b.AddASN1BigInt(c.Serial)
		b.AddBytes(identifier)
		b.AddBytes(c.Issuer)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, c.NotBefore)
			addTime(b, c.NotAfter)
		})
		b.AddBytes(c.Subject)
		b.AddBytes(spki)
		if c.Version != 1 && len(c.Extensions) > 0 {
			b.AddASN1(cbasn1.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addExtensions(b, c.Extensions) })
		}
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return sign(tbs, identifier, key, hash)
}

// Entry is one revoked certificate.
type Entry struct {
	Serial     *big.Int
	At         time.Time
	Extensions []Extension
}

// CRL says what goes into a CRL. Without extensions it is of version 1, as
// IOS's own CA makes them.
type CRL struct {
	Issuer     []byte
	ThisUpdate time.Time
	NextUpdate time.Time // zero: none
	Entries    []Entry
	Extensions []Extension
}

// Sign encodes and signs the CRL.
func (c CRL) Sign(key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	version2 := len(c.Extensions) > 0
	for _, e := range c.Entries {
		version2 = version2 || len(e.Extensions) > 0
	}
	identifier, err := algorithm(key, hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if version2 {
			b.AddASN1Int64(1)
		}
		b.AddBytes(identifier)
		b.AddBytes(c.Issuer)
		addTime(b, c.ThisUpdate)
		if !c.NextUpdate.IsZero() {
			addTime(b, c.NextUpdate)
		}
		if len(c.Entries) > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range c.Entries {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1BigInt(e.Serial)
						addTime(b, e.At)
						if len(e.Extensions) > 0 {
							addExtensions(b, e.Extensions)
						}
					})
				}
			})
		}
		if len(c.Extensions) > 0 {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addExtensions(b, c.Extensions) })
		}
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return sign(tbs, identifier, key, hash)
}

// algorithms are the signature algorithm identifiers by kind of key and hash.
var (
	rsaAlgorithms = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.MD5:    {1, 2, 840, 113549, 1, 1, 4},
		crypto.SHA1:   {1, 2, 840, 113549, 1, 1, 5},
		crypto.SHA256: {1, 2, 840, 113549, 1, 1, 11},
		crypto.SHA384: {1, 2, 840, 113549, 1, 1, 12},
		crypto.SHA512: {1, 2, 840, 113549, 1, 1, 13},
		// Of no algorithm that pki knows.
		crypto.SHA512_256: {1, 2, 840, 113549, 1, 1, 16},
	}
	ecdsaAlgorithms = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1:   {1, 2, 840, 10045, 4, 1},
		crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
		crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3},
		crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4},
	}
)

// algorithm is the identifier of a signature by a kind of key and a hash.
func algorithm(key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	var oid asn1.ObjectIdentifier
	_, isRSA := key.Public().(*rsa.PublicKey)
	switch key.Public().(type) {
	case *rsa.PublicKey:
		oid = rsaAlgorithms[hash]
	case *ecdsa.PublicKey:
		oid = ecdsaAlgorithms[hash]
	case ed25519.PublicKey:
		oid = asn1.ObjectIdentifier{1, 3, 101, 112}
	}
	if oid == nil {
		return nil, fmt.Errorf("a key of %T does not sign with %v", key.Public(), hash)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if isRSA {
			b.AddASN1NULL()
		}
	})
	return b.Bytes()
}

// sign wraps the octets to be signed with algorithm and signature. PKCS #1,
// ECDSA without a source of randomness and Ed25519 are deterministic.
func sign(tbs, identifier []byte, key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	h := hash.New()
	h.Write(tbs)
	digest := h.Sum(nil)
	var sig []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(nil, key, hash, digest)
	case ed25519.PrivateKey: // it hashes by itself
		sig = ed25519.Sign(key, tbs)
	default:
		sig, err = key.Sign(nil, digest, hash)
	}
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(identifier)
		b.AddASN1BitString(sig)
	})
	return b.Bytes()
}

// addTime obeys RFC 5280 section 4.1.2.5: UTCTime through the year 2049.
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t.Year() < 2050 {
		b.AddASN1UTCTime(t.UTC())
	} else {
		b.AddASN1GeneralizedTime(t.UTC())
	}
}

func addExtensions(b *cryptobyte.Builder, list []Extension) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range list {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(e.OID)
				if e.Critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.Value)
			})
		}
	})
}
