//go:build netns

// Package netns runs the two programs as built, in network namespaces of this
// host, without a data plane or with the one in userspace: what obold and obol do at
// their sockets, signals and exit statuses, and what the tunnels carry. It needs root,
// and no ESP in the kernel.
package netns

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

const root = "../.."

// bin holds both programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = routers.Build(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(bin)
		return m.Run()
	}())
}

// note is the note's pair, enrolled, with nothing running yet.
func note(t *testing.T) *routers.Pair {
	t.Helper()
	p, err := routers.New(bin, root+"/configs/note/ikev1-r1.cfg", root+"/configs/note/ikev1-r2.cfg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, p.Enrol(routers.NoteOrder))
	return p
}

// start runs both daemons in manual mode.
func start(t *testing.T, p *routers.Pair) {
	t.Helper()
	for _, r := range []*routers.Router{p.R1, p.R2} {
		startOne(t, r)
	}
}

func startOne(t *testing.T, r *routers.Router) {
	t.Helper()
	must(t, r.Start("--dataplane", "none", "--initiate", "manual"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// obol runs a command that has to end with a certain exit status, and gives
// what it prints.
func obol(t *testing.T, r *routers.Router, status int, words ...string) string {
	t.Helper()
	out, err := r.Obol(words...)
	if code := routers.ExitCode(err); code != status {
		t.Fatalf("obol %s: exit status %d, want %d\n%s", strings.Join(words, " "), code, status, out)
	}
	return out
}

func want(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: no %q in\n%s", what, part, text)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 10 s: %s", what)
		}
	}
}
