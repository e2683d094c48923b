package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/obol-ike/obol/pki"
)

// Sizes of RSA moduli that are made; IOS goes down to 360 bits.
const (
	MinRSABits     = 1024
	MaxRSABits     = 4096
	DefaultRSABits = 2048
)

// GenerateRSA makes an RSA key pair; it takes seconds at 4096 bits. It is nowhere
// kept yet: see PutKeys.
func GenerateRSA(label string, bits int, usage pki.KeyPurpose, exportable bool) (*pki.KeyPair, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	if bits < MinRSABits || bits > MaxRSABits {
		return nil, fmt.Errorf("an RSA key of %d bits; %d to %d are made", bits, MinRSABits, MaxRSABits)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	return &pki.KeyPair{Label: label, Usage: usage, Exportable: exportable, Generated: time.Now(), Signer: key}, nil
}

// GenerateEC makes an EC key pair on the NIST curve of that size: 256, 384 or 521.
func GenerateEC(label string, bits int, exportable bool) (*pki.KeyPair, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	curve, ok := map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}[bits]
	if !ok {
		return nil, fmt.Errorf("an EC key of %d bits; 256, 384 and 521 are made", bits)
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, err
	}
	return &pki.KeyPair{Label: label, Usage: pki.SignatureKey, Exportable: exportable, Generated: time.Now(), Signer: key}, nil
}
