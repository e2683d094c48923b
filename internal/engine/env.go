package engine

import (
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// established is ike.Env's. IPsec SAs whose IKE SA of version 1 has ended are no
// first contact.
func (e *Engine) established(local, remote netip.Addr) bool {
	for _, x := range e.sessions.all {
		if l, r := x.Addresses(); (x.Established() || x.v1 != nil && !x.Alive() && !x.Done()) && l.Addr() == local && r.Addr() == remote {
			return true
		}
	}
	return false
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
		if spi > 255 && !e.uses(spi) {
			return spi
		}
	}
}

func (e *Engine) uses(spi uint32) bool {
	for id := range e.children {
		if id.SPI == spi {
			return true
		}
	}
	return false
}
