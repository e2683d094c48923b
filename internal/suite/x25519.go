package suite

import (
	"io"

	circl "github.com/cloudflare/circl/dh/x25519"
)

// x25519 is group 31 (RFC 8031). Its public values are all valid; one of small
// order gives a shared secret of zeros, which is refused.
type x25519 struct{}

func (x25519) valid([]byte) bool { return true }

func (x25519) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	var secret, public circl.Key
	if _, err := io.ReadFull(rand, secret[:]); err != nil {
		return nil, err
	}
	circl.KeyGen(&public, &secret)
	return &PrivateKey{group: g, public: public[:], shared: func(peer []byte) ([]byte, error) {
		var theirs, shared circl.Key
		if copy(theirs[:], peer) != len(theirs) || !circl.Shared(&shared, &secret, &theirs) {
			return nil, ErrPublicValue
		}
		return shared[:], nil
	}}, nil
}
