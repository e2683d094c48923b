package control

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ioslog"
)

// debugs makes a command of the words that a line has behind debug crypto and
// more of them that all share.
func debugs(shared string) func(*Command, *ios.Match) {
	return func(c *Command, m *ios.Match) {
		var on []ioslog.Debug
		for _, d := range ioslog.Debugs {
			word, ok := strings.CutPrefix(d.Words, shared)
			if ok && !strings.Contains(word, " ") && m.Has(word) {
				on = append(on, d)
			}
		}
		c.run = func(e *exec) int { return e.debug(on) }
	}
}

// debug streams the lines of these commands, and syslog lines as a terminal of
// IOS has them among the others, until the client goes away.
func (e *exec) debug(on []ioslog.Debug) int {
	reports := e.router.Subscribe()
	defer reports.Close()
	var facilities []ioslog.Facility
	for _, d := range on {
		facilities = append(facilities, d.Facilities...)
		if d.Answer == "" {
			continue
		}
		if _, err := io.WriteString(e.out, d.Answer+"\n"); err != nil {
			return ExitFailed
		}
	}
	for {
		select {
		case <-e.ctx.Done():
			return ExitDone
		case r, open := <-reports.Reports():
			if !open {
				return ExitDone
			}
			if n := reports.Lost(); n > 0 {
				fmt.Fprintf(e.err, "%% %d reports lost: they are not read fast enough\n", n)
			}
			for _, line := range ioslog.Lines(r) {
				if line.Facility != ioslog.Syslog && !slices.Contains(facilities, line.Facility) {
					continue
				}
				if _, err := io.WriteString(e.out, line.Format(r.At)); err != nil {
					return ExitFailed
				}
			}
		}
	}
}
