package pki

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// KeyPurpose is what a key pair was made for.
type KeyPurpose string

// Usages of key pairs, as show crypto key mypubkey calls them. Ours sign only; an
// encryption key comes with its signature key by usage-keys, and rests.
const (
	GeneralKey    KeyPurpose = "General Purpose Key"
	SignatureKey  KeyPurpose = "Signature Key"
	EncryptionKey KeyPurpose = "Encryption Key"
)

// KeyKind is a word of crypto key generate.
type KeyKind string

// Kinds of keys. Ed25519, which IOS does not know, is an elliptic curve's.
const (
	RSA KeyKind = "rsa"
	EC  KeyKind = "ec"
)

// KeyPair is a key pair of the router.
type KeyPair struct {
	Label      string
	Usage      KeyPurpose
	Exportable bool
	Generated  time.Time // zero: it was imported, or nobody knows
	Signer     Signer
}

// KeyLabel is the key of a trustpoint: under the label that its configuration says, or
// else the router's name.
func (s Settings) KeyLabel(h Host) (KeyKind, string) {
	if s.ECKeypair != "" {
		return EC, s.ECKeypair
	}
	return RSA, cmp.Or(s.RSAKeypair, h.FQDN(), s.Name)
}

// Kind is RSA or EC.
func (k *KeyPair) Kind() KeyKind {
	if _, ok := k.Signer.(*rsa.PrivateKey); ok {
		return RSA
	}
	return EC
}

// Bits is the size of the modulus, or of the curve's field.
func (k *KeyPair) Bits() int {
	switch pub := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		return pub.N.BitLen()
	case *ecdsa.PublicKey:
		return pub.Params().BitSize
	}
	return 255
}

// Belongs says whether the certificate is of this key.
func (k *KeyPair) Belongs(c *Certificate) bool { return belongs(k.Signer, c) }

// Enrolls says why no certificate is requested for the key, nil when one is. A pair
// for usage would want two certificates.
func (k *KeyPair) Enrolls() error {
	if k.Kind() == RSA && k.Usage != GeneralKey {
		return fmt.Errorf("the keys %s are usage-keys, which want two certificates, and one is requested: crypto key generate rsa general-keys label %[1]s makes a key for it", k.Label)
	}
	return nil
}

// Words of the text above a key in its file.
const (
	textLabel      = "Key name"
	textUsage      = "Usage"
	textExportable = "Exportable"
	textGenerated  = "Generated"
)

// PEM encodes the pair as PKCS #8, under the passphrase when there is one. What
// is known about it stands above as text, which every reader of PEM passes over
// (RFC 7468 section 2).
func (k *KeyPair) PEM(rand io.Reader, passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	if err != nil {
		return nil, errors.New("the private key cannot be encoded")
	}
	defer clear(der)
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	if len(passphrase) > 0 {
		sealed, err := encryptPKCS8(rand, der, passphrase)
		if err != nil {
			return nil, err
		}
		block = &pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: sealed}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n%s: %s\n%s: %t\n", textLabel, k.Label, textUsage, k.Usage, textExportable, k.Exportable)
	if !k.Generated.IsZero() {
		fmt.Fprintf(&b, "%s: %s\n", textGenerated, k.Generated.UTC().Format(time.RFC3339))
	}
	return append(b.Bytes(), pem.EncodeToMemory(block)...), nil
}

// ParseKeyPairs reads what PEM has written, one pair after the other, with the
// keys in the clear. Without text above it a key is for general purposes and not
// exportable.
func ParseKeyPairs(data []byte) ([]*KeyPair, error) {
	var pairs []*KeyPair
	for len(pairs) < maxPEMBlocks {
		text, block, rest := nextPEM(data)
		if block == nil {
			break
		}
		signer, err := keyPEM(pem.EncodeToMemory(block))
		if err != nil {
			return nil, err
		}
		k := describeKey(text)
		k.Signer = signer
		pairs, data = append(pairs, &k), rest
	}
	if len(pairs) == 0 {
		return nil, errors.New("no private key in it; a PEM file with -----BEGIN PRIVATE KEY----- is expected")
	}
	return pairs, nil
}

// DescribeKey reads the text above the key of a trustpoint; label is what the key
// is called where the text does not say: as its trustpoint, as IOS calls one that
// was imported.
func DescribeKey(data []byte, label string, signer Signer) *KeyPair {
	text, _, _ := nextPEM(data)
	k := describeKey(text)
	k.Label, k.Signer = cmp.Or(k.Label, label), signer
	return &k
}

func describeKey(text []byte) KeyPair {
	k := KeyPair{Usage: GeneralKey}
	for line := range strings.Lines(string(text)) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch word {
		case textLabel:
			k.Label = value
		case textUsage:
			if u := KeyPurpose(value); slices.Contains([]KeyPurpose{SignatureKey, EncryptionKey}, u) {
				k.Usage = u
			}
		case textExportable:
			k.Exportable = value == "true"
		case textGenerated:
			k.Generated, _ = time.Parse(time.RFC3339, value)
		}
	}
	return k
}

// nextPEM cuts the next block off, with the text above it; block is nil when no
// whole one is left.
func nextPEM(data []byte) (text []byte, block *pem.Block, rest []byte) {
	i := bytes.Index(data, []byte("-----BEGIN "))
	if i < 0 {
		return data, nil, nil
	}
	block, rest = pem.Decode(data[i:])
	return data[:i], block, rest
}

// DecryptPEM opens the encrypted private keys of a PEM file; all else stays as it
// is. A file without encrypted keys needs no passphrase. IOS writes keys as
// OpenSSL did before PKCS #8 ("Proc-Type: 4,ENCRYPTED").
func DecryptPEM(data, passphrase []byte) ([]byte, error) {
	if len(data) > MaxImportLen {
		return nil, fmt.Errorf("key file: %d octets, at most %d are accepted", len(data), MaxImportLen)
	}
	var out []byte
	for range maxPEMBlocks {
		text, block, rest := nextPEM(data)
		if block == nil {
			break
		}
		if isEncrypted(block) {
			if len(passphrase) == 0 {
				return nil, errors.New("the private key is encrypted, and no passphrase is given")
			}
			var err error
			if block, err = decryptBlock(block, passphrase); err != nil {
				return nil, err
			}
		}
		out = append(append(out, text...), pem.EncodeToMemory(block)...)
		data = rest
	}
	return append(out, data...), nil
}

func isEncrypted(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

func decryptBlock(b *pem.Block, passphrase []byte) (*pem.Block, error) {
	if b.Type == "ENCRYPTED PRIVATE KEY" {
		der, err := decryptPKCS8(b.Bytes, passphrase)
		if err != nil {
			return nil, err
		}
		if _, err := x509.ParsePKCS8PrivateKey(der); err != nil {
			return nil, errPassphrase
		}
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, nil
	}
	//lint:ignore SA1019 IOS reads and writes no other form
	der, err := x509.DecryptPEMBlock(b, passphrase)
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, errPassphrase
	case err != nil:
		return nil, errors.New("the private key is encrypted with a cipher that is not known; openssl pkey -aes256 makes one that is")
	}
	return &pem.Block{Type: b.Type, Bytes: der}, nil
}
