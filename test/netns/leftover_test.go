//go:build netns

package netns

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// A pair that was killed does not stand in the way of the next one, and one that
// stands is not taken apart by another.
func TestLeftovers(t *testing.T) {
	must(t, exec.Command("ip", "netns", "add", "obol-r1").Run())
	left := exec.Command("ip", "netns", "exec", "obol-r1", "sleep", "60")
	must(t, left.Start())
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, err := exec.Command("ip", "netns", "pids", "obol-r1").Output()
		must(t, err)
		if len(out) > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the process is not in its namespace")
		}
	}
	p, err := routers.New(bin, root+"/configs/note/ikev1-r1.cfg", root+"/configs/note/ikev1-r2.cfg")
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	if err := left.Wait(); routers.ExitCode(err) != -1 || left.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the process left behind: %v", err)
	}
	if _, err := routers.New(bin, p.R1.Config, p.R2.Config); err == nil || err.Error() != "another demo or test uses the namespaces obol-r1 and obol-r2" {
		t.Errorf("a second pair: %v", err)
	}
	must(t, p.Enrol(routers.NoteOrder))
	startOne(t, p.R1)
}
