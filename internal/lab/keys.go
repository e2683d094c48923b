package lab

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	_ "embed" // keys.pem
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// keysPEM holds RSA keys for the laboratory alone: everybody has them, and the
// store refuses to import them (pki.ErrLabKey). Making such keys takes longer than a
// negotiation.
//
//go:embed keys.pem
var keysPEM []byte

// A labKey is parsed when it is used: checking a key takes its time.
type labKey struct {
	bits  int
	parse func() (*rsa.PrivateKey, error)
}

// labKeys are the keys of the file in its order.
var labKeys = sync.OnceValue(func() (keys []labKey) {
	for rest := keysPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return keys
		}
		keys = append(keys, labKey{modulusBits(block.Bytes), sync.OnceValues(func() (*rsa.PrivateKey, error) {
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		})})
	}
})

// modulusBits reads the size of a PKCS #1 private key.
func modulusBits(der cryptobyte.String) int {
	var key cryptobyte.String
	var version int
	n := new(big.Int)
	if !der.ReadASN1(&key, cbasn1.SEQUENCE) || !key.ReadASN1Integer(&version) || !key.ReadASN1Integer(n) {
		return 0
	}
	return n.BitLen()
}

// rsaKeys are the keys of the smallest size that has so many bits, of the largest
// without one.
func rsaKeys(bits int) []labKey {
	all := slices.SortedStableFunc(slices.Values(labKeys()), func(a, b labKey) int { return cmp.Compare(a.bits, b.bits) })
	size := all[len(all)-1].bits
	if i := slices.IndexFunc(all, func(k labKey) bool { return k.bits >= bits }); i >= 0 {
		size = all[i].bits
	}
	return slices.DeleteFunc(all, func(k labKey) bool { return k.bits != size })
}

// defaultBits is the size of a key for which the configuration names none.
const defaultBits = 2048

// caKeys is how many keys of a size are kept for CAs: those of two CAs must
// differ, as IKEv2 knows a CA by its key.
func caKeys(all []labKey) int { return (len(all) + 1) / 2 }

// caKey is the n-th CA's. CAs for which no RSA key is left have an EC key.
func caKey(bits, n int) (crypto.Signer, error) {
	if all := rsaKeys(bits); n < caKeys(all) {
		return all[n].parse()
	}
	return ecKey(elliptic.P256(), fmt.Sprintf("CA %d", n))
}

// routerKey is the n-th key of a size that a router's key pair has. Two key
// pairs may be the same one: nothing hangs on it.
func routerKey(bits, n int) (crypto.Signer, error) {
	all := rsaKeys(bits)
	all = all[min(caKeys(all), len(all)-1):]
	return all[n%len(all)].parse()
}

// ecKey is the key of a name. It is as public as the others.
func ecKey(curve elliptic.Curve, name string) (crypto.Signer, error) {
	digest := sha512.Sum512([]byte("obol lab " + name))
	scalar := make([]byte, (curve.Params().BitSize+7)/8)
	copy(scalar[1:], digest[:]) // below the order of the curve
	return ecdsa.ParseRawPrivateKey(curve, scalar)
}
