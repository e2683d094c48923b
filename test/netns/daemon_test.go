//go:build netns

package netns

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/test/routers"
)

// R1 starts, over real sockets: the tunnel comes up, every show says that
// nothing is encrypted, and clear takes it down on both sides.
func TestR1Starts(t *testing.T) {
	p := note(t)
	start(t, p)
	want(t, "initiate", obol(t, p.R1, 0, "initiate", "Tunnel1"), "Tunnel1 is up after")
	must(t, p.R2.AwaitSAs())
	want(t, "again", obol(t, p.R1, 0, "init", "tu1"), "Tunnel1 is up already")
	for _, r := range []*routers.Router{p.R1, p.R2} {
		for line, parts := range map[string][]string{
			"sh cry isa sa":                {"192.168.0.2     192.168.0.1     QM_IDLE"},
			"show crypto isakmp sa detail": {"3des", "md5", "rsig"},
			"show crypto ipsec sa":         {"interface: Tunnel1", "current outbound spi: 0x", "esp-aes esp-sha256-hmac"},
			"show crypto session":          {"UP-ACTIVE"},
			"show crypto session detail":   {"UP-ACTIVE"},
			"show crypto pki certificates": {"cn=CA1", "cn=CA2"},
		} {
			out := obol(t, r, 0, strings.Fields(line)...)
			want(t, r.Name+": "+line, out, append(parts, show.NoDataPlane)...)
		}
	}
	obol(t, p.R1, 0, "clear", "crypto", "session")
	for _, r := range []*routers.Router{p.R1, p.R2} {
		eventually(t, r.Name+" has no session", func() bool {
			return !strings.Contains(obol(t, r, 0, "show", "crypto", "isakmp", "sa"), "QM_IDLE")
		})
	}
}

// R2 starts: refused by R1, and the one who asks learns at which message.
// Meanwhile debug streams what the log does not hold.
func TestR2Starts(t *testing.T) {
	t.Parallel()
	p := note(t)
	start(t, p)
	lines := follow(t, p.R1, "debug", "crypto", "isakmp", "pki")
	out := obol(t, p.R2, 1, "initiate", "Tunnel1", "--verbose")
	want(t, "initiate", out, "% Tunnel1: MM5: ", "Tunnel1: negotiating, ", " s of 90 s")
	says(t, p.R1, "%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad")
	if strings.Contains(p.R1.Log(), "Old State = ") {
		t.Error("R1's log holds debug lines that nobody asked for")
	}
	want(t, "debug on R1", lines(), "ISAKMP", "Old State = IKE_R_MM4", "CRYPTO_PKI", "%CRYPTO-5-IKMP_INVALID_CERT")
}

// follow gives what a debug command has printed so far.
func follow(t *testing.T, r *routers.Router, words ...string) func() string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var mu sync.Mutex
	var all strings.Builder
	must(t, r.Follow(ctx, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		all.WriteString(line + "\n")
	}, words...))
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// An import holds at once: R1 enrolled anew in R2's order, while both run, lets
// R2's direction come up.
func TestImportHoldsAtOnce(t *testing.T) {
	p := note(t)
	start(t, p)
	must(t, p.EnrolRouter(p.R1, "IOSCA2", "IOSCA1"))
	obol(t, p.R2, 0, "initiate", "Tunnel1")
}

func TestExitStatusOfCommands(t *testing.T) {
	p := note(t)
	startOne(t, p.R1)
	want(t, "no such tunnel", obol(t, p.R1, 2, "initiate", "Tunnel9"), "no such tunnel: Tunnel9")
	want(t, "invalid", obol(t, p.R1, 2, "show", "crypto", "bogus"), "% Invalid input detected at '^' marker.")
	want(t, "no such SA", obol(t, p.R1, 1, "clear", "crypto", "isakmp", "4711"), "% no ISAKMP SA with conn id 4711")
	want(t, "nobody answers", obol(t, p.R1, 1, "initiate", "Tunnel1", "--wait", "2s"), "not up after 2 s")
	want(t, "no daemon", obol(t, p.R2, 3, "show", "crypto", "session"), "no obold is running")
	want(t, "a store without daemon", obol(t, p.R2, 0, "show", "crypto", "pki", "certificates"), "cn=CA1")
}

// A daemon that is told to stop tells its peer, and says nothing.
func TestStopTellsThePeer(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			p := note(t)
			start(t, p)
			up(t, p)
			code, err := p.R1.Signal(sig)
			must(t, err)
			if code != 0 {
				t.Errorf("exit status %d", code)
			}
			if _, err := os.Stat(p.R1.Socket); !os.IsNotExist(err) {
				t.Errorf("the control socket: %v", err)
			}
			eventually(t, "R2 knows", func() bool {
				return !strings.Contains(obol(t, p.R2, 0, "show", "crypto", "session"), "UP-ACTIVE")
			})
		})
	}
}

// A killed daemon leaves its socket; the next one takes it over.
func TestStartAfterKill(t *testing.T) {
	p := note(t)
	startOne(t, p.R1)
	if _, err := p.R1.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.R1.Socket); err != nil {
		t.Fatal("the socket of a killed daemon:", err)
	}
	obol(t, p.R1, 3, "show", "crypto", "session")
	startOne(t, p.R1)
	obol(t, p.R1, 0, "show", "crypto", "session")
}

// A second daemon is told in one line, and takes nothing from the first.
func TestPortInUse(t *testing.T) {
	p := note(t)
	start(t, p)
	obol(t, p.R1, 0, "initiate", "Tunnel1")
	second := exec.Command("ip", "netns", "exec", p.R1.NS, filepath.Join(bin, "obold"), "-c", p.R1.Config,
		"--store", p.R1.Store, "--socket", p.R1.Socket+".second", "--dataplane", "none")
	out, err := second.CombinedOutput()
	if code := routers.ExitCode(err); code != 3 {
		t.Errorf("exit status %d, want 3", code)
	}
	if lastLine(out) != "obold: UDP port 500 is in use by another program" {
		t.Errorf("the second says %q", out)
	}
	want(t, "the first", obol(t, p.R1, 0, "show", "crypto", "session"), "UP-ACTIVE")
}

// Without the capability it is one line too.
func TestNotPermitted(t *testing.T) {
	p := note(t)
	must(t, os.Chmod(p.Dir, 0o755))
	for _, plane := range []string{"none", "xfrm", "userspace", "auto"} {
		dir := t.TempDir()
		must(t, os.Chmod(dir, 0o777))
		must(t, os.Chmod(filepath.Dir(dir), 0o755))
		must(t, os.Chmod(bin, 0o755))
		config, err := os.ReadFile(p.R1.Config)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, "r1.cfg"), config, 0o644))
		cmd := exec.Command("ip", "netns", "exec", p.R1.NS, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
			filepath.Join(bin, "obold"), "-c", filepath.Join(dir, "r1.cfg"), "--store", filepath.Join(dir, "store"),
			"--socket", filepath.Join(dir, "s"), "--dataplane", plane)
		out, err := cmd.CombinedOutput()
		if code := routers.ExitCode(err); code != 3 || !strings.HasPrefix(lastLine(out), "obold: ") {
			t.Errorf("--dataplane %s: exit status %d, %q", plane, code, out)
		}
	}
}

func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// Policies of the kernel that block everything do not stop IKE: its sockets
// have policies of their own.
func TestIKEPassesPolicies(t *testing.T) {
	p := note(t)
	for _, dir := range []string{"in", "out"} {
		if out, err := p.R1.Run("ip", "xfrm", "policy", "add", "src", "0.0.0.0/0", "dst", "0.0.0.0/0", "dir", dir, "action", "block"); err != nil {
			t.Fatal(out, err)
		}
	}
	if _, err := p.R1.Run("ping", "-c", "1", "-W", "1", p.R2.Address); err == nil {
		t.Fatal("the policies block nothing")
	}
	start(t, p)
	obol(t, p.R1, 0, "initiate", "Tunnel1")
}

// The daemon outlives whoever read its log, and still stops in order.
func TestLogReaderGoesAway(t *testing.T) {
	p := note(t)
	r, w, err := os.Pipe()
	must(t, err)
	cmd := exec.Command("ip", "netns", "exec", p.R1.NS, filepath.Join(bin, "obold"), "-c", p.R1.Config,
		"--store", p.R1.Store, "--socket", p.R1.Socket, "--dataplane", "none", "--initiate", "manual", "--debug", "isakmp")
	cmd.Stderr = w
	must(t, cmd.Start())
	w.Close()
	for lines := bufio.NewScanner(r); lines.Scan() && lines.Text() != "obold: ready"; {
	}
	r.Close()
	obol(t, p.R1, 0, "initiate", "Tunnel1", "--wait", "0s") // makes debug lines
	time.Sleep(200 * time.Millisecond)                      // they are written
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Errorf("obold ended: %v", err)
	}
	if _, err := os.Stat(p.R1.Socket); !os.IsNotExist(err) {
		t.Errorf("the control socket: %v", err)
	}
}
