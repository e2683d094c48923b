package control

import (
	"slices"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
)

// rekey replaces a tunnel's SAs, or its IKE SA, and waits for the successor. The
// tunnel goes on with what it has when that does not come.
func (e *exec) rekey(name string, phase1 bool, seconds int, verbose bool) int {
	var before uint32
	o := outcome{
		tunnel: name, command: ike.Rekey{Tunnel: name, IKE: phase1}, seconds: seconds, verbose: verbose,
		doing: "rekeying", done: "rekeyed",
		already: func() bool {
			if seconds > 0 { // else nobody compares
				before = e.sends(name)
			}
			return false
		},
		is: func(event ike.Event) bool {
			up, ok := event.(ike.ChildUp)
			return ok && up.Tunnel == name
		},
		stands: func() bool { now := e.sends(name); return now != 0 && now != before },
	}
	if phase1 {
		o.is = func(event ike.Event) bool {
			r, ok := event.(engine.Rekeyed)
			return ok && r.Tunnel == name
		}
		o.stands = func() bool { return false }
	}
	return e.follow(o)
}

// sends is the outbound SPI that a tunnel sends by, 0 when it has none.
func (e *exec) sends(name string) uint32 {
	view, err := e.router.View(e.ctx)
	if err != nil {
		return 0
	}
	i := slices.IndexFunc(view.Tunnels, func(t tunnel.View) bool { return t.Name == name && len(t.Children) > 0 })
	if i < 0 {
		return 0
	}
	children := view.Tunnels[i].Children
	return children[len(children)-1].Out.SPI
}
