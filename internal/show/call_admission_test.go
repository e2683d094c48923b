package show

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/policy"
)

// What others changed on the host, and packets of no SA, are counted below what IOS prints.
func TestCountersOfTheHost(t *testing.T) {
	var text strings.Builder
	v := engine.View{Counters: engine.Counters{InvalidSPIs: 17, Repaired: 3, Unrepaired: 1}}
	if err := CallAdmission(&text, v, &policy.Config{}); err != nil {
		t.Fatal(err)
	}
	if want := "IPSEC packets with an invalid SPI:           17\n\nChanged by others on this host: 4 repaired: 3 not repaired: 1\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("%s\nwant at its end %q", text.String(), want)
	}
}
