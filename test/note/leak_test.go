//go:build vm

package note

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// A capture of the outer link over start, SIGTERM, kill -9, 30 s dead and start
// again shows no protocol 47 and no inner address outside ESP; what is not
// obol's survives all of it.
func TestNothingInTheClear(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"note", "vti"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			nothingInTheClear(t, mode)
		})
	}
}

func nothingInTheClear(t *testing.T, mode string) {
	config := map[string][2]string{
		"note": {"configs/note/ikev1-r1.cfg", "configs/note/ikev1-r2.cfg"},
		"vti":  {"configs/vti/r1.cfg", "configs/vti/r2.cfg"},
	}[mode]
	p := topology(t, config[0], config[1], routers.NoteOrder)
	for _, args := range [][]string{
		{"ip", "link", "add", "foreign0", "type", "dummy"},
		{"ip", "address", "add", "198.51.100.1/32", "dev", "foreign0"},
		{"ip", "link", "set", "foreign0", "up"},
		{"ip", "xfrm", "state", "add", "src", "198.51.100.1", "dst", "198.51.100.2", "proto", "esp", "spi", "0x1234", "reqid", "7",
			"mode", "tunnel", "enc", "cbc(aes)", "0x000102030405060708090a0b0c0d0e0f", "auth-trunc", "hmac(sha256)",
			"0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f", "128"},
		{"ip", "xfrm", "policy", "add", "src", "198.51.100.0/24", "dst", "203.0.113.0/24", "dir", "out", "tmpl", "src", "198.51.100.1",
			"dst", "198.51.100.2", "proto", "esp", "reqid", "7", "mode", "tunnel"},
	} {
		sh(t, p.R1, args...)
	}
	foreign := func(when string) {
		t.Helper()
		want(t, "foreign link "+when, sh(t, p.R1, "ip", "address", "show", "foreign0"), "198.51.100.1/32")
		want(t, "foreign SA "+when, sh(t, p.R1, "ip", "xfrm", "state"), "spi 0x00001234")
		want(t, "foreign policy "+when, sh(t, p.R1, "ip", "xfrm", "policy"), "src 198.51.100.0/24 dst 203.0.113.0/24")
	}

	var captures []*routers.Capture
	for _, r := range []*routers.Router{p.R1, p.R2} {
		c, err := r.Capture(nil)
		must(t, err)
		captures = append(captures, c)
	}
	stop := pings(t, p) // all the time, from both LANs

	up := func(when string) {
		t.Helper()
		eventually(t, patience, "pings pass "+when, func() bool {
			_, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-I", p.R1.LAN, p.R2.LAN)
			return err == nil
		})
	}
	start(t, p)
	up("at first")
	foreign("while up")
	code, err := p.R1.Signal(syscall.SIGTERM)
	must(t, err)
	if code != 0 {
		t.Errorf("SIGTERM: exit status %d, want 0", code)
	}
	foreign("after SIGTERM")
	gone(t, p.R1)
	time.Sleep(3 * time.Second)

	must(t, p.R1.Start())
	up("after the second start")
	_, err = p.R1.Signal(os.Kill)
	must(t, err)
	foreign("after kill -9")
	time.Sleep(30 * time.Second)
	must(t, p.R1.Start())
	up("after the crash")
	foreign("after the clean-up of the crash")
	if n := len(spis(sh(t, p.R1, "ip", "xfrm", "state"))); n != 3 {
		t.Errorf("R1 has %d SAs after the restart, want one pair and the foreign one", n)
	}
	stop()
	must(t, p.R1.Stop())
	must(t, p.R2.Stop())

	nothingClear(t, captures)
}

// sent is what crossed the wire: what each router sent.
func sent(captures []*routers.Capture) (list []routers.Packet) {
	for _, c := range captures {
		for _, packet := range c.Close() {
			if packet.Sent {
				list = append(list, packet)
			}
		}
	}
	return list
}

// pings sends from both LANs until stop, whatever comes of them.
func pings(t *testing.T, p *routers.Pair) (stop func()) {
	var list []*exec.Cmd
	for _, w := range []struct{ from, to *routers.Router }{{p.R1, p.R2}, {p.R2, p.R1}} {
		// A shell loop: ping ends when the loopback's address is not there.
		cmd := exec.Command("ip", "netns", "exec", w.from.NS, "sh", "-c",
			"while :; do ping -q -i 0.2 -c 10 -W 1 "+w.to.LAN+" >/dev/null 2>&1 || sleep 0.1; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		must(t, cmd.Start())
		list = append(list, cmd)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		for _, cmd := range list {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			cmd.Wait() // killed
		}
	}
	t.Cleanup(stop)
	return stop
}

// gone checks that nothing of obol's is in the kernel.
func gone(t *testing.T, r *routers.Router) {
	t.Helper()
	if s := sh(t, r, "ip", "-d", "link"); strings.Contains(s, "obol:") {
		t.Errorf("links are left:\n%s", s)
	}
	for _, what := range []string{"state", "policy"} {
		if s := sh(t, r, "ip", "xfrm", what); strings.Contains(s, "reqid 1868693") || strings.Contains(s, "0x6f62") {
			t.Errorf("xfrm %s is left:\n%s", what, s)
		}
	}
	if s := sh(t, r, "ip", "route", "show", "table", "all", "proto", "111"); s != "" {
		t.Errorf("routes are left: %s", s)
	}
}
