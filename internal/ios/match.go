package ios

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Match is a line that a command understood, as its handler sees it.
type Match struct {
	Line  Line
	Form  Form
	Block []byte // octets of the hex lines that followed, of a command with Hex
	args  []arg
	errs  *Errors
}

// Has says whether the line has a keyword.
func (m *Match) Has(keyword string) bool {
	for _, a := range m.args {
		if a.keyword && a.text == keyword {
			return true
		}
	}
	return false
}

// Str is what the line gave for a label, "" when nothing. An interface is
// given by its canonical name.
func (m *Match) Str(label string) string {
	for _, a := range m.args {
		if a.label == label && label != "" {
			return a.text
		}
	}
	return ""
}

// All is everything that the line gave for a label.
func (m *Match) All(label string) []string {
	var all []string
	for _, a := range m.args {
		if a.label == label {
			all = append(all, a.text)
		}
	}
	return all
}

// Int is the number of a label, 0 when the line has none.
func (m *Match) Int(label string) int {
	n, _ := strconv.ParseInt(m.Str(label), 10, 64) // the grammar took digits only
	return int(n)
}

// Addr is the address of a label, the zero Addr when the line has none.
func (m *Match) Addr(label string) netip.Addr {
	a, _ := netip.ParseAddr(m.Str(label)) // the grammar took addresses only
	return a
}

// Place is where a line, or a word of it, stands; for faults that show only
// when the whole text is read.
type Place struct {
	Pos    Pos
	Source string
}

// Place of the first word of a label, or of a keyword; with neither in the
// line, of the line.
func (m *Match) Place(label string) Place {
	p := Place{Pos: m.Line.Pos, Source: m.source()}
	for _, a := range m.args {
		if label != "" && (a.label == label || a.label == "" && a.keyword && a.text == label) {
			p.Pos.Col = a.col
			break
		}
	}
	return p
}

// Places are those of everything that the line gave for a label.
func (m *Match) Places(label string) []Place {
	var all []Place
	for _, a := range m.args {
		if a.label == label {
			p := Place{Pos: m.Line.Pos, Source: m.source()}
			p.Pos.Col = a.col
			all = append(all, p)
		}
	}
	return all
}

// Error makes an error of a place; want may be "".
func (p Place) Error(want, format string, args ...any) *Error {
	return &Error{Pos: p.Pos, Source: p.Source, Want: want, Text: fmt.Sprintf(format, args...)}
}

// Fail refuses the line because of the first word of a label.
func (m *Match) Fail(label, want, format string, args ...any) {
	*m.errs = append(*m.errs, m.Place(label).Error(want, format, args...))
}

// source is the line with its secrets masked.
func (m *Match) source() string { return mask(m.Line, m.args) }

// mask hides what a line gave as a secret, and what stands behind a word that
// announces one: a line that was not understood may hold a key too.
func mask(l Line, args []arg) string {
	text := []byte(l.Text)
	hide := func(t Token) {
		for i := range t.Text {
			text[t.Col-1+i] = '*'
		}
	}
	announced, hidden := false, false
	for i, t := range l.Tokens {
		switch {
		case slices.ContainsFunc(args, func(a arg) bool { return a.secret && a.col == t.Col }):
			hide(t)
			hidden = true
			announced = len(t.Text) == 1 && isDigit(t.Text[0]) || t.Text == "hex" // a type that is not known here: the key is the next word
		case announced && (t.Text == "0" || t.Text == "5" || t.Text == "6" || t.Text == "7"):
		case announced:
			hide(t)
			announced, hidden = false, true
		default:
			switch Nearest(t.Text, []string{"key", "password", "secret", "passphrase"}) {
			case "":
			case "key": // but not crypto key generate, nor tunnel key 1
				announced = i > 0 && !strings.EqualFold(l.Tokens[i-1].Text, "crypto") && !strings.EqualFold(l.Tokens[i-1].Text, "tunnel")
			default:
				announced = true
			}
		}
	}
	if last := len(l.Tokens) - 1; !hidden && mayBeKey(l.Tokens) {
		hide(l.Tokens[last])
	}
	return string(text)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// mayBeKey says whether the last word is the key of a pre-shared-key line that
// lacks its word key.
func mayBeKey(tokens []Token) bool {
	last := len(tokens) - 1
	at := slices.IndexFunc(tokens, func(t Token) bool { return Nearest(t.Text, []string{"pre-shared-key"}) != "" })
	if at < 0 || at == last || isIPv4(tokens[last].Text) || isIPv6Prefix(tokens[last].Text) {
		return false
	}
	return !namesOwner(tokens[last].Text) && !namesOwner(tokens[last-1].Text)
}

// namesOwner takes the words before the owner of a key, short or misspelt.
func namesOwner(word string) bool {
	owner := []string{"address", "hostname", "ipv6"}
	short := func(o string) bool { return strings.HasPrefix(o, strings.ToLower(word)) }
	return slices.ContainsFunc(owner, short) || Nearest(word, owner) != ""
}

// Keywords are the keywords of the line, in full and in order.
func (m *Match) Keywords() []string {
	var all []string
	for _, a := range m.args {
		if a.keyword {
			all = append(all, a.text)
		}
	}
	return all
}
