package policy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestMigrants loads running-configs as people bring them. What obol says of
// each stands below it: every line that is not there is spoken.
func TestMigrants(t *testing.T) {
	paths, _ := filepath.Glob("testdata/migrants/*.txtar")
	if len(paths) < 15 {
		t.Fatalf("%d running-configs", len(paths))
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			says := checked(a.Files[0].Data)
			if strings.Contains(says, "s3cret") {
				t.Errorf("a key is told:\n%s", says)
			}
			golden(t, path, "says", says)
		})
	}
}

// checked is what obold --check prints, in the order of the file.
func checked(text []byte) string {
	c, errs := Compile(Source{"r1.cfg", text})
	if errs != nil {
		return errs.Error() + "\n"
	}
	all := slices.Concat(c.Ignored, c.Warnings)
	slices.SortStableFunc(all, func(x, y Remark) int { return x.Pos.Line - y.Pos.Line })
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%s: %s\n", r.Pos, r.Text)
	}
	return b.String()
}
