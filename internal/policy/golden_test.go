package policy

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden texts anew")

// compileFile compiles a configuration that has to be right.
func compileFile(t *testing.T, path string) *Config {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return compileText(t, string(text))
}

func compileText(t *testing.T, text string) *Config {
	t.Helper()
	c, errs := Compile(Source{"r1.cfg", []byte(text)})
	if errs != nil {
		t.Fatal(errs)
	}
	return c
}

// golden compares with a file's part, or writes it.
func golden(t *testing.T, path, part, got string) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Files {
		if a.Files[i].Name != part {
			continue
		}
		if *update {
			a.Files[i].Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		return
	}
	t.Fatalf("%s has no part %s", path, part)
}

// TestErrors holds the texts that people read: all errors of a file at once,
// in its order, and no configuration with them.
func TestErrors(t *testing.T) {
	paths, _ := filepath.Glob("testdata/errors/*.txtar")
	if len(paths) == 0 {
		t.Fatal("no golden errors")
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, errs := Compile(Source{"r1.cfg", a.Files[0].Data})
			if c != nil || len(errs) == 0 {
				t.Fatalf("a wrong configuration gave %v and %d errors", c, len(errs))
			}
			if text := errs.Error(); strings.Contains(text, "s3cret") {
				t.Errorf("an error tells a key:\n%s", text)
			}
			golden(t, path, "errors", errs.Error()+"\n")
		})
	}
}

// TestRemarks holds what a running-config pasted whole leaves out.
func TestRemarks(t *testing.T) {
	c := compileFile(t, "testdata/loads/running-config.cfg")
	var b strings.Builder
	for _, r := range c.Ignored {
		fmt.Fprintf(&b, "%d: %s\n", r.Pos.Line, r.Text)
	}
	golden(t, "testdata/loads/running-config.txtar", "ignored", b.String())
	b.Reset()
	for _, r := range c.Warnings {
		fmt.Fprintf(&b, "%d:%d: %s\n", r.Pos.Line, r.Pos.Col, r.Text)
	}
	golden(t, "testdata/loads/running-config.txtar", "warnings", b.String())
}
