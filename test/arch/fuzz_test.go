package arch

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFuzzList holds test/fuzz.txt, which `make fuzz` reads, to the fuzz
// targets that there are.
func TestFuzzList(t *testing.T) {
	const root = "../.."
	var there []string
	function := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range function.FindAllSubmatch(text, -1) {
			there = append(there, "./"+dir+" "+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("../fuzz.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var listed []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			listed = append(listed, line)
		}
	}
	slices.Sort(there)
	slices.Sort(listed)
	if !slices.Equal(there, listed) {
		t.Errorf("test/fuzz.txt lists\n%s\nbut there are\n%s", strings.Join(listed, "\n"), strings.Join(there, "\n"))
	}
}
