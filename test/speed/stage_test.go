//go:build bench

package speed

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/netlab"
)

// A stage is a contender's pair of namespaces. The stream goes from the first to
// the second.
//
//	first [192.168.0.1]──veth──[192.168.0.2] second
//	       10.0.0.1 ═══════════════ 10.0.0.2
type stage struct {
	dir     string
	hosts   [2]*netlab.Host
	daemons [2]*exec.Cmd // none where there is no tunnel
	inner   [2]string
}

func newStage(b *testing.B, n int) *stage {
	b.Helper()
	s := &stage{dir: b.TempDir(), inner: [2]string{"10.0.0.1", "10.0.0.2"}}
	for i := range s.hosts {
		s.hosts[i] = netlab.New(b, fmt.Sprintf("obol-speed-%d%c", n, 'a'+i))
	}
	netlab.Join(s.hosts[0], "e0", s.hosts[1], "e0")
	for i, h := range s.hosts {
		h.Addr("e0", outer(i)+"/24")
	}
	return s
}

func outer(i int) string { return fmt.Sprintf("192.168.0.%d", i+1) }

// plain is the wire itself.
func plain(b *testing.B, s *stage) { s.inner = [2]string{outer(0), outer(1)} }

// start runs a daemon of the stage; it is ended with the benchmark.
func (s *stage) start(b *testing.B, i int, env []string, args ...string) {
	b.Helper()
	s.daemons[i] = s.background(b, i, fmt.Sprintf("daemon%d.log", i), env, args...)
}

func (s *stage) background(b *testing.B, i int, name string, env []string, args ...string) *exec.Cmd {
	b.Helper()
	log, err := os.Create(filepath.Join(s.dir, name))
	must(b, err)
	defer log.Close()
	cmd := s.hosts[i].Command(args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	must(b, cmd.Start())
	b.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if b.Failed() {
			text, _ := os.ReadFile(log.Name())
			b.Logf("%s:\n%s", strings.Join(args, " "), text[max(0, len(text)-4000):])
		}
	})
	return cmd
}

// listen starts the stream's receiver, once the tunnel carries packets.
func (s *stage) listen(b *testing.B) {
	b.Helper()
	eventually(b, "a ping from "+s.inner[0]+" to "+s.inner[1], func() error {
		_, err := s.hosts[0].Try("ping", "-c", "1", "-W", "1", "-I", s.inner[0], s.inner[1])
		return err
	})
	s.background(b, 1, "iperf3.log", nil, "iperf3", "-s", "-B", s.inner[1])
}

// turn is one measurement.
func (s *stage) turn(b *testing.B) (f figure) {
	b.Helper()
	before := s.spent(b)
	var report struct {
		End struct {
			SumReceived struct {
				Bytes         float64
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	text := s.hosts[0].Run("iperf3", "-c", s.inner[1], "-B", s.inner[0], "-t", fmt.Sprint(seconds), "-J")
	must(b, json.Unmarshal([]byte(text), &report))
	got := report.End.SumReceived
	if got.Bytes == 0 {
		b.Fatalf("nothing arrived:\n%s", text)
	}
	f.gigabits = got.BitsPerSecond / 1e9
	for i, after := range s.spent(b) {
		f.cost[i] = (after - before[i]).Seconds() / (got.Bytes / 1e9)
	}
	f.half, f.percent99 = s.pingPong(b)
	return f
}

// spent is the processor time of both daemons so far.
func (s *stage) spent(b *testing.B) (t [2]time.Duration) {
	b.Helper()
	for i, d := range s.daemons {
		if d != nil {
			var err error
			t[i], err = netlab.CPU(d.Process.Pid)
			must(b, err)
		}
	}
	return t
}

// write makes a file below the stage's directory and returns its path.
func (s *stage) write(b *testing.B, name, text string) string {
	b.Helper()
	path := filepath.Join(s.dir, name)
	must(b, os.MkdirAll(filepath.Dir(path), 0o700))
	must(b, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// eventually tries until there is no error, for a minute.
func eventually(b *testing.B, what string, try func() error) {
	b.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("%s: %v", what, err)
		}
	}
}
