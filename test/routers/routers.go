// Package routers makes the note's topology on this host: two network
// namespaces joined by a veth, each with its own obold, its own store and the
// note's certificates. The demo and the tests on the real kernel share it.
//
//	R1 (obol-r1)                                        R2 (obol-r2)
//	Loopback0 192.168.100.1    Tunnel1                  Loopback0 192.168.200.1
//	       └── Ethernet0/0 192.168.0.1 ── e0 ══ e0 ── Ethernet0/0 192.168.0.2
package routers

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/obol-ike/obol/test/testca"
)

// Outer is the name of the physical interface in both namespaces.
const Outer = "e0"

// Router is one of the two.
type Router struct {
	Name    string // R1
	NS      string // network namespace
	Address string // of Ethernet0/0
	LAN     string // address of Loopback0
	Serial  string // !obol serial-number
	Config  string // path of its running-config
	Store   string
	Socket  string

	bin    string // directory of obold and obol
	mu     sync.Mutex
	stderr bytes.Buffer
	cmd    *exec.Cmd
	exited chan struct{}
}

// Pair is the note's topology.
type Pair struct {
	R1, R2 *Router
	Dir    string // scratch directory, removed by Close

	cas  map[string]*testca.CA // by trustpoint
	keys int                   // that were given out
	lock *os.File              // on the namespaces' names
	also []func() error        // that Close does
}

// New makes the namespaces and the wire between them. bin holds obold and obol;
// the configurations are read where they are. Only one such pair stands at a time;
// what a killed process left of one is cleared away.
func New(bin, config1, config2 string) (*Pair, error) {
	return stand("", bin, config1, config2)
}

// NewNumbered is New for several pairs at a time: of each number one stands. Packages
// whose tests run side by side have numbers of their own: test/lab 1 to 8,
// test/userspace 9, test/netns 0 and all from 10.
func NewNumbered(n int, bin, config1, config2 string) (*Pair, error) {
	return stand(fmt.Sprintf("-%d", n), bin, config1, config2)
}

// stand makes the pair whose namespaces have a suffix to their names.
func stand(suffix, bin, config1, config2 string) (*Pair, error) {
	namespaces := [2]string{"obol-r1" + suffix, "obol-r2" + suffix}
	lock, err := claim(suffix, namespaces)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "obol-routers")
	if err != nil {
		lock.Close()
		return nil, err
	}
	router := func(n int, config string) *Router {
		name := fmt.Sprintf("R%d", n)
		return &Router{
			Name: name, NS: namespaces[n-1], Config: config, bin: bin,
			Address: fmt.Sprintf("192.168.0.%d", n), LAN: fmt.Sprintf("192.168.%d00.1", n), Serial: fmt.Sprint(99 + n),
			Store: filepath.Join(dir, name), Socket: filepath.Join(dir, name+".sock"),
		}
	}
	p := &Pair{Dir: dir, lock: lock, R1: router(1, config1), R2: router(2, config2)}
	if err := p.wire(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Pair) wire() error {
	for _, r := range []*Router{p.R1, p.R2} {
		if err := clearAway(r.NS); err != nil {
			return err
		}
		if _, err := run("ip", "netns", "add", r.NS); err != nil {
			return err
		}
	}
	if _, err := run("ip", "link", "add", Outer, "netns", p.R1.NS, "type", "veth", "peer", "name", Outer, "netns", p.R2.NS); err != nil {
		return err
	}
	for _, r := range []*Router{p.R1, p.R2} {
		for _, args := range [][]string{
			{"ip", "link", "set", "lo", "up"},
			{"ip", "address", "add", r.Address + "/24", "dev", Outer},
			{"ip", "link", "set", Outer, "up"},
		} {
			if _, err := r.Run(args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close stops both daemons and takes everything down.
func (p *Pair) Close() error {
	var errs []error
	for _, also := range p.also {
		errs = append(errs, also())
	}
	for _, r := range []*Router{p.R1, p.R2} {
		errs = append(errs, r.Stop())
		if _, err := os.Stat("/run/netns/" + r.NS); err == nil {
			_, err := run("ip", "netns", "del", r.NS)
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.RemoveAll(p.Dir), p.lock.Close())...)
}

// Start runs the router's obold and waits until it says that it is ready.
func (r *Router) Start(flags ...string) error {
	args := append([]string{"netns", "exec", r.NS, filepath.Join(r.bin, "obold"), "-c", r.Config,
		"--store", r.Store, "--socket", r.Socket}, flags...)
	r.cmd = exec.Command("ip", args...)
	r.cmd.Stdout = os.Stdout
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	ready := make(chan struct{})
	r.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			r.mu.Lock()
			fmt.Fprintln(&r.stderr, lines.Text())
			r.mu.Unlock()
			if strings.HasPrefix(lines.Text(), "obold: ready") {
				close(ready)
			}
		}
		cmd.Wait() // the exit status is in cmd.ProcessState
		close(exited)
	}(r.cmd, r.exited)
	select {
	case <-ready:
		return nil
	case <-r.exited:
		return fmt.Errorf("%s: obold ended: %s\n%s", r.Name, r.cmd.ProcessState, r.Log())
	case <-time.After(time.Minute):
		return fmt.Errorf("%s: obold is not ready after a minute\n%s", r.Name, r.Log())
	}
}

// Log is what the daemon wrote to stderr so far.
func (r *Router) Log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stderr.String()
}

// Signal sends the daemon a signal and waits for its end: its exit status, or
// -1 when the signal killed it.
func (r *Router) Signal(sig os.Signal) (int, error) {
	if err := r.cmd.Process.Signal(sig); err != nil {
		return 0, err
	}
	select {
	case <-r.exited:
		return r.cmd.ProcessState.ExitCode(), nil
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("%s: obold did not end a minute after %v\n%s", r.Name, sig, r.Log())
	}
}

// Reload has the daemon read its configuration again.
func (r *Router) Reload() error { return r.cmd.Process.Signal(syscall.SIGHUP) }

// Freeze halts the daemon where it stands, and Thaw lets it go on.
func (r *Router) Freeze() error { return r.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (r *Router) Thaw() error { return r.cmd.Process.Signal(syscall.SIGCONT) }

// Memory is what the daemon has resident, in kilobytes.
func (r *Router) Memory() (kilobytes int, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	_, err = fmt.Sscan(rest, &kilobytes)
	return kilobytes, err
}

// Stop ends a running daemon in order.
func (r *Router) Stop() error {
	if r.cmd == nil {
		return nil
	}
	select {
	case <-r.exited:
		return nil
	default:
	}
	code, err := r.Signal(os.Interrupt)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: obold ended with %d\n%s", r.Name, code, r.Log())
	}
	if err != nil {
		r.cmd.Process.Kill()
	}
	return err
}

// Obol runs the operator's command against this router's daemon and store. The
// output is stdout and stderr; an error means a non-zero exit status.
func (r *Router) Obol(words ...string) (string, error) {
	return run(append([]string{filepath.Join(r.bin, "obol"), "--socket", r.Socket, "--store", r.Store}, words...)...)
}

// Follow runs an obol command that goes on, a debug that says that it is on, and gives
// each line to show until ctx ends. What happens after its return is among the lines.
func (r *Router) Follow(ctx context.Context, show func(line string), words ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(r.bin, "obol"),
		append([]string{"--socket", r.Socket, "--store", r.Store}, words...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() { // it is said when the daemon listens for the command
		return fmt.Errorf("%s: obol %s has said nothing: %w", r.Name, strings.Join(words, " "), cmp.Or(lines.Err(), cmd.Wait()))
	}
	show(lines.Text())
	go func() {
		for lines.Scan() {
			show(lines.Text())
		}
		cmd.Wait() // ended by ctx
	}()
	return nil
}

// Run runs a command inside the router's namespace.
func (r *Router) Run(args ...string) (string, error) {
	return run(append([]string{"ip", "netns", "exec", r.NS}, args...)...)
}

func run(args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, io.Writer(&out)
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String(), err
}

// ExitCode of an error that Obol or Run returned.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
