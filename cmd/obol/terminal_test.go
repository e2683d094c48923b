package main

import (
	"bufio"
	"strings"
	"testing"
)

// What is pasted ends with an empty line, but not with one that belongs to it.
func TestPaste(t *testing.T) {
	for typed, want := range map[string]string{
		"\nMIIC\nAAAA\n\nnext\n": "MIIC\nAAAA\n",
		"MIIC\nquit\nnext\n":     "MIIC\n",
		"-----BEGIN X-----\nA: b\n\nMIIC\n-----END X-----\n\nnext\n":                                 "-----BEGIN X-----\nA: b\n\nMIIC\n-----END X-----\n",
		"Exported pkcs12 follows:\n\nMIIC\n\n---End - This line not part of the pkcs12---\n\nnext\n": "Exported pkcs12 follows:\n\nMIIC\n\n---End - This line not part of the pkcs12---\n",
	} {
		d := &desk{lines: bufio.NewReader(strings.NewReader(typed))}
		if got, err := d.paste(); err != nil || got != want {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}
