//go:build netns

package netns

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/script"
)

// The scenarios with the line sockets run between two daemons too: the same
// verdicts, profiles and trustpoints as in memory; and what comes up carries a ping.
func TestScenarios(t *testing.T) {
	p, err := routers.NewNumbered(0, bin, "", "")
	must(t, err)
	defer func() { must(t, p.Close()) }()
	files, err := filepath.Glob(root + "/test/scenario/testdata/*.txtar")
	must(t, err)
	ran, pinged := 0, 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		must(t, err)
		lines := strings.Split(string(archive.Comment), "\n")
		if !strings.Contains(string(archive.Comment), "\nsockets\n") {
			continue
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			must(t, script.Complete(archive, root+"/configs"))
			pinged += play(t, p, script.New(archive, root+"/configs", 2048), lines)
		})
	}
	if ran < 10 || pinged < 5 {
		t.Errorf("%d scenarios, %d pings", ran, pinged)
	}
}

// play runs a script's lines: what it says of routers before they start, try, and
// want of what can be seen from outside. The rest is about the memory. It gives how
// many pings came through the tunnels.
func play(t *testing.T, p *routers.Pair, setup *script.Setup, lines []string) (pinged int) {
	var o routers.Outcome
	tried := 0
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		var err error
		switch words[0] {
		case "config", "enrol", "drop", "add":
			must(t, setup.Command(line))
		case "start":
			must(t, p.Load(setup))
		case "try":
			if o, err = p.Try(words[1], words[2]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if tried++; o.Up != (words[3] == "up") {
				t.Fatalf("%s: %s\nR1: %s\nR2: %s", line, o.Why, p.R1.Log(), p.R2.Log())
			}
			switch o.Ping {
			case "":
			case routers.Answered:
				pinged++
			default:
				t.Errorf("%s: no ping: %s", line, o.Ping)
			}
		case "want":
			seen := map[string]script.Seen{"R1": o.R1, "R2": o.R2}
			if field := words[1]; field == "profile" || field == "trustpoint" {
				if got := seen[words[2]].Field(field); got != words[3] {
					t.Errorf("%s: %s (%s)", line, got, o.Why)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("nothing is tried")
	}
	return pinged
}
