package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestHouse applies the rules to this repository.
func TestHouse(t *testing.T) {
	findings, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// TestViolations applies them to a module that breaks every rule. Each broken
// line carries a comment `want "..."` with a part of the finding.
func TestViolations(t *testing.T) {
	dir, err := filepath.Abs("testdata/house")
	if err != nil {
		t.Fatal(err)
	}
	wants := wanted(t, dir)
	if len(wants) == 0 {
		t.Fatal("no want comments found")
	}
	findings, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Why == "" {
			t.Errorf("no reason given: %v", f)
		}
		place := fmt.Sprintf("%s:%d", f.Pos.Filename, f.Pos.Line)
		i := slices.IndexFunc(wants[place], func(w string) bool { return strings.Contains(f.Text, w) })
		if i < 0 {
			t.Errorf("unexpected: %v", f)
			continue
		}
		wants[place] = slices.Delete(wants[place], i, i+1)
	}
	for place, missed := range wants {
		for _, w := range missed {
			t.Errorf("%s: no finding %q", place, w)
		}
	}
}

// TestLengths checks the limits themselves, to the line.
func TestLengths(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, lines int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("//\n", lines)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("fits.go", 700)
	write("long.go", 701)
	write("fits_test.go", 1200)
	write("long_test.go", 1201)
	write("long.txt", 5000)
	var c checker
	if err := c.lengths(dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range c.findings {
		got = append(got, filepath.Base(f.Pos.Filename))
	}
	if want := []string{"long.go", "long_test.go"}; !slices.Equal(got, want) {
		t.Errorf("too long: %q, want %q", got, want)
	}
}

// TestTable checks that the table itself says what it means.
func TestTable(t *testing.T) {
	for _, r := range house {
		for _, name := range r.may {
			other, ok := find(name)
			if !ok {
				t.Errorf("%s may import %s, which is not in the table", r.path, name)
			} else if other.level > r.level {
				t.Errorf("%s (level %d) may import %s of level %d", r.path, r.level, name, other.level)
			}
		}
	}
	for _, pair := range [][2]string{{"ikev1", "ikev2"}, {"ikev2", "ikev1"}, {"wire", "internal/suite"}, {"pki", "pki/store"}, {"internal/engine", "xfrm"}} {
		from, _ := find(pair[0])
		to, _ := find(pair[1])
		if from.mayImport(to) {
			t.Errorf("%s may import %s", pair[0], pair[1])
		}
	}
}

var wantPattern = regexp.MustCompile(`want ("[^"]*")`)

// wanted collects the want comments, by file:line.
func wanted(t *testing.T, dir string) map[string][]string {
	t.Helper()
	wants := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			for _, m := range wantPattern.FindAllStringSubmatch(group.Text(), -1) {
				text, err := strconv.Unquote(m[1])
				if err != nil {
					return err
				}
				place := fmt.Sprintf("%s:%d", path, fset.Position(group.Pos()).Line)
				wants[place] = append(wants[place], text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return wants
}
