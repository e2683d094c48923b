package testca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // keys.pem
	"encoding/pem"
	"fmt"
	"sync"
)

// keysPEM holds RSA keys of several sizes, made once: making them takes longer
// than the tests that need them. They are worth nothing.
//
//go:embed keys.pem
var keysPEM []byte

// keys parses the file; sizes under 1024 bits only with GODEBUG rsa1024min=0.
var keys = sync.OnceValue(func() map[int][]*rsa.PrivateKey {
	out := map[int][]*rsa.PrivateKey{}
	for rest := keysPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			continue
		}
		out[key.N.BitLen()] = append(out[key.N.BitLen()], key)
	}
})

// RSA returns the n-th key of 512 (two keys, and only with GODEBUG
// rsa1024min=0), 1024 or 2048 bits (eight keys each).
func RSA(bits, n int) *rsa.PrivateKey {
	list := keys()[bits]
	if n >= len(list) {
		panic(fmt.Sprintf("testca has %d RSA keys of %d bits", len(list), bits))
	}
	return list[n]
}

// EC returns the n-th P-256 key.
func EC(n byte) *ecdsa.PrivateKey { return ECOn(elliptic.P256(), n) }

// ECOn returns the n-th key of a curve.
func ECOn(curve elliptic.Curve, n byte) *ecdsa.PrivateKey {
	scalar := make([]byte, (curve.Params().BitSize+7)/8)
	scalar[max(0, len(scalar)-32)], scalar[len(scalar)-1] = 0x6f, n
	key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	must(err)
	return key
}

// Ed25519 returns the n-th Ed25519 key.
func Ed25519(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0], seed[ed25519.SeedSize-1] = 0x6f, n
	return ed25519.NewKeyFromSeed(seed)
}
