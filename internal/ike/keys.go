package ike

import (
	"slices"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Keys are those of an IKE SA, for who reads a capture of it. Only a simulated
// router tells them (Env.Keys): its negotiation protects nothing.
type Keys struct {
	Version    int // 1 or 2
	SPIi, SPIr wire.SPI
	Hash       *suite.Hash // of version 1: the vectors are made with it
	Encr       *suite.Cipher
	Integ      *suite.Integrity // nil in version 1, and with a combined cipher
	// Ei and Er are SK_ei and SK_er, with the salt of a combined cipher behind
	// them; version 1 has one key for both.
	Ei, Er suite.Key
	Ai, Ar suite.Key // SK_ai and SK_ar, empty without Integ
}

// Clone copies the keys: those that Env.Keys is given are wiped sooner or later.
func (k Keys) Clone() Keys {
	for _, key := range []*suite.Key{&k.Ei, &k.Er, &k.Ai, &k.Ar} {
		*key = slices.Clone(*key)
	}
	return k
}
