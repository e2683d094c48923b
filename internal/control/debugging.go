package control

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/obol-ike/obol/internal/ioslog"
)

// debugging is what is on. On a router that is one state for all terminals; here each
// client that debugs has its own lines, and undebug is for all of them.
type debugging struct {
	mu      sync.Mutex
	clients []*debugger
}

// debugger is a client that debugs.
type debugger struct {
	on   []ioslog.Debug
	over chan struct{} // closed when nothing is on any more
}

func (d *debugging) join(on []ioslog.Debug) *debugger {
	c := &debugger{on: slices.Clone(on), over: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients = append(d.clients, c)
	return c
}

func (d *debugging) leave(c *debugger) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients = slices.DeleteFunc(d.clients, func(o *debugger) bool { return o == c })
}

// off switches these off for all.
func (d *debugging) off(list []ioslog.Debug) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients = slices.DeleteFunc(d.clients, func(c *debugger) bool {
		c.on = slices.DeleteFunc(c.on, func(o ioslog.Debug) bool { return contains(list, o) })
		if len(c.on) == 0 {
			close(c.over)
		}
		return len(c.on) == 0
	})
}

// shows says whether a client wants the lines of a facility.
func (d *debugging) shows(c *debugger, f ioslog.Facility) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(c.on, func(o ioslog.Debug) bool { return slices.Contains(o.Facilities, f) })
}

// all are those that are on for somebody, in the order of ioslog.Debugs.
func (d *debugging) all() (list []ioslog.Debug) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range ioslog.Debugs {
		if slices.ContainsFunc(d.clients, func(c *debugger) bool { return contains(c.on, o) }) {
			list = append(list, o)
		}
	}
	return list
}

// show writes what is on, by subsystem.
func (d *debugging) show(w io.Writer) error {
	var text []byte
	subsystem := ""
	for _, o := range d.all() {
		if o.Subsystem != subsystem {
			if subsystem != "" {
				text = append(text, '\n')
			}
			subsystem = o.Subsystem
			text = fmt.Appendf(text, "%s:\n", subsystem)
		}
		answer := o.Answer
		if answer == "" {
			answer = "debug crypto " + o.Words + " is on"
		}
		text = fmt.Appendf(text, "  %s\n", answer)
	}
	_, err := w.Write(text)
	return err
}

func contains(list []ioslog.Debug, d ioslog.Debug) bool {
	return slices.ContainsFunc(list, func(o ioslog.Debug) bool { return o.Words == d.Words })
}
