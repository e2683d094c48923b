package scep

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// digests are the hashes of signed messages.
var digests = []struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}{
	{crypto.MD5, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}},
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

// contentCipher is a way to encrypt the content of an envelope, in CBC mode.
type contentCipher struct {
	name   string
	oid    asn1.ObjectIdentifier
	keyLen int
	block  func(key []byte) (cipher.Block, error)
}

// What is received may be in any of these. Single DES is what some CAs still answer
// with: an envelope keeps a certificate from strangers, which is no secret, and who
// made it is in the signature around it.
var (
	aes128       = &contentCipher{"AES-128", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.NewCipher}
	tripleDES    = &contentCipher{"3DES", asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.NewTripleDESCipher}
	contentTable = []*contentCipher{
		aes128, tripleDES,
		{"AES-192", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
		{"AES-256", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.NewCipher},
		{"DES", asn1.ObjectIdentifier{1, 3, 14, 3, 2, 7}, 8, des.NewCipher},
	}
)

// Object identifiers of RFC 5652 and RFC 8017.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
)

// addAlgorithm adds an AlgorithmIdentifier whose parameters are NULL.
func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1NULL()
	})
}

// readAlgorithm reads an AlgorithmIdentifier; what follows the identifier are its
// parameters.
func readAlgorithm(in *cryptobyte.String) (oid asn1.ObjectIdentifier, parameters cryptobyte.String, ok bool) {
	ok = in.ReadASN1(&parameters, cbasn1.SEQUENCE) && parameters.ReadASN1ObjectIdentifier(&oid)
	return oid, parameters, ok
}

// digestOID is the identifier of a hash that stands in the table.
func digestOID(h crypto.Hash) asn1.ObjectIdentifier {
	i := slices.IndexFunc(digests, func(d struct {
		hash crypto.Hash
		oid  asn1.ObjectIdentifier
	}) bool {
		return d.hash == h
	})
	return digests[i].oid
}

// joined is the content of an OCTET STRING, or of one of that meaning, which BER may
// have in parts: constructed.
func joined(in *cryptobyte.String, primitive cbasn1.Tag) (content []byte, ok bool) {
	var whole cryptobyte.String
	if in.PeekASN1Tag(primitive) {
		ok = in.ReadASN1(&whole, primitive)
		return whole, ok
	}
	if !in.ReadASN1(&whole, primitive.Constructed()) {
		return nil, false
	}
	for !whole.Empty() {
		var part cryptobyte.String
		if !whole.ReadASN1(&part, cbasn1.OCTET_STRING) {
			return nil, false
		}
		content = append(content, part...)
	}
	return content, true
}
