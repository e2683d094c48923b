package ios

import (
	"slices"
	"strings"
)

// Form is whether a line sets, removes or resets.
type Form uint8

// Forms of a line.
const (
	Set Form = iota
	No
	Default
)

// arg is a keyword (in full) or an argument that a line gave.
type arg struct {
	label, text string
	keyword     bool
	secret      bool
	rest        bool // everything to the end of the line
	col         int
}

// thread is one way to read the tokens so far.
type thread struct {
	node *node
	args []arg
}

// reading is what became of a line in one mode.
type reading struct {
	ok   bool
	cmd  int // the command; of a failed reading the only one left, or -1
	args []arg

	// Of a failed reading:
	kind     Kind
	token    int      // the first token not understood; len(tokens) at the end
	keywords int      // keywords understood before it
	want     []string // what could stand there
}

// read walks a line's tokens through the graph.
func (g *graph) read(text string, tokens []Token, form Form) reading {
	threads := g.start
	var room [2][64]thread // for what follows a token of even and of odd number
	for i, t := range tokens {
		next, kind := step(room[i%2][:0], threads, text, t)
		if kind != Refused {
			return failed(kind, threads, i, t.Text)
		}
		threads = next
		if last := threads[0].args; last[len(last)-1].rest {
			break
		}
	}
	for _, t := range threads {
		if t.node.kind == accept {
			return reading{ok: true, cmd: t.node.cmd, args: t.args}
		}
	}
	r := failed(Incomplete, threads, len(tokens), "")
	if th := g.named(threads, r.keywords); form != Set && th.node != nil {
		return reading{ok: true, cmd: th.node.cmd, args: th.args}
	}
	return r
}

// named is the reading of an incomplete line as the one command whose whole name
// it gives. The no form of a setting needs no more; that of a block needs to say
// which.
func (g *graph) named(threads []thread, keywords int) (found thread) {
	for _, th := range threads {
		c := th.node.cmd
		switch {
		case g.lead[c] == 0 || keywords < g.lead[c] || g.block[c] && len(th.args) <= g.lead[c]:
		case found.node == nil:
			found = th
		case found.node.cmd != c:
			return thread{}
		}
	}
	return found
}

// step takes one token. Keywords go before arguments, a whole keyword before
// its abbreviations, a narrow type before a wide one. The kind is Refused when
// the token was taken. The threads go to the end of next.
func step(next, threads []thread, text string, t Token) ([]thread, Kind) {
	var room [64]thread
	best, found := 0, room[:0]
	for _, th := range threads {
		rank := rank(th.node, t.Text)
		if rank == 0 || rank < best {
			continue
		}
		if rank > best {
			best, found = rank, found[:0]
		}
		found = append(found, th)
	}
	switch {
	case best == 0:
		return nil, Invalid
	case best == abbreviated && slices.ContainsFunc(found, func(th thread) bool { return th.node.text != found[0].node.text }):
		return nil, Ambiguous
	}
	var args []arg
	for i, th := range found {
		if i == 0 || !th.takesAs(found[i-1]) {
			args = th.take(text, t)
		}
		next = expand(next, th.node.next, args)
	}
	return next, Refused
}

// takesAs says whether two threads have read the same, and take the next token
// alike: the many commands that begin with the same words share what was read.
func (th thread) takesAs(other thread) bool {
	n, o := th.node, other.node
	return n.kind == o.kind && n.text == o.text && n.label == o.label &&
		len(th.args) == len(other.args) && (len(th.args) == 0 || &th.args[0] == &other.args[0])
}

// take adds a token to what a thread has read.
func (th thread) take(text string, t Token) []arg {
	n := th.node
	a := arg{label: n.label, text: t.Text, col: t.Col, keyword: n.kind == word, secret: n.typ.secret, rest: n.typ.rest}
	switch {
	case a.keyword:
		a.text = n.text
	case a.rest:
		a.text = text[t.Col-1:]
	case n.text == "IFNAME":
		a.text, _ = InterfaceName(t.Text)
	case n.text == "IFTYPE":
		a.text, _ = interfaceType(t.Text)
	case n.text == "IFNUM": // belongs to the type before it
		last := th.args[len(th.args)-1]
		last.text += t.Text
		return append(slices.Clone(th.args[:len(th.args)-1]), last)
	}
	return append(slices.Clip(th.args), a)
}

// Ranks of keywords stand above those of arguments.
const (
	abbreviated = 100
	whole       = 101
)

// rank is how well a token fits a node, 0 for not at all.
func rank(n *node, token string) int {
	switch n.kind {
	case word:
		switch {
		case n.text[0]|0x20 != token[0]|0x20: // most of a long table
		case strings.EqualFold(n.text, token):
			return whole
		case len(token) < len(n.text) && strings.EqualFold(n.text[:len(token)], token) && strings.Trim(n.text, "0123456789") != "":
			return abbreviated
		}
	case value:
		if n.typ.accepts(token) {
			return 1 + n.typ.rank
		}
	}
	return 0
}

func expand(to []thread, nodes []*node, args []arg) []thread {
	for _, n := range nodes {
		if n.kind == split {
			to = expand(to, n.next, args)
			continue
		}
		to = append(to, thread{n, args})
	}
	return to
}

func failed(kind Kind, threads []thread, token int, text string) reading {
	r := reading{kind: kind, token: token, cmd: -1}
	if len(threads) == 0 { // a mode without commands
		return r
	}
	r.cmd, r.args = threads[0].node.cmd, threads[0].args
	for _, a := range r.args {
		if a.keyword {
			r.keywords++
		}
	}
	for _, th := range threads {
		if th.node.cmd != r.cmd {
			r.cmd = -1
		}
		name := th.node.text
		switch {
		case th.node.kind == accept:
			name = "<cr>"
		case kind == Ambiguous && rank(th.node, text) != abbreviated:
			continue
		}
		switch name {
		case "IFNAME", "IFTYPE":
			name = "INTERFACE"
		case "IFNUM":
			name = "a number"
		case "MASK":
			name = "a netmask"
		}
		if !slices.Contains(r.want, name) {
			r.want = append(r.want, name)
		}
	}
	return r
}
