package engine

import (
	"maps"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// Intent is what has to stand in the data plane when all that was ordered so far is
// carried out; of SAs the names.
func (e *Engine) Intent() (tunnel.Intent, []ipsec.SAID) {
	return e.tunnels.Intent(), slices.Collect(maps.Keys(e.children.of))
}
