package ios

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// hex reads the hex lines below a line, to the quit that ends them.
func (r *reader[T]) hex(m *Match) []byte {
	var out []byte
	for {
		l, ok := r.next()
		if !ok {
			m.Fail("", "want a line with quit behind the hex digits", "the block is not ended")
			return nil
		}
		if len(l.Tokens) == 1 && strings.EqualFold(l.Tokens[0].Text, "quit") {
			return out
		}
		for _, t := range l.Tokens {
			b, err := hex.DecodeString(t.Text)
			if err != nil && t.Col == l.Pos.Col && !isHex(t.Text) { // a command
				m.Fail("", "want a line with quit behind the hex digits", "the block is not ended")
				r.held = &l
				return nil
			}
			if err != nil {
				e := &Error{Kind: Invalid, Pos: l.Pos, Source: l.Text, Text: fmt.Sprintf("%.40q is no pairs of hex digits", t.Text), Want: "want more digits, or quit"}
				e.Pos.Col = t.Col
				r.errs = append(r.errs, e)
				break
			}
			out = append(out, b...)
		}
		if len(out) > maxBlock {
			m.Fail("", "", "the block has more than %d octets", maxBlock)
			return nil
		}
	}
}

// skipHex passes over the hex lines of a refused line, and the quit that ends them.
func (r *reader[T]) skipHex() {
	for skipped := false; ; skipped = true {
		l, ok := r.next()
		switch {
		case !ok, skipped && len(l.Tokens) == 1 && strings.EqualFold(l.Tokens[0].Text, "quit"):
			return
		case len(l.Tokens) == 0, slices.ContainsFunc(l.Tokens, func(t Token) bool { return !isHex(t.Text) }):
			r.held = &l
			return
		}
	}
}

// skipText passes over the free text that a line begins: of a banner, or
// between two ^C.
func (r *reader[T]) skipText(l Line) {
	delimiter, rest := "", ""
	switch first := strings.ToLower(l.Tokens[0].Text); {
	case first == "banner" && len(l.Tokens) > 1:
		t := l.Tokens[1]
		switch strings.ToLower(t.Text) {
		case "exec", "incoming", "login", "motd", "prompt-timeout", "slip-ppp":
			if len(l.Tokens) == 2 {
				return
			}
			t = l.Tokens[2]
		}
		delimiter = t.Text[:1]
		if strings.HasPrefix(t.Text, "^C") {
			delimiter = "^C"
		}
		rest = l.Text[t.Col-1+len(delimiter):]
	case strings.Count(l.Text, "^C")%2 == 1:
		delimiter = "^C"
	case strings.Count(l.Text, "\x03")%2 == 1:
		delimiter = "\x03"
	}
	if delimiter == "" || strings.Contains(rest, delimiter) {
		return
	}
	for {
		next, ok := r.lines.next()
		if !ok {
			r.errs = append(r.errs, &Error{Pos: l.Pos, Source: l.Text, Text: "the text is not ended", Want: fmt.Sprintf("want %q behind it", delimiter)})
			return
		}
		if strings.Contains(next.Text, delimiter) {
			return
		}
	}
}

// afterEnd refuses commands below end: they would silently not hold.
func (r *reader[T]) afterEnd(end Line) {
	root := r.stack[0].mode
	for {
		l, ok := r.next()
		if !ok {
			return
		}
		if len(l.Tokens) == 0 {
			continue
		}
		tokens, form := formOf(l.Tokens)
		if root.graph.read(l.Text, tokens, form).ok {
			e := &Error{Pos: l.Pos, Source: mask(l, nil), Text: fmt.Sprintf("stands below the end of line %d, and would not be read", end.Pos.Line), Want: "move it above"}
			r.errs = append(r.errs, e)
			return
		}
	}
}
