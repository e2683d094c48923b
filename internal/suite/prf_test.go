package suite

import (
	"bytes"
	"testing"
)

// A prf that was begun and finished is the prf of the whole, wherever it is cut.
func TestBegunPRF(t *testing.T) {
	input := bytes.Repeat([]byte("HASH_I and HASH_R"), 40)
	for _, h := range Hashes() {
		key := Key(bytes.Repeat([]byte{7}, h.Size))
		want := h.PRF(key, input)
		for cut := range len(input) + 1 {
			begun := h.Begin(key, input[:cut/2], input[cut/2:cut])
			for range 2 { // finishing uses nothing up
				if got := h.Finish(key, begun, input[cut:]); !bytes.Equal(got, want) {
					t.Fatalf("%s cut at %d: %x, want %x", h.IOS, cut, got, want)
				}
			}
		}
		if got := h.Finish(key, nil, input); len(got) != h.Size || bytes.Equal(got, want) {
			t.Errorf("%s of no state: %x", h.IOS, got)
		}
	}
}
