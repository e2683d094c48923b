//go:build vm

package interop

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// Messages with two certificates leave in fragments at both ends, and no packet of
// R1's is larger than 576 octets. (With fragmentation=yes pluto would send fragments
// only of what it repeats.)
func TestFragmentation(t *testing.T) {
	for _, d := range others {
		t.Run(d.name, func(t *testing.T) {
			x := certified("crypto isakmp fragmentation\n", "fragmentation = yes", "\tfragmentation=force\n\tsendca=issuer\n")
			b, h := newChainLab(t, x)
			p := d.start(b, h, x)
			b.turns(t, p, func(t *testing.T, packets []routers.Packet) {
				var ours, theirs, most int
				for _, packet := range packets {
					if !packet.ISAKMP() {
						continue
					}
					fragment := packet.Payload[16] == 132
					switch {
					case packet.Sent:
						most = max(most, len(packet.Data))
						if fragment {
							ours++
						}
					case fragment:
						theirs++
					}
				}
				t.Logf("%d fragments of obold's, %d of the peer's; obold's largest packet has %d octets", ours, theirs, most)
				if ours < 2 || theirs < 2 || most > 576 {
					t.Error("want fragments both ways, and of obold no packet above 576 octets")
				}
			})
		})
	}
}
