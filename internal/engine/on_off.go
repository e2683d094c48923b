package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
)

// switchISAKMP reports when a configuration has switched ISAKMP on or off.
func (e *Engine) switchISAKMP(now time.Time) {
	if on := e.active(); on != e.on {
		e.on = on
		e.report(now, ISAKMPOnOff{On: on})
	}
}

// active says whether ISAKMP is on.
func (e *Engine) active() bool {
	return !e.env.Config.ISAKMP.Disabled && (slices.ContainsFunc(e.tunnels.All(), (*tunnel.Tunnel).Active) ||
		slices.ContainsFunc(e.env.Config.Interfaces, func(i *policy.Interface) bool { return i.Template != nil && !i.Shutdown }))
}
