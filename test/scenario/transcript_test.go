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

// noteCases are the exchanges of the note: how the routers are set up, and who
// begins. The blocks of the file name a router, or its part in the exchange.
var noteCases = []struct {
	name, setup, initiator string
}{
	{"r1-initiates", "enrol R1 IOSCA1 IOSCA2\nenrol R2 IOSCA2 IOSCA1\n", "R1"},
	{"r2-initiates", "enrol R1 IOSCA1 IOSCA2\nenrol R2 IOSCA2 IOSCA1\n", "R2"},
	{"ikev2-overlapping-profiles", "config note/ikev2-overlap-\nenrol R1 TP1\nenrol R2 TP1\n", "R1"},
	{"ikev2-certificates", "config note/ikev2-certificates-\nenrol R1 TP1\nenrol R2 TP1\n", "R1"},
	{"ikev2-no-trustpoint", "config note/ikev2-no-trustpoint-\nenrol R1 TP1 TP2\nenrol R2 TP2 TP1\n", "R1"},
	{"ikev2-r2-initiates", "config note/ikev2-two-trustpoints-\nenrol R1 TP1 TP2\nenrol R2 TP1 TP2\n", "R2"},
}

// TestTranscripts runs the exchanges of the note and finds, router by router and
// step by step, every line that the note prints, in its order.
func TestTranscripts(t *testing.T) {
	blocks := readBlocks(t, "testdata/transcripts.txt")
	for _, c := range noteCases {
		archive := &txtar.Archive{Comment: []byte(c.setup + "start\ninitiate " + c.initiator + " Tunnel1\nadvance 5s\n")}
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
		part := map[string]string{"R1": "R1", "R2": "R2", "initiator": "R1", "responder": "R2"}
		found := 0
		for _, b := range blocks {
			router := part[b.router]
			if b.scenario != c.name || router == "" { // the payloads of both are on the wire
				continue
			}
			t.Run(fmt.Sprintf("%s %s %s", b.scenario, b.router, b.step), func(t *testing.T) {
				for _, line := range b.lines {
					i := slices.IndexFunc(rest[router], pattern(line).MatchString)
					if i < 0 {
						t.Errorf("missing: %s\nin what follows:\n\t%s", line, strings.Join(rest[router], "\n\t"))
						return
					}
					rest[router] = rest[router][i+1:]
					found++
				}
			})
		}
		if found == 0 {
			t.Errorf("%s: the note has no lines of it", c.name)
		}
	}
}
