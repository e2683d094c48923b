//go:build netns

package netns

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// The note's cases of IKEv2, and the examples, over real sockets: who begins, and how
// it ends.
func TestIKEv2(t *testing.T) {
	for _, c := range []struct {
		config string
		order  routers.Order
		first  string // who begins
		failed string // why it does not come up; "": it does
	}{
		{"note/ikev2-certificates-", routers.OneOrder, "R1", ""},
		{"note/ikev2-certificates-", routers.OneOrder, "R2", ""},
		{"note/ikev2-overlap-", routers.OneOrder, "R1", "TS_UNACCEPTABLE"},
		{"note/ikev2-no-trustpoint-", routers.TwoOrder, "R1", "Failed to build certificate payload"},
		{"note/ikev2-no-trustpoint-", routers.TwoOrder, "R2", ""},
		{"note/ikev2-two-trustpoints-", routers.TwoOrder, "R2", "AUTHENTICATION_FAILED"},
		{"note/ikev2-two-trustpoints-", routers.TwoOrder, "R1", ""},
		{"ikev2-psk/", routers.Order{}, "R1", ""},
		{"ikev2-psk/", routers.Order{}, "R2", ""},
		{"ikev2-modern/", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}, "R1", ""},
	} {
		t.Run(c.config+" "+c.first, func(t *testing.T) {
			p := pairOf(t, c.config, c.order)
			start(t, p)
			first := p.R1
			if c.first == "R2" {
				first = p.R2
			}
			if c.failed != "" {
				want(t, "initiate", obol(t, first, 1, "initiate", "Tunnel1"), c.failed)
				return
			}
			must(t, p.Up(first, "Tunnel1"))
			for _, r := range []*routers.Router{p.R1, p.R2} {
				want(t, r.Name, obol(t, r, 0, "initiate", "Tunnel1"), "Tunnel1 is up already")
			}
			if strings.Contains(p.R1.Log()+p.R2.Log(), "cisco1") {
				t.Error("a key is in a log")
			}
		})
	}
}
