package engine

import (
	"maps"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Intent is what has to stand in the data plane when all that was ordered so far is
// carried out.
func (e *Engine) Intent() ipsec.Intent {
	i := e.tunnels.Intent()
	i.SAs = slices.Collect(maps.Keys(e.children.of))
	return i
}
