package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A machine is one boot of the guest.
type machine struct {
	image, initrd string
	memory, cpus  int // MiB, number
	systemd       bool
	lan           *os.File // its end of the network to another machine; nil: none
	number        int      // on the network
}

var errBoot = errors.New("the guest did not come up")

// run boots the machine and waits for the program's exit status. A boot that
// does not come as far as starting the program is tried once more: nothing of
// the program has happened then.
func (m machine) run(ctx context.Context) (int, error) {
	code, err := m.boot(ctx)
	if errors.Is(err, errBoot) && ctx.Err() == nil {
		say("%v, once more", err)
		code, err = m.boot(ctx)
	}
	return code, err
}

// accel returns QEMU's options for the accelerator, and how long a boot may
// take with it.
func accel() ([]string, time.Duration) {
	if os.Getenv("VM_ACCEL") == "kvm" {
		return []string{"-accel", "kvm", "-cpu", "host"}, 5 * time.Second
	}
	return []string{"-accel", "tcg,thread=multi", "-cpu", "max"}, 60 * time.Second
}

// systemdTakes is how many times as long a boot of systemd may take.
const systemdTakes = 5

// args is QEMU's command line. The machine is q35 and not the smaller microvm:
// that one fails to calibrate its clock under TCG in one boot of five.
// append=on keeps QEMU from truncating the pipe, which fails.
func (m machine) args(accel []string) []string {
	args := append(accel,
		"-M", "q35", "-smp", strconv.Itoa(m.cpus), "-m", strconv.Itoa(m.memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", filepath.Join(m.image, "vmlinuz"), "-initrd", m.initrd,
		"-append", "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off random.trust_cpu=on",
		"-serial", "stdio",
		"-drive", "if=none,id=root,format=raw,readonly=on,file="+filepath.Join(m.image, "root.ext4"),
		"-device", "virtio-blk-pci,drive=root",
		"-device", "virtio-serial-pci",
		"-add-fd", "fd=3,set=1", "-chardev", "file,id=job,path=/dev/fdset/1,append=on",
		"-device", "virtserialport,chardev=job,name=job")
	if m.lan != nil { // romfile: nobody boots from there
		args = append(args, "-netdev", "socket,id=lan,fd=4",
			"-device", fmt.Sprintf("virtio-net-pci,netdev=lan,mac=52:54:00:00:00:%02x,romfile=", m.number))
	}
	return args
}

func (m machine) boot(ctx context.Context) (int, error) {
	start := time.Now()
	options, patience := accel()
	if m.systemd {
		patience *= systemdTakes
	}
	frames, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer frames.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", m.args(options)...)
	var console tail
	cmd.Stdout, cmd.Stderr = &console, &console
	cmd.ExtraFiles = []*os.File{w}
	if m.lan != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, m.lan)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return 0, err
	}
	slow := time.AfterFunc(2*time.Second, func() { say("booting the guest") })
	watchdog := time.AfterFunc(patience, func() { cancel(errBoot) })
	code, ready := -1, false
	for r := bufio.NewReaderSize(frames, 1<<16); code < 0; {
		kind, b, err := readFrame(r)
		if err != nil {
			break
		}
		switch kind {
		case frameReady:
			ready = true
			slow.Stop()
			watchdog.Stop()
			if verbose {
				say("ready after %v", time.Since(start).Round(time.Millisecond))
			}
		case frameStdout:
			os.Stdout.Write(b)
		case frameStderr:
			os.Stderr.Write(b)
		case frameFile:
			if err := writeReturned(b); err != nil {
				say("%v", err)
			}
		case frameExit:
			code, err = strconv.Atoi(string(b))
			if err != nil {
				return 0, err
			}
		}
	}
	slow.Stop()
	watchdog.Stop()
	cause := context.Cause(ctx)
	cancel(nil) // the guest has nothing to save: no need for an orderly power-off
	cmd.Wait()
	if verbose || code < 0 && !errors.Is(cause, errNotNeeded) {
		say("console:\n%s", console.String())
	}
	switch {
	case code >= 0:
		return code, nil
	case cause != nil && !errors.Is(cause, errBoot):
		return 0, fmt.Errorf("the machine was ended: %w", cause)
	case !ready:
		return 0, errBoot
	}
	return 0, errors.New("the guest ended without an exit status")
}

// writeReturned writes a file that the guest sent back.
func writeReturned(b []byte) error {
	name, data, _ := bytes.Cut(b, []byte{0})
	if err := os.MkdirAll(filepath.Dir(string(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(string(name), data, 0o644)
}

// tail keeps the last 16 KiB written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - 16<<10; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
