package suite

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
)

// Sizes of RSA moduli, in bits. IOS makes keys of 360 to 4096 bits; below 512
// an attacker factors them in minutes, above 8192 verifying is an attack on us.
const (
	minRSABits = 512
	maxRSABits = 8192
)

// ErrSignature says that a signature does not verify. It never says why: the
// reason would serve a forger only.
var ErrSignature = errors.New("suite: RSA signature does not verify")

// SignRSAV1 signs a hash as IKEv1 does. RFC 2409 section 5.1: "RSA signatures
// MUST be encoded as a private key encryption in PKCS #1 format and not as a
// signature in PKCS #1 format (which includes the OID of the hash algorithm)."
// So it is block type 1 over the bare hash. The key must hold an RSA key; the
// result is as long as its modulus. rand serves blinding only and may be nil.
func SignRSAV1(rand io.Reader, key crypto.Signer, hash []byte) ([]byte, error) {
	pub, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("suite: an RSA signature needs an RSA key, not %T", key.Public())
	}
	if err := checkRSAKey(pub); err != nil {
		return nil, err
	}
	sig, err := key.Sign(rand, hash, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("suite: signing: %w", err)
	}
	return sig, nil
}

// VerifyRSAV1 checks a signature made so. crypto/rsa builds the one block that
// is right and compares: a lenient parser of padding is what lets signatures of
// keys with small exponents be forged. Signatures of another length than the
// modulus, or not below it, are refused. The error is ErrSignature, or says
// what is wrong with the key.
func VerifyRSAV1(pub *rsa.PublicKey, hash, sig []byte) error {
	if err := checkRSAKey(pub); err != nil {
		return err
	}
	if len(hash) == 0 || rsa.VerifyPKCS1v15(pub, crypto.Hash(0), hash, sig) != nil {
		return ErrSignature
	}
	return nil
}

// checkRSAKey refuses keys with which verifying would mean nothing (e = 1 is
// the identity, an even modulus is no product of two odd primes) or cost too
// much.
func checkRSAKey(pub *rsa.PublicKey) error {
	switch {
	case pub == nil || pub.N == nil || pub.N.Sign() <= 0:
		return errors.New("suite: RSA key without a modulus")
	case pub.N.BitLen() < minRSABits:
		return fmt.Errorf("suite: RSA key of %d bits is too short, at least %d are needed", pub.N.BitLen(), minRSABits)
	case pub.N.BitLen() > maxRSABits:
		return fmt.Errorf("suite: RSA key of %d bits is too long, at most %d are taken", pub.N.BitLen(), maxRSABits)
	case pub.N.Bit(0) == 0:
		return errors.New("suite: RSA key with an even modulus")
	case pub.E < 3 || pub.E&1 == 0:
		return fmt.Errorf("suite: RSA key with exponent %d: it must be odd and at least 3", pub.E)
	case pub.E > 1<<31-1:
		return errors.New("suite: RSA key with an exponent above 2^31-1")
	}
	return nil
}
