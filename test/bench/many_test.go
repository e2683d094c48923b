//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/test/script"
)

// BenchmarkTunnels reports what many tunnels between two daemons of one kind cost, in two
// namespaces: milliseconds a tunnel until R2 is configured, until R1 is too and all that it
// begins are up, until R1 has rekeyed all, and until both have ended; the processor time of
// both daemons in each, with that of the commands that configure charon; and the most
// memory that either has had. Each tunnel has an IKE SA of version 2 with a pre-shared key
// of its own. As in the other benchmarks obold keeps its SAs in memory; so does charon, by
// its plugin kernel-libipsec.
func BenchmarkTunnels(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		for _, kind := range []struct {
			name string
			new  func(*crowd, int) gateway
		}{{"obold", newObold}, {"charon", newCharon}} {
			b.Run(fmt.Sprintf("%d/%s", n, kind.name), func(b *testing.B) {
				for b.Loop() {
					c := newCrowd(b, n)
					r1, r2 := kind.new(c, 1), kind.new(c, 2)
					both := func(so func(gateway) bool) { c.eventually(func() bool { return so(r1) && so(r2) }) }
					c.phase("configured", func() { r2.start(false) })
					c.phase("up", func() {
						r1.start(true)
						both(func(g gateway) bool { return g.up() == n })
					})
					c.phase("rekeyed", func() {
						r1.rekey()
						both(func(g gateway) bool { return g.rekeyed() == n })
					})
					b.ReportMetric(c.largest(), "MB")
					c.phase("removed", func() {
						r1.stop()
						r2.stop()
					})
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// patience is how long a phase may take.
const patience = 2 * time.Minute

// A gateway is a daemon with its end of all tunnels.
type gateway interface {
	start(begin bool) // returns when it is configured; with begin it begins all tunnels
	up() int          // tunnels that have come up
	rekey()           // begins new child SAs of all tunnels
	rekeyed() int     // tunnels that have them
	stop()            // returns when it has ended
}

// A crowd is two namespaces with the addresses of many tunnels.
type crowd struct {
	b       *testing.B
	dir     string
	n       int
	hosts   [2]*netlab.Host
	running map[*exec.Cmd]bool
	spent   time.Duration // processor time of commands that have ended
}

func newCrowd(b *testing.B, n int) *crowd {
	b.Helper()
	c := &crowd{b: b, dir: b.TempDir(), n: n, running: map[*exec.Cmd]bool{}}
	c.hosts[0], c.hosts[1] = netlab.New(b, "obol-many-1"), netlab.New(b, "obol-many-2")
	netlab.Join(c.hosts[0], "e0", c.hosts[1], "e0")
	for i, h := range c.hosts {
		// One neighbour: of two thousand the kernel forgets some (neigh/default/gc_thresh3).
		lines := []string{fmt.Sprintf("address add 192.168.0.%d/24 dev e0", i+1), "link set e0 up", fmt.Sprintf("route add 10.0.0.0/8 via 192.168.0.%d", 2-i)}
		for k := range n {
			lines = append(lines, fmt.Sprintf("address add %s/32 dev e0", script.Outer(k, i+1)),
				fmt.Sprintf("address add %s/32 dev lo", script.Inner(k, i+1))) // charon's routes want it
		}
		h.IP(lines...)
	}
	return c
}

// phase reports the time that a step takes, and the processor time.
func (c *crowd) phase(name string, step func()) {
	c.b.Helper()
	cpu, began := c.cpu(), time.Now()
	step()
	each := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) / float64(c.n) }
	c.b.ReportMetric(each(time.Since(began)), name+"-ms/tunnel")
	c.b.ReportMetric(each(c.cpu()-cpu), name+"-cpu-ms/tunnel")
}

// cpu is the processor time of all daemons and commands so far.
func (c *crowd) cpu() time.Duration {
	c.b.Helper()
	sum := c.spent
	for cmd := range c.running {
		t, err := netlab.CPU(cmd.Process.Pid)
		must(c.b, err)
		sum += t
	}
	return sum
}

// largest is the most memory that either daemon has had, MB.
func (c *crowd) largest() (most float64) {
	c.b.Helper()
	for cmd := range c.running {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		must(c.b, err)
		_, rest, _ := strings.Cut(string(text), "VmHWM:")
		var kb float64
		_, err = fmt.Sscan(rest, &kb)
		must(c.b, err)
		most = max(most, kb/1024)
	}
	return most
}

// eventually waits until it is so.
func (c *crowd) eventually(so func() bool) {
	c.b.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			c.b.Fatalf("not after %v", patience)
		}
	}
}

// launch starts a daemon in a namespace, its log in a file, and waits until ready says so.
func (c *crowd) launch(i int, env []string, log string, ready func() bool, args ...string) *exec.Cmd {
	c.b.Helper()
	cmd := c.hosts[i-1].Command(args...)
	cmd.Env = append(os.Environ(), env...)
	f, err := os.Create(log)
	must(c.b, err)
	defer f.Close()
	cmd.Stderr = f
	must(c.b, cmd.Start())
	c.running[cmd] = true
	c.b.Cleanup(func() {
		if c.running[cmd] {
			cmd.Process.Kill()
			cmd.Wait()
		}
		if c.b.Failed() {
			text, _ := os.ReadFile(log)
			c.b.Logf("%s:\n%s", args[0], text[max(0, len(text)-4000):])
		}
	})
	c.eventually(ready)
	return cmd
}

// end tells a daemon to end and waits until it has.
func (c *crowd) end(cmd *exec.Cmd) {
	c.b.Helper()
	must(c.b, cmd.Process.Signal(syscall.SIGTERM))
	err := cmd.Wait()
	delete(c.running, cmd)
	c.spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	must(c.b, err)
}

// run runs a command to its end, which must be a good one.
func (c *crowd) run(cmd *exec.Cmd, stdin string) {
	c.b.Helper()
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.b.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
	c.spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// path is a file of one router.
func (c *crowd) path(i int, name string) string {
	return filepath.Join(c.dir, fmt.Sprintf("r%d", i), name)
}

// write makes such a file and returns its path.
func (c *crowd) write(i int, name string, text []byte) string {
	c.b.Helper()
	path := c.path(i, name)
	must(c.b, os.MkdirAll(filepath.Dir(path), 0o700))
	must(c.b, os.WriteFile(path, text, 0o600))
	return path
}

// count is how often a log has a text.
func count(path, text string) int {
	b, _ := os.ReadFile(path) // none yet: no text
	return bytes.Count(b, []byte(text))
}
