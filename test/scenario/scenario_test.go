package scenario

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			complete(t, archive)
			for seed, seeds := 1, 1; seed <= seeds; seed++ {
				r := newRun(archive, uint64(seed))
				if err := r.all(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				seeds = r.seeds
			}
		})
	}
}

// complete adds the note's configurations where a scenario has none of its own.
func complete(t testing.TB, archive *txtar.Archive) {
	t.Helper()
	for _, name := range []string{"R1.cfg", "R2.cfg"} {
		if slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == name }) {
			continue
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: noteConfig(t, name)})
	}
}

// noteConfig is one of the note's configurations.
func noteConfig(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../configs/note/ikev1-" + strings.ToLower(name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
