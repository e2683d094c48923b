package esp

import (
	"bytes"
	"sync"
	"testing"
)

// Several workers share an SA: no sequence number comes twice, and of packets that
// arrive twice at once one is taken.
func TestConcurrent(t *testing.T) {
	names, sas := suites()
	const workers, each = 4, 40
	for _, k := range []int{0, 6, len(sas) - 10} { // combined, AES-GCM with eight octets, CBC
		sa := sas[k]
		sa.Replay = MaxWindow
		o, i := pair(t, sa)
		sealed := make(chan []byte, 2*workers*each)
		var sealing, opening sync.WaitGroup
		for range workers {
			sealing.Go(func() {
				for n := range each {
					packet, err := o.Seal(nil, packet4(n), start)
					if err != nil {
						t.Error(err)
					}
					again := bytes.Clone(packet)
					sealed <- packet
					sealed <- again
				}
			})
		}
		for range workers {
			opening.Go(func() {
				for packet := range sealed {
					if _, _, err := i.Open(packet, outer4, start); err != nil && err != Replayed {
						t.Error(err)
					}
				}
			})
		}
		sealing.Wait()
		close(sealed)
		opening.Wait()
		if n := i.Counters().Packets; n != workers*each || i.Of(Replayed) != workers*each {
			t.Errorf("%s: %d packets, %d replayed", names[k], n, i.Of(Replayed))
		}
	}
}
