package control

import (
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
)

// defaultWait is how many seconds initiate and rekey wait: six transmissions of a
// message that nobody answers take 60 s.
const defaultWait = 90

// initiate starts a tunnel and waits until it is up, or its negotiation has
// failed. 0 seconds: it starts it and does not wait.
func (e *exec) initiate(name string, seconds int, verbose bool) int {
	up := func() bool { return e.isUp(name) }
	return e.follow(outcome{
		tunnel: name, command: ike.Initiate{Tunnel: name}, seconds: seconds, verbose: verbose,
		doing: "negotiating", done: "up", already: up, stands: up,
		is: func(event ike.Event) bool {
			up, ok := event.(ike.ChildUp)
			return ok && up.Tunnel == name
		},
	})
}

// standing says where a tunnel's negotiation stands, "" when none is under way.
func (e *exec) standing(name string) string {
	view, err := e.router.View(e.ctx)
	if err != nil {
		return ""
	}
	for _, t := range view.Tunnels {
		for _, s := range view.Sessions {
			if t.Name == name && s.Initiator && s.Remote.Addr() == t.Destination {
				return fmt.Sprintf(": still negotiating with %s, in %s", t.Destination, s.State)
			}
		}
		for _, s := range view.IKEv2 {
			if t.Name == name && s.Initiator && s.Remote.Addr() == t.Destination {
				return fmt.Sprintf(": still negotiating with %s, in %s", t.Destination, s.State)
			}
		}
	}
	return ""
}

// isUp says whether the tunnel has SAs now.
func (e *exec) isUp(name string) bool {
	view, err := e.router.View(e.ctx)
	return err == nil && slices.ContainsFunc(view.Tunnels, func(t tunnel.View) bool {
		return t.Name == name && len(t.Children) > 0
	})
}
