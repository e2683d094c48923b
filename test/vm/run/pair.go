package main

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// errNotNeeded ends the second machine of a pair.
var errNotNeeded = errors.New("the first machine has ended")

// double makes two machines of one, with a network between them: QEMU puts each frame
// into a stream socket, and never drops one.
func (m machine) double() ([]machine, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	pair := []machine{m, m}
	for i := range pair {
		pair[i].lan, pair[i].number = os.NewFile(uintptr(fds[i]), "lan"), i+1
	}
	return pair, nil
}

// runAll runs the machines until the first ends, and gives its exit status. That another
// ends before it is an error.
func runAll(ctx context.Context, machines []machine) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	others := make(chan error, len(machines))
	for _, m := range machines[1:] {
		go func() {
			code, err := m.run(ctx)
			if context.Cause(ctx) == nil {
				cancel(nil)
				say("machine %d has ended with exit status %d", m.number, code)
			}
			others <- err
		}()
	}
	code, err := machines[0].run(ctx)
	cancel(errNotNeeded)
	for range machines[1:] {
		if other := <-others; !errors.Is(other, errNotNeeded) {
			err = errors.Join(err, other)
		}
	}
	return code, err
}
