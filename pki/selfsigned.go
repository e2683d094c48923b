package pki

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// SelfSignedYears is how long a certificate of enrollment selfsigned is good for.
const SelfSignedYears = 10

var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
)

// SelfSigned makes the certificate of enrollment selfsigned: the request's names
// under the key itself, with the extensions that IOS gives it.
func (r Request) SelfSigned(key Signer, hash crypto.Hash, serial *big.Int, now time.Time) (*Certificate, error) {
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	identifier, _, err := signWith(key, hash, nil) // which algorithm it will be
	if err != nil {
		return nil, err
	}
	id, err := keyID(spki)
	if err != nil {
		return nil, err
	}
	version3 := cbasn1.Tag(0).Constructed().ContextSpecific()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(version3, func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1BigInt(serial)
		b.AddBytes(identifier)
		b.AddBytes(r.Subject.DER())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(now.UTC())
			b.AddASN1GeneralizedTime(now.UTC().AddDate(SelfSignedYears, 0, 0))
		})
		b.AddBytes(r.Subject.DER())
		b.AddBytes(spki)
		b.AddASN1(cbasn1.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { r.addSelfSigned(b, id) })
		})
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	der, err := signDER(tbs, key, hash)
	if err != nil {
		return nil, err
	}
	return ParseCertificate(der)
}

// addSelfSigned adds the extensions: a CA of itself alone, its names and its key.
func (r Request) addSelfSigned(b *cryptobyte.Builder, id []byte) {
	add := func(oid asn1.ObjectIdentifier, critical bool, value cryptobyte.BuilderContinuation) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			if critical {
				b.AddASN1Boolean(true)
			}
			b.AddASN1(cbasn1.OCTET_STRING, value)
		})
	}
	add(oidBasicConstraints, true, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Boolean(true) })
	})
	if len(r.DNSNames) > 0 {
		add(oidAlternativeName, false, r.addDNSNames)
	}
	add(oidAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(id) })
		})
	})
	add(oidSubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(id) })
}

// keyID is method 1 of RFC 5280 section 4.2.1.2: "the 160-bit SHA-1 hash of the
// value of the BIT STRING subjectPublicKey".
func keyID(spki []byte) ([]byte, error) {
	in := cryptobyte.String(spki)
	var info cryptobyte.String
	var bits asn1.BitString
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitString(&bits) {
		return nil, errors.New("malformed public key")
	}
	id := sha1.Sum(bits.Bytes)
	return id[:], nil
}
