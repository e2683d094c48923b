package suite

import (
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"io"
)

// mlkem768 is ML-KEM-768 (FIPS 203), an additional key exchange only (RFC
// 9370): the initiator's value is the encapsulation key, the responder's the
// ciphertext.
type mlkem768 struct{}

// valid leaves it to encapsulate768, which has no key of its own to make.
func (mlkem768) valid([]byte) bool { return true }

func (mlkem768) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	seed := make([]byte, mlkem.SeedSize)
	defer clear(seed)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, err
	}
	key, err := mlkem.NewDecapsulationKey768(seed)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{group: g, public: key.EncapsulationKey().Bytes(), shared: key.Decapsulate}, nil
}

// encapsulate768 draws its randomness itself, as crypto/mlkem takes none from
// its caller: mlkemtest's function is the same one with the random octets given.
func encapsulate768(rand io.Reader, peer []byte) (public, shared []byte, err error) {
	key, err := mlkem.NewEncapsulationKey768(peer)
	if err != nil {
		return nil, nil, ErrPublicValue
	}
	random := make([]byte, 32)
	defer clear(random)
	if _, err := io.ReadFull(rand, random); err != nil {
		return nil, nil, err
	}
	shared, public, err = mlkemtest.Encapsulate768(key, random)
	return public, shared, err
}
