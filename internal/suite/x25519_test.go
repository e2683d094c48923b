package suite

import (
	"bytes"
	"crypto/ecdh"
	"math/rand/v2"
	"testing"
)

// X25519 against crypto/ecdh: public and shared values of random keys, with any
// octets for the peer's, also above the prime, with the highest bit set, and of
// small order.
func TestX25519AgainstECDH(t *testing.T) {
	g, _ := GroupV2(31)
	rng := rand.NewChaCha8([32]byte{31})
	peers := [][]byte{
		make([]byte, 32), append([]byte{1}, make([]byte, 31)...), bytes.Repeat([]byte{255}, 32),
		unhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), // of order 8
		unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // p-1
		unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // p
		unhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // p+1
		unhex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"), // p+3, highest bit
	}
	for range 200 {
		p := make([]byte, 32)
		rng.Read(p)
		peers = append(peers, p)
	}
	for _, peer := range peers {
		secret := make([]byte, 32)
		rng.Read(secret)
		ours, err := g.Generate(bytes.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := ecdh.X25519().NewPrivateKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ours.Public(), theirs.PublicKey().Bytes()) {
			t.Errorf("public value of %x: %x", secret, ours.Public())
		}
		pub, err := ecdh.X25519().NewPublicKey(peer)
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := theirs.ECDH(pub)
		got, err := ours.Shared(peer)
		if !bytes.Equal(got, want) || (err != nil) != (wantErr != nil) {
			t.Errorf("%x with %x: %x %v, want %x %v", secret, peer, got, err, want, wantErr)
		}
	}
}

// BenchmarkX25519 is a responder's part.
func BenchmarkX25519(b *testing.B) {
	g, _ := GroupV2(31)
	peer, err := g.Generate(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := g.Answer(rand.NewChaCha8([32]byte{2}), peer.Public()); err != nil {
			b.Fatal(err)
		}
	}
}
