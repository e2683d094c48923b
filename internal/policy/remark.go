package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// warn notes what the reader of a configuration should know.
func (b *builder) warn(at ios.Place, format string, args ...any) {
	b.cfg.Warnings = append(b.cfg.Warnings, Remark{Pos: at.Pos, Text: fmt.Sprintf(format, args...)})
}

// noEffect is the handler of commands that are understood, and that nothing
// here obeys yet.
func noEffect(b *builder, m *ios.Match) {
	b.warn(m.Place(""), "accepted, has no effect yet: %s", strings.TrimSpace(m.Place("").Source))
}

// idle are commands without effect, by their syntax.
func idle(syntaxes ...string) []ios.Command[*builder] {
	all := make([]ios.Command[*builder], len(syntaxes))
	for i, s := range syntaxes {
		all[i] = ios.Command[*builder]{Syntax: s, Do: noEffect}
	}
	return all
}

// ignoredGroup counts the ignored lines of one command.
type ignoredGroup struct {
	what  string
	first ios.Pos
	lines int
}

// ignore counts a line that is others' business. Lines of the same command
// are listed once.
func (b *builder) ignore(l ios.Line, where string) {
	words := l.Tokens
	if first := strings.ToLower(words[0].Text); len(words) > 1 && (first == "no" || first == "default") {
		words = words[1:]
	}
	what := words[0].Text
	if len(words) > 1 && (what == "ip" || what == "ipv6" || what == "no") {
		what += " " + words[1].Text
	}
	what = where + fmt.Sprintf("%.40s", what)
	g := b.ignored[what]
	if g == nil {
		g = &ignoredGroup{what: what, first: l.Pos}
		b.ignored[what] = g
		b.order = append(b.order, g)
	}
	g.lines++
}

func (b *builder) finishRemarks() {
	for _, g := range b.order {
		text := "ignored: " + g.what
		if g.lines > 1 {
			text += fmt.Sprintf(" (%d lines)", g.lines)
		}
		b.cfg.Ignored = append(b.cfg.Ignored, Remark{Pos: g.first, Text: text})
	}
	for _, list := range [][]Remark{b.cfg.Ignored, b.cfg.Warnings} {
		slices.SortStableFunc(list, func(x, y Remark) int { return b.byPlace(x.Pos, y.Pos) })
	}
}
