package pki

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
)

// A CAHash names a CA by the SHA-256 of its certificate.
type CAHash = [sha256.Size]byte

func caHash(c *Certificate) CAHash { return sha256.Sum256(c.Raw()) }

// A claim is what something takes of a room that has an end, and on whose account: of
// the CA that issued the certificate, and of those above it, who made it a CA.
type claim struct {
	cas    []CAHash // the anchor first
	size   int
	number uint64 // the order in which they came
}

func (c claim) of() claim { return c }

// at is the CA so far below the anchor; zero: the issuer stands above.
func (c claim) at(depth int) (ca CAHash) {
	if depth < len(c.cas) {
		ca = c.cas[depth]
	}
	return ca
}

// crowding are the claims that have to go where there is no room for all: from the
// anchors down those of the CA which takes most, the ones below it counted; of its own
// the oldest, an eighth of them, so that this is not to be found out for each that comes.
// So a CA fills the room of others with nothing: not with its own, and not with that of
// CAs that it makes.
func crowding(claims []claim) []claim {
	type group struct {
		size   int
		oldest uint64
	}
	for depth := 0; ; depth++ {
		groups := map[CAHash]group{}
		for _, c := range claims {
			g, again := groups[c.at(depth)]
			if !again || c.number < g.oldest {
				g.oldest = c.number
			}
			g.size += c.size
			groups[c.at(depth)] = g
		}
		var most CAHash
		first := true
		for ca, g := range groups {
			if m := groups[most]; first || g.size > m.size || g.size == m.size && g.oldest < m.oldest {
				most, first = ca, false
			}
		}
		claims = slices.DeleteFunc(claims, func(c claim) bool { return c.at(depth) != most })
		if most == (CAHash{}) {
			break
		}
	}
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.number, b.number) })
	return claims[:(len(claims)+7)/8]
}

// among says whether a claim is one of those, which are in their order.
func (c claim) among(claims []claim) bool {
	_, ok := slices.BinarySearchFunc(claims, c.number, func(c claim, n uint64) int { return cmp.Compare(c.number, n) })
	return ok
}

// bound holds a map to so many. The one that came last stays.
func bound[V interface{ of() claim }](held map[string]V, most int) {
	if len(held) <= most {
		return
	}
	claims := make([]claim, 0, len(held))
	for _, v := range held {
		claims = append(claims, v.of())
	}
	goes := crowding(claims)
	maps.DeleteFunc(held, func(_ string, v V) bool { return v.of().among(goes) })
}
