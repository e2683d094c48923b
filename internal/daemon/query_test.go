package daemon

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Questions about SAs are answered in their order, those about none too.
func TestQueriesAreAnswered(t *testing.T) {
	d := running(t, &recording{memory: newMemory()})
	defer d.sockets.Close()
	ids := []ipsec.SAID{{SPI: 256}, {SPI: 257}, {SPI: 258}}
	for _, id := range ids[:2] {
		if err := d.kernel.plane.InstallSA(ipsec.SA{SAID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		d.shard.apply(ike.QuerySA{SAID: id})
	}
	for i, id := range ids {
		if e, ok := (<-d.shard.answers).(ipsec.Queried); !ok || e.SAID != id || (e.Err == nil) != (i < 2) {
			t.Errorf("answer %d: %+v", i, e)
		}
	}
	if err := d.kernel.close(t.Context()); err != nil {
		t.Error(err)
	}
}
