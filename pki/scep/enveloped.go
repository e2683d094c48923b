package scep

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/pki"
)

// seal encrypts octets for a recipient with an RSA key.
//
//	EnvelopedData ::= SEQUENCE { version 0, recipientInfos SET, encryptedContentInfo }
func seal(rand io.Reader, octets []byte, recipient *pki.Certificate, with *contentCipher) ([]byte, error) {
	pub, ok := recipient.X509.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("nothing can be encrypted for %s: its key is not RSA", recipient.Subject)
	}
	key := make([]byte, with.keyLen)
	defer clear(key)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, err
	}
	block, err := with.block(key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, block.BlockSize())
	if _, err := io.ReadFull(rand, iv); err != nil {
		return nil, err
	}
	//lint:ignore SA1019 servers of SCEP read no other key transport (RFC 8894 section 3.1)
	encryptedKey, err := rsa.EncryptPKCS1v15(rand, pub, key)
	if err != nil {
		return nil, fmt.Errorf("nothing can be encrypted for %s: its key is too short", recipient.Subject)
	}
	pad := block.BlockSize() - len(octets)%block.BlockSize()
	text := append(bytes.Clone(octets), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)

	var b cryptobyte.Builder
	addContentInfo(&b, oidEnvelopedData, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(0)
					addIssuerAndSerial(b, recipient)
					addAlgorithm(b, oidRSA)
					b.AddASN1OctetString(encryptedKey)
				})
			})
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidData)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(with.oid)
					b.AddASN1OctetString(iv)
				})
				b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(text) })
			})
		})
	})
	return b.Bytes()
}

// addContentInfo adds ContentInfo ::= SEQUENCE { contentType, content [0] }.
func addContentInfo(b *cryptobyte.Builder, kind asn1.ObjectIdentifier, content cryptobyte.BuilderContinuation) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), content)
	})
}

func addIssuerAndSerial(b *cryptobyte.Builder, c *pki.Certificate) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(c.Issuer.DER())
		b.AddASN1BigInt(c.X509.SerialNumber)
	})
}

// errEnvelope says no more: what is wrong with padding is nobody's business.
var errEnvelope = errors.New("the envelope is not for the key of this request")

// open decrypts an envelope with the recipient's key. Every recipient is tried that
// is named by our certificate or by a key identifier.
func open(rand io.Reader, der []byte, own *pki.Certificate, key crypto.Decrypter) ([]byte, error) {
	der, err := toDER(der)
	if err != nil {
		return nil, err
	}
	envelope, ok := contentOf(der, oidEnvelopedData)
	if !ok {
		return nil, errors.New("the content is no EnvelopedData")
	}
	var recipients, info cryptobyte.String
	var version int
	if !envelope.ReadASN1Integer(&version) ||
		!envelope.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!envelope.ReadASN1(&recipients, cbasn1.SET) || !envelope.ReadASN1(&info, cbasn1.SEQUENCE) {
		return nil, errors.New("malformed EnvelopedData")
	}
	if !info.SkipASN1(cbasn1.OBJECT_IDENTIFIER) {
		return nil, errors.New("malformed EnvelopedData")
	}
	oid, parameters, ok := readAlgorithm(&info)
	if !ok {
		return nil, errors.New("malformed EnvelopedData")
	}
	for _, c := range contentTable {
		if !c.oid.Equal(oid) {
			continue
		}
		var iv cryptobyte.String
		text, ok := joined(&info, cbasn1.Tag(0).ContextSpecific())
		if !ok || !parameters.ReadASN1(&iv, cbasn1.OCTET_STRING) {
			return nil, errors.New("malformed EnvelopedData")
		}
		encryptedKey, err := findRecipient(recipients, own)
		if err != nil {
			return nil, err
		}
		// A key of another length, or not of PKCS #1, becomes one that fits nothing.
		//lint:ignore SA1019 as above
		contentKey, err := key.Decrypt(rand, encryptedKey, &rsa.PKCS1v15DecryptOptions{SessionKeyLen: c.keyLen})
		if err != nil {
			return nil, errEnvelope
		}
		defer clear(contentKey)
		return openCBC(c, contentKey, iv, text)
	}
	return nil, fmt.Errorf("the envelope is encrypted with %s; AES, 3DES and DES are known", oid)
}

// maxRecipients bounds the search for ours.
const maxRecipients = 16

// findRecipient gives the encrypted key that is for us: RecipientInfo ::= SEQUENCE {
// version, rid, keyEncryptionAlgorithm, encryptedKey }.
func findRecipient(recipients cryptobyte.String, own *pki.Certificate) ([]byte, error) {
	for range maxRecipients {
		var r, id, encryptedKey cryptobyte.String
		var version int
		if recipients.Empty() {
			break
		}
		if !recipients.ReadASN1(&r, cbasn1.SEQUENCE) || !r.ReadASN1Integer(&version) {
			return nil, errors.New("malformed RecipientInfo")
		}
		if byKey := cbasn1.Tag(0).ContextSpecific(); r.PeekASN1Tag(byKey) {
			if !r.ReadASN1(&id, byKey) {
				return nil, errors.New("malformed RecipientInfo")
			}
		} else if !r.ReadASN1(&id, cbasn1.SEQUENCE) {
			return nil, errors.New("malformed RecipientInfo")
		} else if !isIssuerAndSerial(id, own) {
			continue
		}
		oid, _, ok := readAlgorithm(&r)
		if !ok || !r.ReadASN1(&encryptedKey, cbasn1.OCTET_STRING) {
			return nil, errors.New("malformed RecipientInfo")
		}
		if !oid.Equal(oidRSA) {
			return nil, fmt.Errorf("the envelope's key is encrypted with %s; RSA of PKCS #1 is known", oid)
		}
		return encryptedKey, nil
	}
	return nil, errEnvelope
}

func openCBC(c *contentCipher, key, iv, text []byte) ([]byte, error) {
	block, err := c.block(key)
	if err != nil {
		return nil, errEnvelope
	}
	size := block.BlockSize()
	if len(iv) != size || len(text) == 0 || len(text)%size != 0 {
		return nil, errEnvelope
	}
	plain := bytes.Clone(text)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, plain)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errEnvelope
	}
	return plain[:len(plain)-pad], nil
}
