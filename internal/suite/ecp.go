package suite

import (
	"crypto/ecdh"
	"io"
)

// ecp is an elliptic curve group of RFC 5903.
type ecp struct {
	curve ecdh.Curve
	mask  byte // of the scalar's first octet: 521 bits leave 7 unused
}

// generate draws the scalar itself, because ecdh ignores the reader given to
// GenerateKey, and a seed has to replay the exchange.
func (c ecp) generate(g *Group, rand io.Reader) (*PrivateKey, error) {
	scalar := make([]byte, g.PublicLen/2)
	defer clear(scalar)
	for range maxDraws {
		if _, err := io.ReadFull(rand, scalar); err != nil {
			return nil, err
		}
		scalar[0] &= c.mask
		if key, err := c.curve.NewPrivateKey(scalar); err == nil {
			return c.private(g, key), nil
		}
	}
	return nil, errNoKey
}

func (c ecp) valid(peer []byte) bool {
	_, err := c.point(peer)
	return err == nil
}

// point reads a peer's value, which must be on the curve.
func (c ecp) point(peer []byte) (*ecdh.PublicKey, error) {
	pub, err := c.curve.NewPublicKey(append([]byte{4}, peer...))
	if err != nil {
		return nil, ErrPublicValue
	}
	return pub, nil
}

func (c ecp) private(g *Group, key *ecdh.PrivateKey) *PrivateKey {
	return &PrivateKey{
		group:  g,
		public: key.PublicKey().Bytes()[1:], // without the 4 of an uncompressed point
		shared: func(peer []byte) ([]byte, error) {
			pub, err := c.point(peer)
			if err != nil {
				return nil, err
			}
			return key.ECDH(pub)
		},
	}
}
