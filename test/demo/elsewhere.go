package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// vmBroken is the exit status of the wrapper's own failures; it says on
// standard error why.
const vmBroken = 125

// elsewhere runs the same demo inside the virtual machine. Its exit status is
// ours, and its last line too, unless the machine itself failed.
func elsewhere(stdout io.Writer, vm, bin, configs string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := inside(ctx, stdout, vm, bin, configs)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(stdout, "demo: FAILED:", err)
	return 1
}

func inside(ctx context.Context, stdout io.Writer, vm, bin, configs string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, dir := range []*string{&bin, &configs} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, vm, "-copy", bin, "-copy", configs, "-timeout", "5m", self, "-bin", bin, "-configs", configs)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends its machine
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, io.MultiWriter(os.Stderr, &said)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == vmBroken {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("the virtual machine: %s", strings.TrimPrefix(lines[len(lines)-1], "vm: "))
	}
	return err
}
