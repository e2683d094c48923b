package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/test/script"
)

// soak is make soak's: scenarios that run with soakable seeds run with so many.
var soak = flag.Int("soak", 0, "seeds of the scenarios that have 50 or more")

const soakable = 50

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
			failed := 0
			for seed, seeds := 1, 1; seed <= seeds; seed++ {
				r := newRun(archive, uint64(seed))
				if err := r.all(); err != nil {
					t.Errorf("seed %d: %v", seed, err)
					if failed++; failed == 10 {
						return
					}
				}
				if seeds = r.seeds; seeds >= soakable {
					seeds = max(seeds, *soak)
				}
				if seed == 1 {
					syslogKnown(t, r)
				}
			}
		})
	}
}

// syslogKnown: the log does not render events that ioslog.Logged denies, so
// none of those may have a syslog line.
func syslogKnown(t *testing.T, r *run) {
	t.Helper()
	for _, x := range r.routers {
		if x.Router == nil {
			continue
		}
		for _, report := range x.Reports {
			for _, l := range ioslog.Lines(report) {
				if l.Facility == ioslog.Syslog && !ioslog.Logged(report.Event) {
					t.Errorf("%s: ioslog.Logged does not know %T: %s", x.Name, report.Event, l.Text)
				}
			}
		}
	}
}

// complete adds the note's configurations where a scenario has none of its own.
func complete(t testing.TB, archive *txtar.Archive) {
	t.Helper()
	if err := script.Complete(archive, configs); err != nil {
		t.Fatal(err)
	}
}

// noteConfig is one of the note's configurations.
func noteConfig(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(configs + "/note/ikev1-" + strings.ToLower(name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
