package engine

import "github.com/obol-ike/obol/internal/ipsec"

// A book tells whose an SA is that is installed, or being installed.
type book struct {
	of   map[ipsec.SAID]*entry
	spis map[uint32]int // how many of these have an SPI
}

func newBook() book { return book{of: map[ipsec.SAID]*entry{}, spis: map[uint32]int{}} }

// enter gives an SA to a session, be it another's so far.
func (b *book) enter(id ipsec.SAID, x *entry) {
	b.strike(id)
	b.of[id] = x
	b.spis[id.SPI]++
	x.booked++
}

func (b *book) strike(id ipsec.SAID) {
	owner := b.of[id]
	if owner == nil {
		return
	}
	owner.booked--
	delete(b.of, id)
	if b.spis[id.SPI]--; b.spis[id.SPI] == 0 {
		delete(b.spis, id.SPI)
	}
}

// forget strikes what a session has left behind. The book is long where there are
// many peers, and most leave nothing.
func (b *book) forget(x *entry) {
	if x.booked == 0 {
		return
	}
	for id, owner := range b.of {
		if owner == x {
			b.strike(id)
		}
	}
}
