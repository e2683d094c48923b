package issue

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// StandIn is a certificate with another key: version, serial number, names, times
// and extensions stay, and so does the hash where the signer's kind of key is that
// of the old signature. Whose private key is not at hand can be stood in for so.
func StandIn(der []byte, key crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	whole := cryptobyte.String(der)
	var cert, tbs, algorithmOf cryptobyte.String
	if !whole.ReadASN1(&cert, cbasn1.SEQUENCE) || !cert.ReadASN1(&tbs, cbasn1.SEQUENCE) || !cert.ReadASN1(&algorithmOf, cbasn1.SEQUENCE) {
		return nil, errNotCertificate
	}
	hash := hashOf(algorithmOf)
	identifier, err := algorithm(signer, hash)
	if err != nil { // the stand-in of the CA has a key of another kind
		hash = crypto.SHA256
		identifier, err = algorithm(signer, hash)
	}
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		index := 1 // of the serial number, when the version stands before it
		if !tbs.PeekASN1Tag(cbasn1.Tag(0).Constructed().ContextSpecific()) {
			index = 2
		}
		for ; !tbs.Empty(); index++ {
			var element cryptobyte.String
			var tag cbasn1.Tag
			if !tbs.ReadAnyASN1Element(&element, &tag) {
				b.SetError(errNotCertificate)
				return
			}
			switch index {
			case signatureField:
				element = identifier
			case keyField:
				element = spki
			}
			b.AddBytes(element)
		}
	})
	changed, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return sign(changed, identifier, signer, hash)
}

// Fields of a TBSCertificate (RFC 5280 section 4.1), counted from the version.
const (
	signatureField = 3
	keyField       = 7
)

var errNotCertificate = errors.New("this is no certificate")

// hashOf is the hash of a signature's algorithm; SHA-256 for one that is not known.
func hashOf(identifier cryptobyte.String) crypto.Hash {
	var oid asn1.ObjectIdentifier
	identifier.ReadASN1ObjectIdentifier(&oid)
	for _, known := range []map[crypto.Hash]asn1.ObjectIdentifier{rsaAlgorithms, ecdsaAlgorithms} {
		for hash, id := range known {
			if id.Equal(oid) {
				return hash
			}
		}
	}
	return crypto.SHA256
}
