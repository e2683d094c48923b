package testca

import (
	"crypto"
	"crypto/rsa"
	"io"
	"sync"
)

// remembering is an RSA key that signs nothing twice: a test of fifty seeds makes the
// same certificates and CRLs fifty times, and a signature of PKCS #1 v1.5 is always the same.
type remembering struct{ *rsa.PrivateKey }

type signed struct {
	key    *rsa.PrivateKey
	hash   crypto.Hash
	digest string
}

var signatures sync.Map // of signed to []byte

func (r remembering) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	id := signed{r.PrivateKey, opts.HashFunc(), string(digest)}
	if sig, ok := signatures.Load(id); ok {
		return sig.([]byte), nil
	}
	sig, err := r.PrivateKey.Sign(random, digest, opts)
	if err == nil {
		signatures.Store(id, sig)
	}
	return sig, err
}

// signer is the CA's key.
func (ca *CA) signer() crypto.Signer {
	if key, ok := ca.Key.(*rsa.PrivateKey); ok {
		return remembering{key}
	}
	return ca.Key
}
