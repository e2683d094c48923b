package scenario

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestDebugLines finds the lines of testdata/debug-lines.txt where it says that
// they are printed, in their order, and those that obol does not print nowhere.
func TestDebugLines(t *testing.T) {
	t.Parallel()
	placeholders := strings.NewReplacer(`<N>`, `\d+`, `<X>`, `[0-9A-F]+`, `<\*>`, `[^"]*`)
	printed := map[string]map[string][]string{} // by scenario and router
	var never []*regexp.Regexp
	blocks := readBlocks(t, "testdata/debug-lines.txt")
	if len(blocks) < 30 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		logs := printed[b.scenario]
		if logs == nil && b.scenario != "-" {
			logs = everythingPrinted(t, b.scenario)
			printed[b.scenario] = logs
		}
		rest := logs[b.router]
		for _, line := range b.lines {
			want := regexp.MustCompile("^" + placeholders.Replace(regexp.QuoteMeta(line)) + "$")
			if b.scenario == "-" {
				never = append(never, want)
				continue
			}
			i := slices.IndexFunc(rest, want.MatchString)
			if i < 0 {
				t.Errorf("%s, %s, %s: missing: %s\nin what follows:\n\t%s", b.scenario, b.router, b.step, line, strings.Join(rest, "\n\t"))
				break
			}
			rest = rest[i+1:]
		}
	}
	for name, logs := range printed {
		for _, line := range slices.Concat(logs["R1"], logs["R2"]) {
			if slices.ContainsFunc(never, func(re *regexp.Regexp) bool { return re.MatchString(line) }) {
				t.Errorf("%s prints what is said never to be: %s", name, line)
			}
		}
	}
}

// everythingPrinted runs a scenario and gives all lines of its routers, rows
// joined.
func everythingPrinted(t *testing.T, name string) map[string][]string {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	complete(t, archive)
	r := newRun(archive, 1)
	if err := r.all(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	logs := map[string][]string{}
	for _, x := range r.routers {
		x.reported = 0
		for _, l := range log(x) {
			logs[x.name] = append(logs[x.name], blanks.ReplaceAllString(l, " "))
		}
	}
	return logs
}
