package ikev2

import (
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Keys are those of an IKE SA (RFC 7296 section 2.14). SK_ai and SK_ar are
// empty with a combined cipher, whose SK_ei and SK_er hold a salt behind the key
// (RFC 5282 section 7.1).
type Keys struct{ D, Ai, Ar, Ei, Er, Pi, Pr suite.Key }

// Lengths are what the negotiated algorithms need, in octets.
type Lengths struct{ Integ, Encr int }

// SKEYSEED begins a first IKE SA, RFC 7296 section 2.14: "SKEYSEED = prf(Ni |
// Nr, g^ir)".
func SKEYSEED(h *suite.Hash, ni, nr, gir []byte) suite.Key {
	return h.PRF(concat(ni, nr), gir)
}

// RekeySKEYSEED begins an IKE SA that replaces one, RFC 7296 section 2.18:
// "SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr)". The secrets of additional key
// exchanges follow, RFC 9370 section 2.2.4: "SKEYSEED = prf(SK_d, SK(0) | Ni | Nr |
// SK(1) | ... SK(n))"; one before IKE_AUTH does the same with its own secret (section
// 2.2.2).
func RekeySKEYSEED(h *suite.Hash, d suite.Key, gir, ni, nr []byte, more ...[]byte) suite.Key {
	return h.PRF(d, append([][]byte{gir, ni, nr}, more...)...)
}

// DeriveKeys makes the keys of an IKE SA, RFC 7296 section 2.14: "{SK_d | SK_ai
// | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+ (SKEYSEED, Ni | Nr | SPIi |
// SPIr)".
func DeriveKeys(h *suite.Hash, seed suite.Key, ni, nr []byte, i, r wire.SPI, n Lengths) Keys {
	stream := prfPlus(h, seed, 3*h.Size+2*n.Integ+2*n.Encr, ni, nr, i[:], r[:])
	next := func(n int) suite.Key {
		key := stream[:n:n]
		stream = stream[n:]
		return key
	}
	return Keys{
		D: next(h.Size), Ai: next(n.Integ), Ar: next(n.Integ), Ei: next(n.Encr), Er: next(n.Encr), Pi: next(h.Size), Pr: next(h.Size),
	}
}

// Keymat makes n octets of keys for a child SA, RFC 7296 section 2.17: "KEYMAT =
// prf+(SK_d, Ni | Nr)", or with a key exchange of its own "prf+(SK_d, g^ir (new)
// | Ni | Nr )", and with additional ones (RFC 9370 section 2.2.4) "prf+ (SK_d, SK(0) |
// Ni | Nr | SK(1) | ... SK(n))".
func Keymat(h *suite.Hash, d suite.Key, gir, ni, nr []byte, n int, more ...[]byte) suite.Key {
	return prfPlus(h, d, n, append([][]byte{gir, ni, nr}, more...)...)
}

// prfPlus is prf+ of RFC 7296 section 2.13:
//
//	prf+ (K,S) = T1 | T2 | T3 | T4 | ...
//	T1 = prf (K, S | 0x01)
//	T2 = prf (K, T1 | S | 0x02)
//
// n is at most 255 times the size of the prf.
func prfPlus(h *suite.Hash, key suite.Key, n int, seed ...[]byte) suite.Key {
	prf, s := h.Keyed(key), concat(seed...)
	out := make(suite.Key, 0, n)
	var t []byte
	for i := byte(1); len(out) < n; i++ {
		t = prf.Sum(t, s, []byte{i})
		out = append(out, t[:min(len(t), n-len(out))]...)
	}
	return out
}

// reveal tells the keys of an SA to who asked for them (ike.Env.Keys).
func (s *Session) reveal(x *ikeSA, k Keys) {
	if s.env.Keys == nil {
		return
	}
	s.env.Keys(ike.Keys{
		Version: 2, SPIi: x.spiI, SPIr: x.spiR, Encr: x.agreed.encr, Integ: x.agreed.integ, Ei: k.Ei, Er: k.Er, Ai: k.Ai, Ar: k.Ar,
	})
}

// Wipe overwrites all seven.
func (k *Keys) Wipe() {
	for _, key := range []suite.Key{k.D, k.Ai, k.Ar, k.Ei, k.Er, k.Pi, k.Pr} {
		key.Wipe()
	}
}

func concat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
