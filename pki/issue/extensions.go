package issue

import (
	"crypto"
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
	id, err := keyHash(key)
	if err != nil {
		return Extension{}, err
	}
	var b cryptobyte.Builder
	b.AddASN1OctetString(id)
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 14}, false, b.BytesOrPanic()}, nil
}

// CRLNumber is the extension of a CRL that makes it version 2.
func CRLNumber(n int64) Extension {
	var b cryptobyte.Builder
	b.AddASN1BigInt(big.NewInt(n))
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 20}, false, b.BytesOrPanic()}
}

// DNSName is the subject alternative name of a host.
func DNSName(name string) Extension { return AltNames(GeneralName{2, []byte(name)}) }

// ExtendedKeyUsage is the extension with these purposes.
func ExtendedKeyUsage(purposes ...asn1.ObjectIdentifier) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range purposes {
			b.AddASN1ObjectIdentifier(p)
		}
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 37}, false, b.BytesOrPanic()}
}

// CRLDistributionPoint is the extension with URLs, each as good as the others.
func CRLDistributionPoint(urls ...string) Extension {
	var b cryptobyte.Builder
	names := func(b *cryptobyte.Builder) {
		for _, u := range urls {
			b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(u)) })
		}
	}
	wrap := cbasn1.Tag(0).Constructed().ContextSpecific()
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(wrap, func(b *cryptobyte.Builder) { b.AddASN1(wrap, names) })
		})
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 31}, false, b.BytesOrPanic()}
}

// Point is an issuing distribution point: where a list is, and of whom.
type Point struct {
	Names      []GeneralName
	Users, CAs bool // it is about them only
}

// IssuingDistributionPoint is the extension of a CRL, critical (RFC 5280 section 5.2.5).
func IssuingDistributionPoint(p Point) Extension {
	wrap := cbasn1.Tag(0).Constructed().ContextSpecific()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if len(p.Names) > 0 {
			b.AddASN1(wrap, func(b *cryptobyte.Builder) {
				b.AddASN1(wrap, func(b *cryptobyte.Builder) {
					for _, n := range p.Names {
						n.append(b)
					}
				})
			})
		}
		for i, only := range []bool{p.Users, p.CAs} {
			if only {
				b.AddASN1(cbasn1.Tag(1+i).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddUint8(0xff) })
			}
		}
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 28}, true, b.BytesOrPanic()}
}

// OCSPServer is the authority information access that names a responder.
func OCSPServer(url string) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1})
			b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(url)) })
		})
	})
	return Extension{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, false, b.BytesOrPanic()}
}

// GeneralName is a name of an alternative name or of a constraint, by its tag (RFC 5280
// section 4.2.1.6): 1 e-mail, 2 host, 4 distinguished name (DER), 6 URI, 7 address.
type GeneralName struct {
	Tag   uint8
	Value []byte
}

func (g GeneralName) append(b *cryptobyte.Builder) {
	tag := cbasn1.Tag(g.Tag).ContextSpecific()
	if g.Tag == 4 || g.Tag == 0 || g.Tag == 3 || g.Tag == 5 {
		tag = tag.Constructed()
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(g.Value) })
}

// AltNames is the subject alternative name extension.
func AltNames(names ...GeneralName) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			n.append(b)
		}
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 17}, false, b.BytesOrPanic()}
}

// NameConstraints is the extension, critical.
func NameConstraints(permitted, excluded []GeneralName) Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for tag, list := range [][]GeneralName{permitted, excluded} {
			if len(list) == 0 {
				continue
			}
			b.AddASN1(cbasn1.Tag(tag).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				for _, n := range list {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { n.append(b) })
				}
			})
		}
	})
	return Extension{asn1.ObjectIdentifier{2, 5, 29, 30}, true, b.BytesOrPanic()}
}
