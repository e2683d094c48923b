package scenario

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// The responder of a rekey may send on the new pair with its answer, as pluto does,
// and the initiator has the keys when it has read that. What comes before is not
// lost.
func TestEarlyPackets(t *testing.T) {
	const short = "crypto ipsec profile prof1 | set security-association lifetime seconds 120\n"
	for version, config := range map[string]string{"IKEv1": "", "IKEv2": "config ikev2-psk/\n"} {
		t.Run(version, func(t *testing.T) {
			r := started(t, 1, config+"add R1 "+short+"add R2 "+short+"start\ninitiate R1 Tunnel1\nwait up 5s\nadvance 10s\n")
			r1, _ := r.router("R1")
			r2, _ := r.router("R2")
			if !r.world.Until(2*time.Minute, func() bool { return len(r1.Dataplane.Expected) > 0 }) {
				t.Fatal("R1 expects no SA")
			}
			spi := slices.Collect(maps.Keys(r1.Dataplane.Expected))[0]
			var early ipsec.SA
			for _, sa := range r2.Dataplane.SAs {
				if sa.Direction == ipsec.Out {
					early = sa
				}
			}
			early.SPI = spi
			if err := r2.Dataplane.InstallSA(early); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				r.world.Pass(r2.Router, r1.Router, "Tunnel1", "Tunnel1")
			}
			if err := r2.Dataplane.RemoveSA(early.SAID); err != nil { // its own comes yet
				t.Fatal(err)
			}
			r.world.Run(time.Second)
			if n := len(r1.Dataplane.Expected); n != 0 {
				t.Errorf("%d SAs are expected", n)
			}
			for id, sa := range r1.Dataplane.SAs {
				if sa.Direction != ipsec.In || sa.SPI != spi {
					continue
				}
				if got, err := r1.Dataplane.QuerySA(id); err != nil || got.Packets != 3 {
					t.Errorf("the new SA has %d packets, %v, want 3", got.Packets, err)
				}
				return
			}
			t.Error("the pair was not rekeyed")
		})
	}
}
