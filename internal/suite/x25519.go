package suite

import (
	"io"

	"filippo.io/edwards25519"
	circl "github.com/cloudflare/circl/dh/x25519"
)

// x25519 is group 31 (RFC 8031). Its public values are all valid; one of small
// order gives a shared secret of zeros, which is refused.
//
// A public value is computed on Ed25519, the same curve in another form (RFC 7748
// section 4.1): for its base point there is a table, and the ladder takes half as long
// again.
type x25519 struct{}

func (x25519) valid([]byte) bool { return true }

func (x25519) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	var secret, public circl.Key
	if _, err := io.ReadFull(rand, secret[:]); err != nil {
		return nil, err
	}
	k, err := edwards25519.NewScalar().SetBytesWithClamping(secret[:])
	if err != nil {
		return nil, err
	}
	copy(public[:], new(edwards25519.Point).ScalarBaseMult(k).BytesMontgomery())
	return &PrivateKey{group: g, public: public[:], shared: func(peer []byte) ([]byte, error) {
		var theirs, shared circl.Key
		if copy(theirs[:], peer) != len(theirs) || !circl.Shared(&shared, &secret, &theirs) {
			return nil, ErrPublicValue
		}
		return shared[:], nil
	}}, nil
}
