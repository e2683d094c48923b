package esp

import (
	"math/rand/v2"
	"testing"
)

func TestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
			if n%3 == 0 {
				b[i] = 0xff
			}
		}
		want := uint32(0)
		for i := 0; i < n; i += 2 {
			word := uint32(b[i]) << 8
			if i+1 < n {
				word |= uint32(b[i+1])
			}
			if want += word; want > 0xffff {
				want -= 0xffff
			}
		}
		if got := Fold(Sum(0, b)); got != uint16(want) {
			t.Errorf("%d octets: %04x, want %04x", n, got, want)
		}
	}
}
