package scenario

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// block is what the note prints of one router and one step.
type block struct {
	scenario, router, step string
	lines                  []string
}

// readBlocks reads debug lines; "..." is a gap, and between two lines others may
// stand anyway.
func readBlocks(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "== "):
			parts := strings.Split(strings.TrimPrefix(line, "== "), " | ")
			blocks = append(blocks, block{scenario: parts[0], router: parts[1], step: parts[2]})
		case line == "" || line == "..." || line[0] == '#':
		default:
			b := &blocks[len(blocks)-1]
			b.lines = append(b.lines, line)
		}
	}
	return blocks
}

var blanks = regexp.MustCompile(`\s+`)
