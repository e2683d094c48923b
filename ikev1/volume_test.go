package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

// Volume limits lie within a tenth below what was negotiated, each elsewhere; both
// SAs of a pair have the same, and the soft one is 256 kilobytes before it.
func TestVolumeJitter(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for range 12 {
		p.r1.session.StartChild(p.now, p.r1.itf)
		p.r1.collect(p.now)
		p.settle()
		p.advance(2*handoverTime+drainTime, nil)
	}
	seen := map[uint64]bool{}
	for _, up := range all[ike.ChildUp](p.r1) {
		if up.In.Hard.Kilobytes != 4608000 {
			t.Errorf("negotiated: %d", up.In.Hard.Kilobytes)
		}
	}
	for _, r := range []*party{p.r1, p.r2} {
		for _, limit := range r.limits {
			if limit.hard > 4608000 || limit.hard <= 4608000*9/10 || limit.soft != limit.hard-256 {
				t.Errorf("%s: %+v", r.name, limit)
			}
			seen[limit.hard] = true
		}
	}
	if len(seen) < 20 || len(seen) > 26 {
		t.Errorf("%d limits of 26 pairs", len(seen))
	}
}
