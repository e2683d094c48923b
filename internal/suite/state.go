package suite

import "github.com/obol-ike/obol/internal/state"

// Algorithms stand in a state by their IKEv2 numbers, 0 for none.

// StateCipher describes a cipher.
func StateCipher(c *state.Codec, p **Cipher) {
	state.Row(c, p, func(x *Cipher) uint16 { return x.V2 }, CipherV2)
}

// StateHash describes a hash.
func StateHash(c *state.Codec, p **Hash) {
	state.Row(c, p, func(x *Hash) uint16 { return x.V2 }, HashV2)
}

// StateIntegrity describes an integrity algorithm.
func StateIntegrity(c *state.Codec, p **Integrity) {
	state.Row(c, p, func(x *Integrity) uint16 { return x.V2 }, IntegrityV2)
}

// StateGroup describes a group.
func StateGroup(c *state.Codec, p **Group) {
	state.Row(c, p, func(x *Group) uint16 { return x.Number }, GroupV2)
}
