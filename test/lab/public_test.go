package lab

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/internal/policy"
)

var update = flag.Bool("update", false, "write what is said of public configurations into their golden files")

// The pairs of testdata/public follow examples that are found on the net: the first
// line of each file names where. All load, and all that obol does not do is named:
// the golden file of a pair lists it, and what the laboratory says of its tunnels.
func TestPublicConfigurations(t *testing.T) {
	dirs, err := filepath.Glob("testdata/public/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d pairs, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var got strings.Builder
			var sources [2]lab.Source
			for i, name := range []string{"r1.cfg", "r2.cfg"} {
				text, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(string(text), "! After https://") {
					t.Errorf("%s does not name its source", name)
				}
				sources[i] = lab.Source{File: name, Text: text}
				config, errs := policy.Compile(policy.Source{Name: name, Text: text})
				for _, err := range errs {
					t.Errorf("does not load: %v", err)
				}
				if len(errs) > 0 {
					return
				}
				for _, r := range slices.Concat(config.Ignored, config.Warnings) {
					fmt.Fprintf(&got, "%v: %s\n", r.Pos, r.Text)
				}
			}
			tunnels(t, &got, sources)
			golden := filepath.Join(dir, "said.txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("said of it:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}

// tunnels adds the verdict on each direction.
func tunnels(t *testing.T, got *strings.Builder, sources [2]lab.Source) {
	t.Helper()
	r := both(t, sources)
	for _, d := range r.Directions {
		fmt.Fprintf(got, "%s of %s begins: %s at %s\n", d.Tunnel, d.Initiator.Name, d.Result, d.Stage)
	}
	if len(r.Directions) == 0 {
		fmt.Fprintf(got, "no tunnel that is protected\n")
	}
}
