package engine

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// established is ike.Env's. IPsec SAs whose IKE SA of version 1 has ended are no
// first contact.
func (e *Engine) established(between ike.Ends) bool {
	return slices.ContainsFunc(e.sessions.at(between), func(x *entry) bool {
		return x.Established() || x.v1 != nil && !x.Alive() && !x.Done()
	})
}

// carries is ike.Env's.
func (e *Engine) carries(tunnel string, in ipsec.Selector) bool {
	for _, x := range e.sessions.all {
		if x.Carries(tunnel, in) {
			return true
		}
	}
	return false
}

// answers is ike.Env's.
func (e *Engine) answers(tunnel string) bool {
	return slices.ContainsFunc(e.sessions.all, func(x *entry) bool { return x.v1 != nil && x.v1.Answers(tunnel) })
}

// newSPI is ike.Env's: RFC 2406 section 2.1 reserves the values up to 255. 0
// when the source of randomness fails. An SPI drawn twice before the first was
// installed fails there, and with it that negotiation.
func (e *Engine) newSPI() uint32 {
	for {
		var b [4]byte
		if _, err := io.ReadFull(e.env.Rand, b[:]); err != nil {
			return 0
		}
		spi := binary.BigEndian.Uint32(b[:])
		if spi > 255 && e.children.spis[spi] == 0 {
			return spi
		}
	}
}
