package policy

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// corpus is every configuration of the tests and the repository.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"../../configs/*/*.cfg", "testdata/*/*.cfg", "testdata/errors/*.txtar"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[path] = text
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d configurations", len(all))
	}
	return all
}

// TestCut: any prefix of a text is a configuration or a list of errors, never
// both, never a panic.
func TestCut(t *testing.T) {
	all, seen := corpus(t), map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		text, at, head := all[path], 0, ""
		for line := range bytes.Lines(text) {
			step := 1 + len(text)/1500*16 // octet by octet, but for the whole running-config
			if line[0] != ' ' {
				head = string(line)
			}
			if key := head + string(line); seen[key] { // of the other end, most often
				step = len(line)
			} else {
				seen[key] = true
			}
			for n := 0; n < len(line); n += step {
				check(t, path, text[:at+n])
			}
			at += len(line)
		}
		check(t, path, text)
	}
}

func check(t *testing.T, path string, text []byte) {
	t.Helper()
	c, errs := Compile(Source{path, text})
	if (c == nil) == (len(errs) == 0) {
		t.Fatalf("%s cut at %d: %v and %d errors", path, len(text), c, len(errs))
	}
	for _, e := range errs {
		if e.Pos.Line < 0 || e.Text == "" {
			t.Fatalf("%s cut at %d: an error without place or text: %+v", path, len(text), e)
		}
		_ = e.Error()
	}
	if c == nil {
		return
	}
	for _, i := range c.Interfaces {
		if i.Tunnel != nil && (!i.Tunnel.Source.IsValid() || !i.Tunnel.Destination.IsValid() || !i.Tunnel.ReqID.Ours()) {
			t.Fatalf("%s cut at %d: half a tunnel: %+v", path, len(text), i.Tunnel)
		}
	}
}

// FuzzCompile is the door of configuration text. The seeds are the blocks of
// the corpus, one by one: a small text is quicker to vary.
func FuzzCompile(f *testing.F) {
	for _, text := range corpus(f) {
		for block := range bytes.SplitSeq(text, []byte("\n!\n")) {
			f.Add(block)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, "fuzz", text) })
}
