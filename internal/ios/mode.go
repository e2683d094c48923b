package ios

import "slices"

// Command is a row of a command table. T is what the handlers work on.
type Command[T any] struct {
	Syntax string
	// Do carries the line out. It may be nil: the line is understood and
	// changes nothing.
	Do func(T, *Match)
	// Enter is the mode of the lines below this one. A no form enters nothing.
	Enter *Mode[T]
	// Hex says that lines of hex digits follow, ended by quit.
	Hex bool
}

// Mode is a command table with its manners.
type Mode[T any] struct {
	Name string // as IOS's prompt has it: "config-isakmp"
	// Strict modes refuse what they do not understand; the others pass it to
	// Unknown.
	Strict bool
	// Foreign are first words of commands that belong here, and that we leave
	// to others: they go to Unknown without a look at the tables' near misses.
	Foreign []string
	// Owned are first words of which every line must be understood.
	Owned []string
	// Unknown hears of the lines that this mode left to others.
	Unknown func(T, Line)

	commands   []Command[T]
	directives []Command[T]
	graph      graph
	comments   graph
}

// Add joins commands to a mode. A wrong syntax panics: it is a fault of the
// program.
func (m *Mode[T]) Add(commands ...Command[T]) *Mode[T] {
	for _, c := range commands {
		m.graph.add(c.Syntax, c.Enter != nil)
		m.commands = append(m.commands, c)
	}
	return m
}

// Directives joins commands that stand behind the directive word of a comment
// ("!obol serial-number 100").
func (m *Mode[T]) Directives(commands ...Command[T]) *Mode[T] {
	for _, c := range commands {
		m.comments.add(c.Syntax, false)
		m.directives = append(m.directives, c)
	}
	return m
}

// words are the first words of a mode's commands.
func (g *graph) words() []string {
	var all []string
	for _, th := range g.start {
		if th.node.kind == word && !slices.Contains(all, th.node.text) {
			all = append(all, th.node.text)
		}
	}
	return all
}
