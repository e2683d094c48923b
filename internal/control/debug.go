package control

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ioslog"
)

// What can be debugged.
const (
	debugWords = "crypto { isakmp | ikev2 | ipsec | pki } ..."
	debugIKEv2 = "crypto ikev2 { error | internal | packet } ..."
	debugPKI   = "crypto pki { transactions | validation } ..."
)

// debugRow makes a command of debug, or of undebug, which is no debug. shared is what
// the words of its syntax have in common.
func debugRow(syntax, shared string, off bool) ios.Command[*Command] {
	return ios.Command[*Command]{Syntax: syntax, Do: func(c *Command, m *ios.Match) {
		off := off
		switch {
		case m.Form == ios.Default || off && m.Form != ios.Set:
			m.Fail("", "", "%q does not go with undebug, nor default with debug", m.Line.Tokens[0].Text)
			return
		case m.Form == ios.No:
			off = true
		case !off && m.Has("all"):
			m.Fail("", "", "debug all is not there: say what of crypto is to be debugged")
			return
		}
		meant := func(d ioslog.Debug) bool {
			word, ok := strings.CutPrefix(d.Words, shared)
			return m.Has("all") || ok && !strings.Contains(word, " ") && m.Has(word)
		}
		on := slices.DeleteFunc(slices.Clone(ioslog.Debugs), func(d ioslog.Debug) bool { return !meant(d) })
		switch {
		case off && m.Has("all"):
			c.run = func(e *exec) int { return e.undebug(on, "All possible debugging has been turned off") }
		case off:
			c.run = func(e *exec) int { return e.undebug(on, "") }
		default:
			c.run = func(e *exec) int { return e.debug(on) }
		}
	}}
}

// undebug switches these off, whoever has switched them on, and says so.
func (e *exec) undebug(off []ioslog.Debug, answer string) int {
	e.debugs.off(off)
	if answer != "" {
		fmt.Fprintln(e.out, answer)
		return ExitDone
	}
	for _, d := range off {
		if d.Answer != "" {
			fmt.Fprintln(e.out, strings.TrimSuffix(d.Answer, "on")+"off")
		}
	}
	return ExitDone
}

// debug streams the lines of these commands, and syslog lines as a terminal of
// IOS has them among the others, until the client goes away or undebug has left
// nothing of them.
func (e *exec) debug(on []ioslog.Debug) int {
	reports := e.router.Subscribe()
	defer reports.Close()
	me := e.debugs.join(on)
	defer e.debugs.leave(me)
	for _, d := range on {
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
		case <-me.over:
			return ExitDone
		case r, open := <-reports.Reports():
			if !open {
				return ExitDone
			}
			if n := reports.Lost(); n > 0 {
				fmt.Fprintf(e.err, "%% %d reports lost: they are not read fast enough\n", n)
			}
			for _, line := range ioslog.Lines(r) {
				if line.Facility != ioslog.Syslog && !e.debugs.shows(me, line.Facility) {
					continue
				}
				if _, err := io.WriteString(e.out, line.Format(r.At)); err != nil {
					return ExitFailed
				}
			}
		}
	}
}
