package pki

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Parameters of keys that we encrypt.
const (
	pbkdf2Iterations = 600_000 // a quarter of a second, once a start
	pbkdf2Salt       = 16      // octets
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// pbkdf2Hashes are the pseudorandom functions of PBKDF2. RFC 8018 appendix A.2:
// the default is HMAC-SHA-1.
var pbkdf2Hashes = []struct {
	oid asn1.ObjectIdentifier
	new func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, sha256.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}, sha512.New384},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
}

// pbesCiphers are the encryption schemes of PBES2, all in CBC mode.
var pbesCiphers = []struct {
	oid    asn1.ObjectIdentifier
	keyLen int // octets
	new    func([]byte) (cipher.Block, error)
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.NewCipher},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.NewTripleDESCipher},
}

// encryptPKCS8 makes an EncryptedPrivateKeyInfo (RFC 5958 section 3) of a
// PrivateKeyInfo: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC.
//
//	PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }
//	PBKDF2-params ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER,
//	  keyLength INTEGER OPTIONAL, prf DEFAULT hmacWithSHA1 }   (RFC 8018 appendix A)
func encryptPKCS8(rand io.Reader, der, passphrase []byte) ([]byte, error) {
	seed := make([]byte, pbkdf2Salt+aes.BlockSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, err
	}
	salt, iv := seed[:pbkdf2Salt], seed[pbkdf2Salt:]
	key, err := pbkdf2.Key(sha256.New, string(passphrase), salt, pbkdf2Iterations, pbesCiphers[0].keyLen)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(der)%aes.BlockSize
	text := append(bytes.Clone(der), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)

	sequence := func(b *cryptobyte.Builder, f func(*cryptobyte.Builder)) { b.AddASN1(cbasn1.SEQUENCE, f) }
	var b cryptobyte.Builder
	sequence(&b, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidPBES2)
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidPBKDF2)
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1OctetString(salt)
						b.AddASN1Int64(pbkdf2Iterations)
						sequence(b, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(pbkdf2Hashes[1].oid)
							b.AddASN1NULL()
						})
					})
				})
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(pbesCiphers[0].oid)
					b.AddASN1OctetString(iv)
				})
			})
		})
		b.AddASN1OctetString(text)
	})
	return b.Bytes()
}

var errPassphrase = errors.New("wrong passphrase")

// decryptPKCS8 opens what openssl pkey and encryptPKCS8 make. What it gives for a
// wrong passphrase is an error, or, once in 256 times, no PrivateKeyInfo.
func decryptPKCS8(der, passphrase []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var outer, algorithm, params, kdf, kdfParams, salt, scheme, iv, text cryptobyte.String
	var pbes2, pbkdf, enc asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() ||
		!outer.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !outer.ReadASN1(&text, cbasn1.OCTET_STRING) ||
		!algorithm.ReadASN1ObjectIdentifier(&pbes2) {
		return nil, errors.New("malformed encrypted private key")
	}
	if !pbes2.Equal(oidPBES2) {
		return nil, fmt.Errorf("the private key is encrypted with %s; PBES2 is expected (openssl pkey -aes256 makes it)", pbes2)
	}
	if !algorithm.ReadASN1(&params, cbasn1.SEQUENCE) || !params.ReadASN1(&kdf, cbasn1.SEQUENCE) || !params.ReadASN1(&scheme, cbasn1.SEQUENCE) ||
		!kdf.ReadASN1ObjectIdentifier(&pbkdf) || !scheme.ReadASN1ObjectIdentifier(&enc) || !scheme.ReadASN1(&iv, cbasn1.OCTET_STRING) {
		return nil, errors.New("malformed encrypted private key")
	}
	if !pbkdf.Equal(oidPBKDF2) {
		return nil, fmt.Errorf("the passphrase becomes a key by %s; PBKDF2 is expected", pbkdf)
	}
	var iterations int
	if !kdf.ReadASN1(&kdfParams, cbasn1.SEQUENCE) || !kdfParams.ReadASN1(&salt, cbasn1.OCTET_STRING) || !kdfParams.ReadASN1Integer(&iterations) {
		return nil, errors.New("malformed encrypted private key")
	}
	if iterations < 1 || iterations > maxIterations {
		return nil, fmt.Errorf("%d iterations from the passphrase to the key; at most %d are accepted", iterations, maxIterations)
	}
	prf := sha1.New
	var unused, function cryptobyte.String
	if kdfParams.PeekASN1Tag(cbasn1.INTEGER) {
		kdfParams.ReadASN1(&unused, cbasn1.INTEGER) // the key's length, which the cipher says
	}
	if !kdfParams.Empty() {
		var oid asn1.ObjectIdentifier
		prf = nil
		if kdfParams.ReadASN1(&function, cbasn1.SEQUENCE) && function.ReadASN1ObjectIdentifier(&oid) {
			for _, h := range pbkdf2Hashes {
				if h.oid.Equal(oid) {
					prf = h.new
				}
			}
		}
		if prf == nil {
			return nil, errors.New("the passphrase becomes a key by PBKDF2 with an unknown function")
		}
	}
	for _, c := range pbesCiphers {
		if !c.oid.Equal(enc) {
			continue
		}
		key, err := pbkdf2.Key(prf, string(passphrase), salt, iterations, c.keyLen)
		if err != nil {
			return nil, err
		}
		defer clear(key)
		block, err := c.new(key)
		if err != nil {
			return nil, err
		}
		return openCBC(block, iv, text)
	}
	return nil, fmt.Errorf("the private key is encrypted with %s; AES and 3DES in CBC mode are known", enc)
}

// openCBC decrypts and takes the padding off (RFC 8018 section 6.1.1).
func openCBC(block cipher.Block, iv, text []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(text) == 0 || len(text)%size != 0 {
		return nil, errors.New("malformed encrypted private key")
	}
	plain := bytes.Clone(text)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, plain)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errPassphrase
	}
	return plain[:len(plain)-pad], nil
}
