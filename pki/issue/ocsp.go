package issue

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

// OCSP says what goes into the response of an OCSP responder (RFC 6960 section 4.2.1).
type OCSP struct {
	Status     int    // of the response: anything but 0 is an error, and all that there is
	Responder  []byte // DER name
	ProducedAt time.Time
	Singles    []OCSPSingle
	Nonce      []byte // nil: none
	Extensions []Extension
	Certs      [][]byte // DER, of a responder that is not the CA
}

// OCSPSingle is what it says of one certificate.
type OCSPSingle struct {
	IssuerName []byte // DER
	IssuerKey  crypto.PublicKey
	Serial     *big.Int
	Status     int // 0 good, 1 revoked, 2 unknown
	RevokedAt  time.Time
	ThisUpdate time.Time
	NextUpdate time.Time // zero: none
}

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

// Sign encodes and signs the response.
func (o OCSP) Sign(key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	var b cryptobyte.Builder
	if o.Status != 0 {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(o.Status)) })
		return b.Bytes()
	}
	basic, err := o.basic(key, hash)
	if err != nil {
		return nil, err
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.Bytes()
}

// basic is a BasicOCSPResponse.
func (o OCSP) basic(key crypto.Signer, hash crypto.Hash) ([]byte, error) {
	identifier, err := algorithm(key, hash)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(o.Responder) })
		b.AddASN1GeneralizedTime(o.ProducedAt.UTC())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, s := range o.Singles {
				s.append(b)
			}
		})
		list := o.Extensions
		if o.Nonce != nil {
			var value cryptobyte.Builder
			value.AddASN1OctetString(o.Nonce)
			list = append([]Extension{{OID: oidOCSPNonce, Value: value.BytesOrPanic()}}, list...)
		}
		if len(list) > 0 {
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addExtensions(b, list) })
		}
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	signed, err := sign(tbs, identifier, key, hash)
	if err != nil || len(o.Certs) == 0 {
		return signed, err
	}
	in := cryptobyte.String(signed)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, errNotCertificate
	}
	var whole cryptobyte.Builder
	whole.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(body)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, c := range o.Certs {
					b.AddBytes(c)
				}
			})
		})
	})
	return whole.Bytes()
}

func (s OCSPSingle) append(b *cryptobyte.Builder) {
	name := sha1.Sum(s.IssuerName)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSHA1)
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(name[:])
			key, err := keyHash(s.IssuerKey)
			if err != nil {
				b.SetError(err)
			}
			b.AddASN1OctetString(key)
			b.AddASN1BigInt(s.Serial)
		})
		switch s.Status {
		case 1:
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.RevokedAt.UTC()) })
		default:
			b.AddASN1(cbasn1.Tag(s.Status).ContextSpecific(), func(*cryptobyte.Builder) {})
		}
		b.AddASN1GeneralizedTime(s.ThisUpdate.UTC())
		if !s.NextUpdate.IsZero() {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.NextUpdate.UTC()) })
		}
	})
}

// keyHash is the SHA-1 of a public key's bits.
func keyHash(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}

// ReadOCSPRequest finds the serial number that a request asks about, and its nonce,
// nil for none.
func ReadOCSPRequest(der []byte) (serial *big.Int, nonce []byte, err error) {
	in := cryptobyte.String(der)
	var outer, tbs, list, request, id, skipped, wrapped, octets cryptobyte.String
	var present bool
	serial = new(big.Int)
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&tbs, cbasn1.SEQUENCE) || !tbs.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!list.ReadASN1(&request, cbasn1.SEQUENCE) || !request.ReadASN1(&id, cbasn1.SEQUENCE) ||
		!id.ReadASN1(&skipped, cbasn1.SEQUENCE) || !id.ReadASN1(&skipped, cbasn1.OCTET_STRING) || !id.ReadASN1(&skipped, cbasn1.OCTET_STRING) ||
		!id.ReadASN1Integer(serial) || !tbs.ReadOptionalASN1(&wrapped, &present, cbasn1.Tag(2).Constructed().ContextSpecific()) {
		return nil, nil, errors.New("no OCSP request")
	}
	if !present {
		return serial, nil, nil
	}
	var extensions, extension cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !wrapped.ReadASN1(&extensions, cbasn1.SEQUENCE) || !extensions.ReadASN1(&extension, cbasn1.SEQUENCE) ||
		!extension.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidOCSPNonce) ||
		!extension.ReadASN1(&octets, cbasn1.OCTET_STRING) || !octets.ReadASN1((*cryptobyte.String)(&nonce), cbasn1.OCTET_STRING) {
		return nil, nil, errors.New("no nonce in the OCSP request")
	}
	return serial, nonce, nil
}
