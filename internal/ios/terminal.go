package ios

import "strings"

// pager is what IOS shows between two pages of show running-config.
const pager = "--More--"

// asShown gives a line of a terminal's record as the terminal showed it:
// backspaces and carriage returns go back, and what follows overwrites. IOS
// takes its pager away so. A pager that still stands before a line goes too:
// without it the command behind it would be taken for another's. So do prompts.
func asShown(text string) string {
	text = strings.TrimRight(text, "\r")
	if strings.ContainsAny(text, "\b\r") {
		var shown []byte
		at := 0
		for _, c := range []byte(text) {
			switch {
			case c == '\b':
				at = max(at-1, 0)
			case c == '\r':
				at = 0
			case at < len(shown):
				shown[at] = c
				at++
			default:
				shown = append(shown, c)
				at++
			}
		}
		text = string(shown)
	}
	if rest, found := strings.CutPrefix(strings.TrimLeft(text, " \t"), pager); found {
		return strings.TrimPrefix(rest, " ")
	}
	return typed(text)
}

// typed takes the prompt of a configuration mode, R1(config-if)#, off a line:
// what stands behind it was typed, and is a command like any other.
func typed(text string) string {
	prompt, command, found := strings.Cut(text, ")#")
	host, mode, config := strings.Cut(prompt, "(config")
	if !found || !config || host == "" || strings.ContainsAny(host, " \t!") || strings.ContainsAny(mode, " \t") {
		return text
	}
	return strings.Repeat(" ", len(text)-len(command)) + command // the columns stay
}
