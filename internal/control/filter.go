package control

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// A filter is what stands behind the '|' of a show command: it changes the text
// that is shown.
type filter func(text string) string

// filterTable holds the words of the output modifiers.
var filterTable = (&ios.Mode[*filter]{Name: "output modifier", Strict: true}).Add(
	modifier("include pattern:LINE", func(re *regexp.Regexp, lines []string) []string {
		return slices.DeleteFunc(lines, func(l string) bool { return !re.MatchString(l) })
	}),
	modifier("exclude pattern:LINE", func(re *regexp.Regexp, lines []string) []string {
		return slices.DeleteFunc(lines, re.MatchString)
	}),
	modifier("begin pattern:LINE", func(re *regexp.Regexp, lines []string) []string {
		if i := slices.IndexFunc(lines, re.MatchString); i >= 0 {
			return lines[i:]
		}
		return nil
	}),
	modifier("section pattern:LINE", sections),
)

func modifier(syntax string, keep func(*regexp.Regexp, []string) []string) ios.Command[*filter] {
	return ios.Command[*filter]{Syntax: syntax, Do: func(f *filter, m *ios.Match) {
		re, err := regexp.Compile(m.Str("pattern"))
		if err != nil {
			m.Fail("pattern", "", "%v", err)
			return
		}
		*f = func(text string) string {
			kept := keep(re, slices.Collect(strings.Lines(text)))
			return strings.Join(kept, "")
		}
	}}
}

// sections keeps each line that matches, and the lines below that are deeper.
func sections(re *regexp.Regexp, lines []string) []string {
	inside := -1 // how deep the line is that began the section
	return slices.DeleteFunc(lines, func(l string) bool {
		depth := len(l) - len(strings.TrimLeft(l, " \t"))
		switch {
		case inside >= 0 && depth > inside:
		case re.MatchString(l):
			inside = depth
		default:
			inside = -1
		}
		return inside < 0
	})
}

// modified takes the output modifier off a line.
func modified(line string) (command string, f filter, err *ios.Error) {
	command, words, found := strings.Cut(line, "|")
	if !found {
		return line, nil, nil
	}
	if err = filterTable.Exec(&f, strings.Repeat(" ", len(command)+1)+words); err != nil && err.Source != "" {
		err.Source = command + "|" + err.Source[len(command)+1:]
	}
	return command, f, err
}

// modify lets a show command's text pass through a filter.
func (c *Command) modify(f filter) {
	through := func(run func(*exec) int) func(*exec) int {
		if f == nil || run == nil {
			return run
		}
		return func(e *exec) int {
			e.filter = f
			return run(e)
		}
	}
	c.run, c.offline = through(c.run), through(c.offline)
}

// errNotShow refuses an output modifier of a command that shows nothing.
func errNotShow(command string) error {
	return fmt.Errorf("%% output modifiers are for show commands, not for %q", strings.TrimSpace(command))
}
