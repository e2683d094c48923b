package lint

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/internal/policy"
)

var update = flag.Bool("update", false, "write the golden texts anew")

var today = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// router compiles a configuration that has to be right.
func compiled(t *testing.T, name, text string) Router {
	t.Helper()
	c, errs := policy.Compile(policy.Source{Name: name, Text: []byte(text)})
	if errs != nil {
		t.Fatalf("%v\n%s", errs, text)
	}
	lines[name] = strings.Split(text, "\n")
	return Router{Name: cmp.Or(c.Hostname, name), Config: c}
}

// TestConfigs holds what there is to say of the configurations that come with
// obol, each pair together.
func TestConfigs(t *testing.T) {
	firsts, err := filepath.Glob("../../configs/*/*r1.cfg")
	if err != nil || len(firsts) < 10 {
		t.Fatal(len(firsts), err)
	}
	var b strings.Builder
	for _, first := range firsts {
		var pair []Router
		for _, path := range []string{first, strings.TrimSuffix(first, "r1.cfg") + "r2.cfg"} {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pair = append(pair, compiled(t, filepath.Base(path), string(text)))
		}
		fmt.Fprintf(&b, "== %s\n", strings.TrimPrefix(first, "../../configs/"))
		for _, f := range Check(today, pair...) {
			fmt.Fprintf(&b, "%s %s: %s\n\t%s\n", f.Severity, f.Code, f.Message, f.Cure)
			for _, p := range f.Where {
				fmt.Fprintf(&b, "\t%s: %s\n", p.File, textOf(t, p))
			}
		}
	}
	const golden = "testdata/configs.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
