package daemon

import (
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// A question about an SA has an answer, also when there is no such SA.
func TestQueriesAreAnswered(t *testing.T) {
	plane := newMemory()
	there, gone := ipsec.SAID{SPI: 256}, ipsec.SAID{SPI: 257}
	if err := plane.InstallSA(ipsec.SA{SAID: there}); err != nil {
		t.Fatal(err)
	}
	if a := query(plane, there); a.SAID != there || a.Err != nil || a.Counters.Added.IsZero() {
		t.Errorf("%+v", a)
	}
	if a := query(plane, gone); a.SAID != gone || a.Err == nil {
		t.Errorf("%+v", a)
	}
}
