package routers

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// claim takes the names of the namespaces for this process: a file is locked while
// the pair stands. The lock ends with its process, however that ends.
func claim(suffix string, namespaces [2]string) (*os.File, error) {
	claimed := "/run/obol-routers" + suffix + ".lock"
	f, err := os.OpenFile(claimed, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another demo or test uses the namespaces %s and %s", namespaces[0], namespaces[1])
	}
	return nil, fmt.Errorf("%s: %w", claimed, err)
}

// clearAway removes a namespace of a process that was killed, and ends the
// daemons that it left there.
func clearAway(ns string) error {
	if _, err := os.Stat("/run/netns/" + ns); err != nil {
		return nil
	}
	out, err := run("ip", "netns", "pids", ns)
	if err != nil {
		return err
	}
	for _, word := range strings.Fields(out) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	_, err = run("ip", "netns", "del", ns)
	return err
}
