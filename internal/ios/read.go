package ios

import (
	"fmt"
	"slices"
	"strings"
)

// Read carries out a configuration text, line by line, beginning in mode m.
// Comments that begin with '!' and the directive word are commands of their
// own. The errors are all that is wrong with the text; the handlers ran for
// the lines that were right.
func (m *Mode[T]) Read(t T, file string, text []byte, directive string) Errors {
	r := &reader[T]{t: t, lines: newLines(file, text), directive: "!" + directive, stack: []frame[T]{{mode: m}}}
	for r.step() {
		if len(r.errs) >= MaxErrors {
			r.errs = append(r.errs[:MaxErrors], &Error{Pos: Pos{File: file}, Text: fmt.Sprintf("more than %d errors, the rest is not shown", MaxErrors)})
			break
		}
	}
	return r.errs
}

// frame is a mode that the text is in.
type frame[T any] struct {
	mode *Mode[T]
	col  int  // of the line that entered it
	dead bool // that line was refused: the lines below are understood, but not carried out
}

type reader[T any] struct {
	t         T
	lines     *lines
	directive string
	stack     []frame[T]
	errs      Errors
	held      *Line // to be read again
	separated bool  // a '!' or an empty line stood above
	below     int   // column of a line left to others: what is deeper belongs to it
}

func (r *reader[T]) next() (Line, bool) {
	if r.held != nil {
		l := *r.held
		r.held = nil
		return l, true
	}
	l, ok := r.lines.next()
	if r.lines.err != nil {
		r.errs = append(r.errs, r.lines.err)
	}
	return l, ok
}

func (r *reader[T]) step() bool {
	l, ok := r.next()
	switch {
	case !ok:
		return false
	case len(l.Tokens) == 0:
		r.separated = true
	case strings.EqualFold(l.Tokens[0].Text, r.directive):
		r.comment(l)
	case l.Tokens[0].Text[0] == '!':
		r.separated = true
	case len(l.Tokens) == 1 && strings.EqualFold(l.Tokens[0].Text, "end"):
		r.afterEnd(l)
		return false
	case len(l.Tokens) == 1 && (strings.EqualFold(l.Tokens[0].Text, "exit") || strings.EqualFold(l.Tokens[0].Text, "quit")):
		r.stack = r.stack[:max(1, len(r.stack)-1)]
	default:
		r.command(l)
	}
	return true
}

// formOf takes no and default off a line.
func formOf(tokens []Token) ([]Token, Form) {
	if len(tokens) > 1 {
		switch strings.ToLower(tokens[0].Text) {
		case "no":
			return tokens[1:], No
		case "default":
			return tokens[1:], Default
		}
	}
	return tokens, Set
}

// command finds the innermost mode that understands a line.
func (r *reader[T]) command(l Line) {
	tokens, form := formOf(l.Tokens)
	root := r.stack[0].mode
	if r.below > 0 && l.Pos.Col > r.below && !containsFold(root.Owned, tokens[0].Text) {
		r.skipText(l)
		return
	}
	r.below = 0
	defer func() { r.separated = false }()
	best, at := reading{}, -1
	owner, words := -1, 0
	for i := len(r.stack) - 1; i >= 0; i-- {
		rd := r.stack[i].mode.graph.read(l.Text, tokens, form)
		switch {
		case rd.ok:
			r.stack = r.stack[:i+1]
			r.take(l, form, rd, r.stack[i].mode.commands)
			return
		case at < 0:
			owner, words = r.foreign(l, tokens)
			fallthrough
		case rd.keywords > best.keywords:
			best, at = rd, i
		}
		if i == owner && (words > best.keywords || words > 0 && words == best.keywords && i < at && r.outside(at, l)) {
			r.unknown(i, l)
			return
		}
	}
	mode := r.stack[at].mode
	switch {
	case best.keywords > 0 && (mode.Strict || r.claims(mode, best)):
		r.refuse(at, l, best, tokens)
	case r.separated && r.outside(at, l):
		r.leave(0, l)
	case best.keywords > 0:
		r.leave(at, l)
	case mode.Strict || Nearest(tokens[0].Text, longWords(mode)) != "":
		r.refuse(at, l, best, tokens)
	default:
		r.leave(at, l)
	}
}

// claims says whether a failed reading got so far that the line is ours.
func (r *reader[T]) claims(mode *Mode[T], rd reading) bool {
	if slices.Contains(mode.Owned, rd.args[0].text) {
		return true
	}
	return rd.cmd >= 0 && rd.keywords >= mode.graph.lead[rd.cmd]
}

// leave passes on a line that nobody here understands. A word that is nearly
// one of the mode's, or of the outermost mode's, is refused instead: what stands
// below a misspelt head is not the business of the block above it.
func (r *reader[T]) leave(i int, l Line) {
	tokens, form := formOf(l.Tokens)
	for _, at := range [2]int{i, 0} {
		mode := r.stack[at].mode
		if rd := mode.graph.read(l.Text, tokens, form); rd.keywords == 0 && Nearest(tokens[0].Text, longWords(mode)) != "" {
			r.refuse(at, l, rd, tokens)
			return
		}
	}
	r.unknown(i, l)
}

// longWords are the first words of a mode that a misspelling is not mistaken
// for by accident.
func longWords[T any](m *Mode[T]) []string {
	return slices.DeleteFunc(m.graph.words(), func(w string) bool { return len(w) < 6 })
}

func (r *reader[T]) unknown(i int, l Line) {
	r.stack = r.stack[:i+1]
	if i == 0 {
		r.below = l.Pos.Col
	}
	if f := r.stack[i]; f.mode.Unknown != nil && !f.dead {
		f.mode.Unknown(r.t, l)
	}
	r.skipText(l)
}

// foreign finds the mode that lists a line's first words as others' business:
// of those with the most words the innermost that the line can belong to.
func (r *reader[T]) foreign(l Line, tokens []Token) (mode, words int) {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if i > 0 && r.separated && r.outside(i, l) {
			continue
		}
		for _, phrase := range r.stack[i].mode.Foreign {
			if n := phraseWords(phrase, tokens); n > words {
				mode, words = i, n
			}
		}
	}
	return mode, words
}

// outside says that a line is no deeper than the one that entered a mode.
// That is a hint, and taken only where words do not tell.
func (r *reader[T]) outside(i int, l Line) bool { return l.Pos.Col <= r.stack[i].col }

// phraseWords is the number of words of a phrase when a line begins with it.
func phraseWords(phrase string, tokens []Token) int {
	if first := tokens[0].Text; len(phrase) < len(first) || !strings.EqualFold(phrase[:len(first)], first) {
		return 0 // most of a long list
	}
	fields := strings.Fields(phrase)
	if len(fields) > len(tokens) {
		return 0
	}
	for i, f := range fields {
		if !strings.EqualFold(f, tokens[i].Text) {
			return 0
		}
	}
	return len(fields)
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// take carries out a line that the innermost mode left on the stack
// understood.
func (r *reader[T]) take(l Line, form Form, rd reading, commands []Command[T]) {
	c := commands[rd.cmd]
	before, dead := len(r.errs), r.stack[len(r.stack)-1].dead
	m := &Match{Line: l, Form: form, args: rd.args, errs: &r.errs}
	if c.Hex && form == Set {
		m.Block = r.hex(m)
	}
	if c.Do != nil && !dead && len(r.errs) == before {
		c.Do(r.t, m)
	}
	if c.Enter != nil && form == Set {
		r.enter(frame[T]{mode: c.Enter, col: l.Pos.Col, dead: dead || len(r.errs) > before}, l)
	}
}

func (r *reader[T]) enter(f frame[T], l Line) {
	if len(r.stack) == maxDepth {
		r.errs = append(r.errs, &Error{Pos: l.Pos, Source: l.Text, Text: fmt.Sprintf("more than %d modes inside each other", maxDepth)})
		return
	}
	r.stack = append(r.stack, f)
}

// refuse reports a line. When it would have entered a mode, the lines below
// are read as that mode's; when that is not known, deeper ones are passed over.
func (r *reader[T]) refuse(i int, l Line, rd reading, tokens []Token) {
	r.errs = append(r.errs, rd.fault(l, tokens))
	_, form := formOf(l.Tokens)
	if rd.cmd >= 0 && form == Set {
		if sub := r.stack[i].mode.commands[rd.cmd].Enter; sub != nil {
			r.stack = r.stack[:i+1]
			r.enter(frame[T]{mode: sub, col: l.Pos.Col, dead: true}, l)
			return
		}
	}
	if i == 0 {
		r.stack = r.stack[:1]
		r.below = l.Pos.Col
	}
	if slices.ContainsFunc(r.stack[i].mode.commands, func(c Command[T]) bool { return c.Hex }) {
		r.skipHex()
	}
}

// comment carries out a directive.
func (r *reader[T]) comment(l Line) {
	tokens := l.Tokens[1:]
	var want []string
	for i := len(r.stack) - 1; i >= 0; i-- {
		mode := r.stack[i].mode
		rd := mode.comments.read(l.Text, tokens, Set)
		if rd.ok {
			held := r.stack // a directive of an outer mode leaves nothing
			r.stack = r.stack[:i+1]
			r.take(l, Set, rd, mode.directives)
			r.stack = held
			return
		}
		if rd.keywords > 0 {
			r.errs = append(r.errs, rd.fault(l, tokens))
			return
		}
		want = append(want, mode.comments.words()...)
	}
	rd := reading{kind: Invalid, want: want}
	if len(tokens) == 0 {
		rd.kind = Incomplete
	}
	r.errs = append(r.errs, rd.fault(l, tokens))
}
