package ikev2

import (
	"testing"
)

func TestPresharedUp(t *testing.T) {
	for _, who := range []string{"R1", "R2"} {
		p := pskPair(t)
		r := p.r1
		if who == "R2" {
			r = p.r2
		}
		p.up(r)
		for id, sa := range p.r1.sas {
			other, ok := p.r2.sas[id]
			if !ok || string(other.EncrKey) != string(sa.EncrKey) || string(other.IntegKey) != string(sa.IntegKey) || other.Direction == sa.Direction {
				t.Errorf("%v: %v and %v", id, sa, other)
			}
		}
	}
}
