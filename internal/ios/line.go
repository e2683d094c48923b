package ios

import (
	"fmt"
	"strings"
)

// Limits of a configuration text. What is beyond them is an error, not a
// silent cut.
const (
	MaxLine   = 4096    // octets of a line
	MaxLines  = 100_000 // lines of a file
	MaxErrors = 100     // errors reported of one file
	maxBlock  = 1 << 16 // octets of a certificate block
	maxDepth  = 8       // modes inside each other
)

// Token is a word of a line. Col counts octets from 1.
type Token struct {
	Text string
	Col  int
}

// Line is a line cut into words at blanks.
type Line struct {
	Pos    Pos // Col is the column of the first word
	Text   string
	Tokens []Token
}

// NewLine cuts a line into words. The text loses blanks and carriage returns
// at its end.
func NewLine(file string, number int, text string) Line {
	text = strings.TrimRight(text, " \t\r")
	l := Line{Pos: Pos{File: file, Line: number, Col: 1}, Text: text}
	for i := 0; i < len(text); {
		if blank(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && !blank(text[i]) {
			i++
		}
		l.Tokens = append(l.Tokens, Token{Text: text[start:i], Col: start + 1})
	}
	if len(l.Tokens) > 0 {
		l.Pos.Col = l.Tokens[0].Col
	}
	return l
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// lines hands out the lines of a file one by one.
type lines struct {
	file   string
	rest   string
	number int
	err    *Error // of the line just read
}

func newLines(file string, text []byte) *lines {
	rest := strings.TrimPrefix(string(text), "\ufeff")
	if !strings.Contains(rest, "\n") { // lines that end as on an old Macintosh
		rest = strings.ReplaceAll(rest, "\r", "\n")
	}
	return &lines{file: file, rest: rest}
}

// next is false at the end. A line beyond the limits is given empty, with err
// set.
func (ls *lines) next() (Line, bool) {
	ls.err = nil
	if ls.rest == "" {
		return Line{}, false
	}
	text, rest, _ := strings.Cut(ls.rest, "\n")
	ls.rest = rest
	ls.number++
	switch pos := (Pos{File: ls.file, Line: ls.number, Col: 1}); {
	case ls.number > MaxLines:
		ls.rest = ""
		ls.err = &Error{Pos: pos, Text: fmt.Sprintf("the file has more than %d lines", MaxLines)}
		text = ""
	case strings.Contains(text, "\x00"):
		ls.rest = ""
		ls.err = &Error{Pos: pos, Text: "this is no text, or text of another encoding", Want: "want ASCII or UTF-8"}
		text = ""
	case len(text) > MaxLine:
		ls.err = &Error{Pos: pos, Text: fmt.Sprintf("the line has %d octets, the limit is %d", len(text), MaxLine)}
		text = ""
	}
	return NewLine(ls.file, ls.number, asShown(text)), true
}
