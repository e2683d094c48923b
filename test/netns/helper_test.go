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
	"sync/atomic"
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

var pairs atomic.Int32 // made so far: some tests run side by side, as they mostly wait

// note is the note's pair, enrolled, with nothing running yet.
func note(t *testing.T) *routers.Pair { return pairOf(t, "note/ikev1-", routers.NoteOrder) }

// pairOf is a pair of configurations, NAMEr1.cfg and NAMEr2.cfg of configs, enrolled,
// with nothing running yet.
func pairOf(t *testing.T, name string, order routers.Order) *routers.Pair {
	t.Helper()
	p := stand(t, root+"/configs/"+name+"r1.cfg", root+"/configs/"+name+"r2.cfg")
	must(t, p.Enrol(order))
	return p
}

// stand is a pair with empty stores; it ends with the test.
func stand(t *testing.T, config1, config2 string) *routers.Pair {
	t.Helper()
	p, err := routers.NewNumbered(9+int(pairs.Add(1)), bin, config1, config2)
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
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

// up has R1 bring its tunnel up, and waits until R2 has it too.
func up(t *testing.T, p *routers.Pair) {
	t.Helper()
	must(t, p.Up(p.R1, "Tunnel1"))
}

// eventually waits until ok, at most a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}

// says waits until a router's log has a line with the text: what writes it is not what
// carries out.
func says(t *testing.T, r *routers.Router, text string) {
	t.Helper()
	eventually(t, r.Name+" says "+text, func() bool { return strings.Contains(r.Log(), text) })
}
