package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/tunnel"
)

// switchISAKMP reports when a configuration has switched ISAKMP on or off.
func (e *Engine) switchISAKMP(now time.Time) {
	on := !e.env.Config.ISAKMP.Disabled && slices.ContainsFunc(e.tunnels.All(), (*tunnel.Tunnel).Active)
	if on != e.on {
		e.on = on
		e.report(now, ISAKMPOnOff{On: on})
	}
}
