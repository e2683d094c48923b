package scenario

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
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

var placeholders = strings.NewReplacer(`<SA>`, `\d+`, `<PKI>`, `[0-9A-F]+`)

// slips of the note: it prints the same message in two spellings.
var slips = strings.NewReplacer(
	"ISAKMP (0): sending packet", "ISAKMP:(0): sending packet",
	"IKE_MSG_FROM_PEER", "IKE_MESG_FROM_PEER",
)

// pattern matches the beginning of our line: the note cuts some of its lines.
func pattern(line string) *regexp.Regexp {
	return regexp.MustCompile("^" + placeholders.Replace(regexp.QuoteMeta(slips.Replace(line))))
}

var blanks = regexp.MustCompile(`\s+`)

// TestTranscripts runs both directions of the note and finds, router by router
// and step by step, every line that the note prints, in its order.
func TestTranscripts(t *testing.T) {
	for _, scenario := range []struct{ name, initiator string }{{"r1-initiates", "R1"}, {"r2-initiates", "R2"}} {
		archive := &txtar.Archive{Comment: []byte(
			"enrol R1 IOSCA1 IOSCA2\nenrol R2 IOSCA2 IOSCA1\nstart\ninitiate " + scenario.initiator + " Tunnel1\nadvance 5s\n")}
		complete(t, archive)
		r := newRun(archive, 1)
		if err := r.all(); err != nil {
			t.Fatal(err)
		}
		rest := map[string][]string{}
		for _, x := range r.routers {
			for _, l := range log(x) {
				rest[x.name] = append(rest[x.name], blanks.ReplaceAllString(l, " "))
			}
		}
		found := 0
		for _, b := range readBlocks(t, "testdata/transcripts.txt") {
			if b.scenario != scenario.name {
				continue
			}
			t.Run(fmt.Sprintf("%s %s %s", b.scenario, b.router, b.step), func(t *testing.T) {
				for _, line := range b.lines {
					i := slices.IndexFunc(rest[b.router], pattern(line).MatchString)
					if i < 0 {
						t.Errorf("missing: %s\nin what follows:\n\t%s", line, strings.Join(rest[b.router], "\n\t"))
						return
					}
					rest[b.router] = rest[b.router][i+1:]
					found++
				}
			})
		}
		if found < 20 {
			t.Errorf("%s: only %d lines of the note found", scenario.name, found)
		}
	}
}
