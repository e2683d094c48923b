package suite

import (
	"crypto/ecdh"
	"io"
)

// x25519 is group 31 (RFC 8031). Its public values are all valid; one of small
// order gives a shared secret of zeros, which ecdh refuses.
type x25519 struct{}

func (x25519) valid([]byte) bool { return true }

func (x25519) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	scalar := make([]byte, 32)
	defer clear(scalar)
	if _, err := io.ReadFull(rand, scalar); err != nil {
		return nil, err
	}
	key, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{group: g, public: key.PublicKey().Bytes(), shared: func(peer []byte) ([]byte, error) {
		pub, err := ecdh.X25519().NewPublicKey(peer)
		if err != nil {
			return nil, ErrPublicValue
		}
		secret, err := key.ECDH(pub)
		if err != nil {
			return nil, ErrPublicValue
		}
		return secret, nil
	}}, nil
}
