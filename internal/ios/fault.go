package ios

import (
	"fmt"
	"strings"
)

// fault says what is wrong with a line that nobody understood.
func (rd reading) fault(l Line, tokens []Token) *Error {
	source := mask(l, rd.args)
	e := &Error{Kind: rd.kind, Pos: l.Pos, Source: source, Want: wanted(rd.want)}
	if rd.kind == Incomplete {
		e.Pos.Col = len(l.Text) + 2
		e.Text = "the line ends too early"
		return e
	}
	t := tokens[rd.token]
	shown := source[t.Col-1:][:len(t.Text)] // a secret stays masked
	e.Pos.Col = t.Col
	switch {
	case rd.kind == Ambiguous:
		e.Text = fmt.Sprintf("%q is ambiguous", shown)
	case len(rd.want) == 1 && rd.want[0] == "<cr>":
		e.Text, e.Want = fmt.Sprintf("%q is too much", shown), "the line is complete before it"
	default:
		e.Text = fmt.Sprintf("%q is not understood here", shown)
		if near := Nearest(t.Text, rd.want); near != "" {
			e.Want = fmt.Sprintf("did you mean %q?", near)
			if 1 < len(rd.want) && len(rd.want) <= 6 {
				e.Want += " " + wanted(rd.want)
			}
		}
	}
	return e
}

// wanted lists what could stand at a place.
func wanted(words []string) string {
	const most = 16
	if len(words) == 0 {
		return ""
	}
	more := ""
	if len(words) > most {
		words, more = words[:most], " ..."
	}
	last := len(words) - 1
	if last == 0 || more != "" {
		return "want " + strings.Join(words, ", ") + more
	}
	return "want " + strings.Join(words[:last], ", ") + " or " + words[last]
}

// Exec says it as IOS's exec does, for a terminal where the line began in
// column indent (the length of the prompt).
func (e *Error) Exec(indent int) string {
	switch e.Kind {
	case Ambiguous:
		return fmt.Sprintf("%% Ambiguous command:  %q", e.Source)
	case Incomplete:
		return "% Incomplete command."
	case Invalid:
		return strings.Repeat(" ", indent+max(e.Pos.Col-1, 0)) + "^\n% Invalid input detected at '^' marker."
	}
	return "% " + e.Text
}
