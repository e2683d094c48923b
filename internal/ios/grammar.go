package ios

import (
	"fmt"
	"strconv"
	"strings"
)

// A graph is the syntax of all commands of a mode, as states to walk through
// token by token.
type graph struct {
	start []thread // what a line may begin with
	lead  []int    // leading keywords of each command
	block []bool   // the command enters a mode
}

type nodeKind uint8

const (
	split  nodeKind = iota // no token: goes on with each of next
	word                   // a keyword
	value                  // an argument
	accept                 // the command is complete
)

type node struct {
	kind  nodeKind
	text  string // the keyword, or the name of the argument's type
	label string
	typ   argument
	next  []*node
	cmd   int
}

// add joins a command's syntax to the graph.
func (g *graph) add(syntax string, block bool) {
	cmd := len(g.lead)
	p := &grammar{cmd: cmd, tokens: grammarTokens(syntax), syntax: syntax}
	tree := p.alternatives()
	if len(p.tokens) > 0 {
		p.bad("unexpected " + p.tokens[0])
	}
	lead := 0
	if seq, ok := tree.(sequence); ok {
		for lead < len(seq) {
			if l, ok := seq[lead].(*leaf); !ok || l.kind != word {
				break
			}
			lead++
		}
	} else if l, ok := tree.(*leaf); ok && l.kind == word {
		lead = 1
	}
	g.lead = append(g.lead, lead)
	g.block = append(g.block, block)
	g.start = expand(g.start, []*node{tree.build(cmd, &node{kind: accept, cmd: cmd})}, nil)
}

// The tree of a syntax, before it becomes states.
type (
	syntaxTree interface {
		// build makes the states of the tree, followed by next.
		build(cmd int, next *node) *node
		// name puts a label on the first keyword or argument.
		name(label string)
	}
	leaf struct {
		kind  nodeKind
		text  string
		label string
		typ   argument
	}
	sequence []syntaxTree
	choice   []syntaxTree
	optional struct{ of syntaxTree }
	repeated struct{ of syntaxTree }
)

func (l *leaf) build(cmd int, next *node) *node {
	return &node{kind: l.kind, text: l.text, label: l.label, typ: l.typ, next: []*node{next}, cmd: cmd}
}

func (s sequence) build(cmd int, next *node) *node {
	for i := len(s) - 1; i >= 0; i-- {
		next = s[i].build(cmd, next)
	}
	return next
}

func (c choice) build(cmd int, next *node) *node {
	n := &node{kind: split, cmd: cmd}
	for _, t := range c {
		n.next = append(n.next, t.build(cmd, next))
	}
	return n
}

func (o optional) build(cmd int, next *node) *node {
	return &node{kind: split, next: []*node{o.of.build(cmd, next), next}, cmd: cmd}
}

func (r repeated) build(cmd int, next *node) *node {
	again := &node{kind: split, cmd: cmd}
	body := r.of.build(cmd, again)
	again.next = []*node{body, next}
	return body
}

func (l *leaf) name(label string)    { l.label = label }
func (s sequence) name(label string) { s[0].name(label) }
func (c choice) name(label string) {
	for _, t := range c {
		t.name(label)
	}
}
func (o optional) name(label string) { o.of.name(label) }
func (r repeated) name(label string) { r.of.name(label) }

// grammar reads a syntax. A fault in one is a fault of the program, so it
// panics.
type grammar struct {
	syntax string
	tokens []string
	cmd    int
}

func (p *grammar) bad(why string) { panic(fmt.Sprintf("ios: syntax %q: %s", p.syntax, why)) }

func (p *grammar) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *grammar) take() string {
	t := p.peek()
	p.tokens = p.tokens[1:]
	return t
}

func (p *grammar) alternatives() syntaxTree {
	c := choice{p.sequence()}
	for p.peek() == "|" {
		p.take()
		c = append(c, p.sequence())
	}
	if len(c) == 1 {
		return c[0]
	}
	return c
}

func (p *grammar) sequence() syntaxTree {
	var s sequence
	for t := p.peek(); t != "" && t != "|" && t != "}" && t != "]"; t = p.peek() {
		s = append(s, p.item())
	}
	switch len(s) {
	case 0:
		p.bad("an empty alternative")
	case 1:
		return s[0]
	}
	return s
}

func (p *grammar) item() syntaxTree {
	t := p.take()
	label := ""
	if l, rest, ok := strings.Cut(t, ":"); ok && l != "" && l == strings.ToLower(l) {
		label, t = l, rest
		if t == "" {
			t = p.take()
		}
	}
	var tree syntaxTree
	switch {
	case t == "{" || t == "[":
		tree = p.alternatives()
		if end := p.peek(); end == "" || (t == "{") != (end == "}") {
			p.bad("a bracket is not closed")
		}
		p.take()
		if t == "[" {
			tree = optional{tree}
		}
	case t == "INTERFACE": // Tunnel1, or Tunnel 1
		tree = choice{argumentLeaf("IFNAME"), sequence{argumentLeaf("IFTYPE"), argumentLeaf("IFNUM")}}
		tree.name("INTERFACE")
	case t == strings.ToLower(t) && t[0] != '<':
		tree = &leaf{kind: word, text: t}
	default:
		l := argumentLeaf(t)
		if l == nil {
			p.bad("unknown argument " + t)
		}
		tree = l
	}
	if label != "" {
		tree.name(label)
	}
	if p.peek() == "..." {
		p.take()
		tree = repeated{tree}
	}
	return tree
}

func argumentLeaf(name string) *leaf {
	if lo, hi, ok := parseRange(name); ok {
		return &leaf{kind: value, text: name, label: "N", typ: rangeArgument(lo, hi)}
	}
	typ, ok := arguments[name]
	if !ok {
		return nil
	}
	return &leaf{kind: value, text: name, label: name, typ: typ}
}

// parseRange reads "<1-10000>".
func parseRange(s string) (lo, hi uint64, ok bool) {
	body, ok := strings.CutPrefix(s, "<")
	if !ok {
		return 0, 0, false
	}
	a, b, ok := strings.Cut(strings.TrimSuffix(body, ">"), "-")
	lo, err1 := strconv.ParseUint(a, 10, 64)
	hi, err2 := strconv.ParseUint(b, 10, 64)
	return lo, hi, ok && err1 == nil && err2 == nil && lo <= hi
}

func grammarTokens(s string) []string {
	s = strings.ReplaceAll(s, "...", " ... ")
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("{}[]|", r) {
			fmt.Fprintf(&b, " %c ", r)
		} else {
			b.WriteRune(r)
		}
	}
	return strings.Fields(b.String())
}
