package esp

import (
	"math/rand/v2"
	"testing"
)

// The window against a set of all that was received: every size that IOS knows and
// those around a word of the ring, with leaps, repetitions and stragglers.
func TestWindow(t *testing.T) {
	for _, size := range []int{1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 256, 512, 1024, 4095, MaxWindow} {
		w, random := newWindow(size), rand.New(source())
		received, top := map[uint64]bool{}, uint64(0)
		for range 20000 {
			seq := top + 1
			switch random.IntN(8) {
			case 0:
				seq = top - min(top, random.Uint64N(uint64(2*size)+3))
			case 1:
				seq = top + random.Uint64N(uint64(3*size)+3)
			case 2:
				seq = top - min(top, uint64(size-1+random.IntN(2)))
			}
			want := seq > 0 && seq+uint64(size) > top && !received[seq]
			if got := w.fresh(seq); got != want {
				t.Fatalf("size %d, %d after %d: fresh %v, want %v", size, seq, top, got, want)
			}
			if random.IntN(16) == 0 {
				continue // its ICV was wrong
			}
			if got := w.accept(seq); got != want {
				t.Fatalf("size %d, %d after %d: accepted %v, want %v", size, seq, top, got, want)
			}
			if want {
				received[seq] = true
				top = max(top, seq)
			}
		}
	}
}

// Each edge of the window, by hand.
func TestWindowEdges(t *testing.T) {
	const size, top = 64, 1000
	w := newWindow(size)
	for _, step := range []struct {
		seq  uint64
		want bool
	}{
		{0, false}, {1, true}, {1, false}, {top, true}, {top, false}, {top - size, false}, {top - size + 1, true}, {top - size + 1, false},
		{top - 1, true}, {top + 1, true}, {top - size + 1, false}, {1<<32 - 1, true}, {top + 2, false}, {1<<32 - size, true}, {1<<32 - size - 1, false},
	} {
		if got := w.accept(step.seq); got != step.want {
			t.Errorf("%d: %v, want %v", step.seq, got, step.want)
		}
	}
	none := newWindow(0)
	for _, seq := range []uint64{0, 5, 5, 1} {
		if !none.accept(seq) {
			t.Errorf("no window, and %d is refused", seq)
		}
	}
}

// The high-order bits of an extended sequence number, from its low-order bits and
// the window: RFC 4303 appendix A2.2.
func TestPlace(t *testing.T) {
	const size, wrap = 64, uint64(1) << 32
	for _, c := range []struct {
		top  uint64
		low  uint32
		want uint64 // 0: there is none
	}{
		{0, 1, 1}, {0, 1<<32 - 64, 1<<32 - 64}, {0, 1<<32 - 63, 0}, {10, 11, 11}, {10, 1<<32 - 1, 0},
		{63, 0, 0}, {64, 1, 1}, {64, 0, wrap}, {wrap - 1, 1<<32 - 64, wrap - 64}, {wrap - 1, 1<<32 - 65, 2*wrap - 65}, {wrap - 1, 0, wrap},
		{wrap, 1<<32 - 63, wrap - 63}, {wrap, 1<<32 - 64, 2*wrap - 64}, {wrap, 1, wrap + 1}, {wrap + 62, 1<<32 - 1, wrap - 1}, {wrap + 62, 62, wrap + 62},
		{wrap + 63, 1<<32 - 1, 2*wrap - 1}, {wrap + 63, 0, wrap}, {wrap + 64, 0, 2 * wrap},
		{1<<64 - 1, 1<<32 - 64, 1<<64 - 64}, {1<<64 - 1, 1<<32 - 65, 0}, {1<<64 - 1, 0, 0},
	} {
		w := newWindow(size)
		w.top = c.top
		seq, ok := w.place(c.low, true)
		if c.want == 0 && c.low == 0 && c.top < wrap {
			// Sequence number 0 is none: fresh refuses it.
			ok = ok && w.fresh(seq)
		}
		if ok != (c.want != 0) || ok && seq != c.want {
			t.Errorf("%#x in a window up to %#x: %#x %v, want %#x", c.low, c.top, seq, ok, c.want)
		}
		if seq, ok := w.place(c.low, false); !ok || seq != uint64(c.low) {
			t.Errorf("32 bits, %#x: %#x %v", c.low, seq, ok)
		}
	}
}
