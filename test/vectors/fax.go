// Package vectors holds obol's key derivations against NIST's answers.
package vectors

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// A Case is one block of an answer file: the hash that the lines in brackets
// name, and its fields.
type Case struct {
	Line   int    // of its COUNT
	Hash   string // "SHA-256"
	fields map[string][]byte
}

// Field is a value of the case; one that is missing is an error, not nothing.
func (c Case) Field(name string) ([]byte, error) {
	v, ok := c.fields[name]
	if !ok {
		return nil, fmt.Errorf("line %d: the case has no %s", c.Line, name)
	}
	return v, nil
}

// ReadFax reads a file of NIST's answers:
//
//	[SHA-1]
//	[Ni length = 64]
//
//	COUNT = 0
//	CKY_I = 83d374c30b3b5082
//	...
//
// A bracket without "=" names the hash; the others describe lengths, which the
// values show themselves.
func ReadFax(r io.Reader) ([]Case, error) {
	var cases []Case
	hash := ""
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		key, value, pair := strings.Cut(line, " = ")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && !pair:
			hash = strings.Trim(line, "[]")
		case line[0] == '[':
		case !pair:
			return nil, fmt.Errorf("line %d: neither a field nor a bracket: %q", n, line)
		case key == "COUNT":
			cases = append(cases, Case{Line: n, Hash: hash, fields: map[string][]byte{}})
		case len(cases) == 0:
			return nil, fmt.Errorf("line %d: %s before the first COUNT", n, key)
		default:
			b, err := hex.DecodeString(value)
			if err != nil {
				return nil, fmt.Errorf("line %d: %s: %v", n, key, err)
			}
			cases[len(cases)-1].fields[key] = b
		}
	}
	return cases, lines.Err()
}
