package lab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/test/script"
)

const configs = "../../configs"

// The laboratory says of the scenarios that daemons run too, those of the note
// among them, what comes of them.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../scenario/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(archive.Comment), "\nsockets\n") || strings.Contains(string(archive.Comment), "/v1") {
			continue // the laboratory makes certificates of version 3
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			if err := script.Complete(archive, configs); err != nil {
				t.Fatal(err)
			}
			predict(t, script.New(archive, configs, 2048), strings.Split(string(archive.Comment), "\n"))
		})
	}
	if ran < 20 {
		t.Errorf("%d scenarios", ran)
	}
}

// predict runs a script's lines as test/netns does.
func predict(t *testing.T, setup *script.Setup, lines []string) {
	var said *lab.Result
	var d lab.Direction
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "config", "enrol", "drop", "add":
			if err := setup.Command(line); err != nil {
				t.Fatal(err)
			}
		case "start":
			said = run(t, setup)
		case "try":
			i := slices.IndexFunc(said.Directions, func(d lab.Direction) bool { return d.Initiator.Name == words[1] && d.Tunnel == words[2] })
			if i < 0 {
				t.Fatalf("%s: no such direction", line)
			}
			if d = said.Directions[i]; string(d.Result) != words[3] {
				t.Fatalf("%s: %s at %s: %s", line, d.Result, d.Stage, d.Cause)
			}
		case "want":
			field := words[1]
			if field != "profile" && field != "trustpoint" {
				continue
			}
			side := d.Responder
			if d.Initiator.Name == words[2] {
				side = d.Initiator
			}
			if got := (script.Seen{Profile: side.Profile, Trustpoint: side.Trustpoint}).Field(field); got != words[3] {
				t.Errorf("%s: %s", line, got)
			}
		}
	}
}

// run asks the laboratory about both routers, with the order in which they enrolled.
func run(t *testing.T, setup *script.Setup) *lab.Result {
	t.Helper()
	var sources [2]lab.Source
	for i, r := range setup.Routers {
		sources[i] = lab.Source{File: r.Name + ".cfg", Text: []byte(r.Config + r.Order())}
	}
	return both(t, sources)
}

// both runs both directions.
func both(t *testing.T, sources [2]lab.Source) *lab.Result {
	t.Helper()
	pair, err := lab.Prepare(sources[0], sources[1], time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, sources[0].Text, sources[1].Text)
	}
	r, err := lab.Run(pair, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A certificate that one end cannot support stands in its configuration. R1's list
// leads R2 away from it when R1 begins, and not when R2 does; without the list it is
// the same both ways.
func TestCertificateOfOneSideOnly(t *testing.T) {
	for _, test := range []struct {
		kind, without string
	}{{"v1", "up up"}, {"sha512-256", "down down"}} {
		for drop, want := range map[string]string{"": "up down", "drop R1 ca trust-point IOSCA1": test.without} {
			archive := &txtar.Archive{}
			if err := script.Complete(archive, configs); err != nil {
				t.Fatal(err)
			}
			setup := script.New(archive, configs, 2048)
			for _, line := range []string{"enrol R1 IOSCA1 IOSCA2", "enrol R2 IOSCA2/" + test.kind + " IOSCA1", drop} {
				if line == "" {
					continue
				}
				if err := setup.Command(line); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range setup.Routers {
				r.Config += r.Chains()
			}
			said := run(t, setup)
			if got := fmt.Sprint(said.Directions[0].Result, " ", said.Directions[1].Result); got != want {
				t.Errorf("%s %s: %s, want %s\n%s\n%s", test.kind, drop, got, want, said.Directions[0].Cause, said.Directions[1].Cause)
			}
		}
	}
}
