package control

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// configFile is the file that configure takes, as the client read it; without one it
// is the startup-config.
const configFile = "config"

// configureTable holds the commands that change the running configuration.
var configureTable = []ios.Command[*Command]{
	row("configure replace [file:WORD] [revert minutes:<1-120>]", func(c *Command, m *ios.Match) {
		c.configures(m)
		revert := time.Duration(m.Int("minutes")) * time.Minute
		c.run = func(e *exec) int { return e.replace(c.source(e), revert) }
	}),
	row("configure diff [file:WORD]", func(c *Command, m *ios.Match) {
		c.configures(m)
		c.run = func(e *exec) int { return e.foresee(c.source(e)) }
	}),
	row("configure confirm", func(c *Command, _ *ios.Match) { c.run = command(ike.Confirm{}) }),
	row("configure revert now", func(c *Command, _ *ios.Match) { c.run = command(ike.Revert{}) }),
	row("configure revert timer minutes:<1-120>", func(c *Command, m *ios.Match) {
		c.run = command(ike.Revert{After: time.Duration(m.Int("minutes")) * time.Minute})
	}),
}

func (c *Command) configures(m *ios.Match) {
	if c.File = m.Str("file"); c.File != "" {
		c.Import = Configuration
	}
}

// source is the text that came along, under the name by which the operator knows it;
// nil for the startup-config.
func (c *Command) source(e *exec) *policy.Source {
	if c.File == "" {
		return nil
	}
	return &policy.Source{Name: c.File, Text: slices.Clone(e.request.File(configFile))}
}

// foresee says what a configuration would change.
func (e *exec) foresee(source *policy.Source) int {
	d, err := e.router.Compare(source, e.err)
	if err != nil {
		fmt.Fprintln(e.err, err) // FILE:LINE:COL first, as editors read it
		return ExitFailed
	}
	return e.print(func(w io.Writer) error { return writeDifference(w, d) })
}

// replace makes a configuration the running one, and says what it has changed.
func (e *exec) replace(source *policy.Source, revert time.Duration) int {
	d, err := e.router.Replace(e.ctx, source, revert, e.err)
	if err != nil {
		fmt.Fprintln(e.err, err)
		return e.failf("the configuration is not replaced")
	}
	return e.print(func(w io.Writer) error {
		if err := writeDifference(w, d); err != nil || revert == 0 {
			return err
		}
		_, err := fmt.Fprintf(w, "The configuration before comes back in %d minutes; configure confirm keeps this one\n", int(revert.Minutes()))
		return err
	})
}

// writeDifference writes the summary, and a line for each interface that does not stay
// as it is, for each route, and for what holds at the next negotiation.
func writeDifference(w io.Writer, d policy.Difference) error {
	var b strings.Builder
	fmt.Fprintln(&b, d)
	for _, c := range d.Interfaces {
		if c.Fate == policy.Untouched {
			continue
		}
		fmt.Fprintf(&b, "%s: %s", c.Fate, c.Name)
		if len(c.Why) > 0 {
			fmt.Fprintf(&b, ": %s", strings.Join(c.Why, "; "))
		}
		fmt.Fprintln(&b)
	}
	for _, r := range d.Routes {
		fmt.Fprintln(&b, r)
	}
	if len(d.Later) > 0 {
		fmt.Fprintf(&b, "changed, and seen by standing SAs at their next negotiation: %s\n", strings.Join(d.Later, "; "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
