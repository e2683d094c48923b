package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// spawn runs the program and returns its exit status as a shell would. It
// reaps every other process that is handed to process 1 meanwhile.
func spawn(j *job, p *port) int {
	fail := func(code int, err error) int {
		p.send(frameStderr, fmt.Appendf(nil, "vm: %v\n", err))
		return code
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "VM_GUEST=1"}
	for _, e := range j.Env {
		if k, _, _ := strings.Cut(e, "="); k != "PATH" && k != "TMPDIR" {
			env = append(env, e)
		}
	}
	prog, err := exec.LookPath(j.Args[0])
	if err != nil {
		return fail(127, err)
	}
	null, err := os.Open("/dev/null")
	check(err)
	outR, outW, err := os.Pipe()
	check(err)
	errR, errW, err := os.Pipe()
	check(err)
	proc, err := os.StartProcess(prog, j.Args, &os.ProcAttr{Dir: j.Dir, Env: env,
		Files: []*os.File{null, outW, errW}, Sys: &syscall.SysProcAttr{Setsid: true}})
	outW.Close()
	errW.Close()
	if err != nil {
		return fail(126, err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { p.pump(frameStdout, outR) })
	wg.Go(func() { p.pump(frameStderr, errR) })
	var ws syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		check(err)
		if pid == proc.Pid {
			break
		}
	}
	// Daemons left behind may hold the pipes open.
	d := time.Now().Add(200 * time.Millisecond)
	outR.SetReadDeadline(d)
	errR.SetReadDeadline(d)
	wg.Wait()
	if ws.Signaled() {
		return fail(128+int(ws.Signal()), fmt.Errorf("killed by signal: %v", ws.Signal()))
	}
	return ws.ExitStatus()
}

// A port is a virtio-serial port. It is a plain file descriptor on purpose:
// when the Go runtime polls such a port while somebody writes, the
// virtio_console driver can lose a wake-up and the writer hangs.
type port struct {
	mu sync.Mutex
	fd int
}

func openPort(name string) *port {
	for range 500 {
		names, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
		for _, n := range names {
			if b, _ := os.ReadFile(n); strings.TrimSpace(string(b)) == name {
				fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(n)), unix.O_RDWR|unix.O_CLOEXEC, 0)
				check(err)
				return &port{fd: fd}
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	panic("no port " + name)
}

func (p *port) send(kind frameKind, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for msg := appendFrame(nil, kind, b); len(msg) > 0; {
		n, err := unix.Write(p.fd, msg)
		if err != nil && err != unix.EINTR {
			panic(err)
		}
		msg = msg[max(n, 0):]
	}
}

// pump sends all that comes out of r.
func (p *port) pump(kind frameKind, r *os.File) {
	b := make([]byte, 32<<10)
	for {
		n, err := r.Read(b)
		if n > 0 {
			p.send(kind, b[:n])
		}
		if err != nil {
			return
		}
	}
}
