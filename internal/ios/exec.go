package ios

// Exec reads one line of an exec mode and carries it out. The error, when
// there is one, prints with its method Exec as on a router.
func (m *Mode[T]) Exec(t T, text string) *Error {
	if len(text) > MaxLine {
		return &Error{Kind: Invalid, Text: "the line is too long"}
	}
	l := NewLine("", 1, text)
	if len(l.Tokens) == 0 {
		return &Error{Kind: Incomplete, Text: "no command", Want: wanted(m.graph.words())}
	}
	tokens, form := formOf(l.Tokens)
	rd := m.graph.read(l.Text, tokens, form)
	if !rd.ok {
		return rd.fault(l, tokens)
	}
	var errs Errors
	if do := m.commands[rd.cmd].Do; do != nil {
		do(t, &Match{Line: l, Form: form, args: rd.args, errs: &errs})
	}
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}
