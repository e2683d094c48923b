package issue

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bits of the key usage extension (RFC 5280 section 4.2.1.3), first octet.
const (
	DigitalSignature = 0x80
	KeyEncipherment  = 0x20
	CertSign         = 0x04
	CRLSign          = 0x02
)

// KeyUsage is the extension with those bits, critical.
func KeyUsage(bits byte) Extension {
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 15}, true, []byte{3, 2, 0, bits}}
}

// BasicConstraints is the extension, critical; pathLen below 0: none.
func BasicConstraints(ca bool, pathLen int) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if ca {
			b.AddASN1Boolean(true)
		}
		if pathLen >= 0 {
			b.AddASN1Int64(int64(pathLen))
		}
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 19}, true, b.BytesOrPanic()}
}

// SubjectKeyID is the extension as RFC 5280 section 4.2.1.2 makes it first: "the
// 160-bit SHA-1 hash of the value of the BIT STRING subjectPublicKey".
func SubjectKeyID(key crypto.PublicKey) (Extension, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return Extension{}, err
	}
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return Extension{}, err
	}
	id := sha1.Sum(info.Key.Bytes)
	var b cryptobyte.Builder
	b.AddASN1OctetString(id[:])
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 14}, false, b.BytesOrPanic()}, nil
}

// CRLNumber is the extension of a CRL that makes it version 2.
func CRLNumber(n int64) Extension {
	var b cryptobyte.Builder
	b.AddASN1BigInt(big.NewInt(n))
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 20}, false, b.BytesOrPanic()}
}

// DNSName is the subject alternative name of a host.
func DNSName(name string) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(2).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 17}, false, b.BytesOrPanic()}
}
