package esp

import "math/bits"

// MaxWindow is the largest anti-replay window, in packets.
const MaxWindow = 4096

// A window knows which of the newest sequence numbers were received: a ring of bits
// in the manner of RFC 6479, one word longer than the window, so that it moves by
// clearing words and not by shifting. One of size 0 takes everything.
type window struct {
	size uint64
	top  uint64 // highest sequence number that was authenticated
	ring []uint64
}

const wordBits = 64

func newWindow(size int) window {
	w := window{size: uint64(size)}
	if size > 0 {
		words := (size+wordBits-1)/wordBits + 1
		w.ring = make([]uint64, 1<<bits.Len(uint(words-1)))
	}
	return w
}

// place gives the sequence number whose low-order 32 bits came in a packet (RFC
// 4303 appendix A2.2): the one in the window or within 2^32 above it.
func (w *window) place(low uint32, esn bool) (seq uint64, ok bool) {
	if !esn {
		return uint64(low), true
	}
	bottom := w.top - (w.size - 1) // below zero for the first packets: its low-order bits will do
	high := w.top >> 32
	switch wraps := uint32(w.top) < uint32(w.size-1); {
	case wraps && low >= uint32(bottom):
		high-- // of the subspace before; there is none before the first
		ok = w.top>>32 > 0
	case !wraps && low < uint32(bottom):
		high++
		ok = high>>32 == 0
	default:
		ok = true
	}
	return high<<32 | uint64(low), ok
}

// fresh says whether a packet may be new. RFC 4303 section 3.3.3: the first packet
// has sequence number 1.
func (w *window) fresh(seq uint64) bool {
	switch {
	case w.size == 0 || seq > w.top:
		return true
	case seq == 0 || w.top-seq >= w.size:
		return false
	}
	word, bit := w.at(seq)
	return *word&bit == 0
}

// accept notes a packet that was authenticated. It is false for one that has been
// noted since it was fresh.
func (w *window) accept(seq uint64) bool {
	if !w.fresh(seq) {
		return false
	}
	if w.size == 0 {
		return true
	}
	if seq > w.top {
		first, last := w.top/wordBits+1, seq/wordBits
		for i := first; i <= last && i < first+uint64(len(w.ring)); i++ {
			w.ring[i&uint64(len(w.ring)-1)] = 0
		}
		w.top = seq
	}
	word, bit := w.at(seq)
	*word |= bit
	return true
}

func (w *window) at(seq uint64) (word *uint64, bit uint64) {
	return &w.ring[seq/wordBits&uint64(len(w.ring)-1)], 1 << (seq % wordBits)
}
