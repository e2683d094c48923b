package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of the socket.
const (
	maxClients  = 64              // at once
	readTimeout = 5 * time.Second // for a whole request
)

// A Handler carries out one request and returns the exit status. The context
// ends when the client goes away.
type Handler func(ctx context.Context, r Request, a *Answer) int

// Listen makes the socket, for its owner only, and its directory when that is
// missing. A socket that a killed daemon left is replaced; one on which
// somebody listens is an error.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The mode is set before bind makes the file: it never stands open.
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), 0o600) })
		return errors.Join(err, failed)
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, errors.Unwrap(err))
	}
	return l, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("control socket %s: a file that is no socket stands there", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
		return fmt.Errorf("control socket %s: another obold listens there", path)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("control socket %s: %w", path, err)
	}
	return os.Remove(path)
}

// lastAnswers is how long the end waits for clients to take their answers.
const lastAnswers = time.Second

// Serve answers clients until ctx ends. Then it returns when the last of them
// has its answer, or has not taken it for a second.
func Serve(ctx context.Context, l net.Listener, handle Handler) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var clients sync.WaitGroup
	defer wait(&clients, lastAnswers)
	seats := make(chan struct{}, maxClients)
	for {
		select {
		case seats <- struct{}{}:
		case <-ctx.Done():
			return
		}
		conn, err := l.Accept()
		if err != nil {
			<-seats
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file descriptors, as a rule: others will close some.
			time.Sleep(100 * time.Millisecond)
			continue
		}
		clients.Go(func() {
			defer func() { <-seats }()
			defer conn.Close()
			serve(ctx, conn, handle)
		})
	}
}

func wait(g *sync.WaitGroup, atMost time.Duration) {
	gone := make(chan struct{})
	go func() {
		g.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(atMost):
	}
}

func serve(ctx context.Context, conn net.Conn, handle Handler) {
	answer := &Answer{conn: conn, replies: replies{said: make(chan string)}}
	conn.SetReadDeadline(time.Now().Add(readTimeout))
	// The daemon that stops does not wait for half a request.
	stopReading := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })
	r := bufio.NewReader(conn)
	request, err := ReadRequest(r)
	stopReading()
	if err != nil {
		answer.exit(answer.Failf("%% %v", err))
		return
	}
	conn.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// But for what it is asked the client says nothing more: what its side reports
	// then is its going.
	go func() {
		answer.replies.listen(ctx, r)
		cancel()
	}()
	answer.exit(handle(ctx, request, answer))
}
