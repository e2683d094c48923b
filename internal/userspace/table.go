package userspace

import (
	"maps"
	"sync/atomic"
)

// A table finds inbound SAs by their SPI. Reading takes no lock: a part of it, of
// those whose SPI ends alike, is replaced as a whole. Who writes holds the data plane's
// mutex.
type table [256]atomic.Pointer[map[uint32]*inbound]

func (t *table) find(spi uint32) *inbound {
	if part := t[spi&0xff].Load(); part != nil {
		return (*part)[spi]
	}
	return nil
}

func (t *table) put(spi uint32, sa *inbound) {
	t.change(spi, func(part map[uint32]*inbound) { part[spi] = sa })
}

func (t *table) remove(spi uint32) {
	t.change(spi, func(part map[uint32]*inbound) { delete(part, spi) })
}

func (t *table) change(spi uint32, f func(map[uint32]*inbound)) {
	next := map[uint32]*inbound{}
	if part := t[spi&0xff].Load(); part != nil {
		next = maps.Clone(*part)
	}
	f(next)
	t[spi&0xff].Store(&next)
}
