package ios

import (
	"fmt"
	"strings"
)

// Pos is a place in a configuration. Line and Col start at 1; Col counts
// octets. Line 0 means the file as a whole.
type Pos struct {
	File      string
	Line, Col int
}

// String prints FILE:LINE:COL, less what is not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Kind says what is wrong with a line, in the three ways that IOS knows.
type Kind uint8

// Kinds. Refused is a line that was understood, and cannot be obeyed.
const (
	Refused Kind = iota
	Invalid
	Ambiguous
	Incomplete
)

// Error is a line that cannot be obeyed.
type Error struct {
	Kind   Kind
	Pos    Pos
	Text   string // what is wrong
	Source string // the line as written, "" when there is none to show
	Want   string // what would be right, "" when nothing sensible can be said
}

// Error prints three lines: the place and the fault, the line, and a '^' under
// the column. Without a source line it is the first alone.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Pos, e.Text)
	if e.Want != "" {
		fmt.Fprintf(&b, "; %s", e.Want)
	}
	if e.Source != "" {
		source, col := window(e.Source, e.Pos.Col)
		fmt.Fprintf(&b, "\n  %s\n  %s^", source, strings.Repeat(" ", col-1))
	}
	return b.String()
}

// window shows at most 120 octets of a line, with the column inside, and
// whatever a terminal would not print as '.'.
func window(line string, col int) (string, int) {
	const width = 120
	col = min(max(col, 1), len(line)+1)
	if col > width {
		cut := col - width/2
		line, col = line[cut:], col-cut
	}
	if len(line) > width {
		line = line[:width]
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, line), col
}

// Errors is everything that is wrong with a configuration.
type Errors []*Error

// Error prints one error after the other.
func (es Errors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}
