package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Exit statuses of obol. They travel in the last frame of an answer.
const (
	ExitDone     = 0
	ExitFailed   = 1 // refused or failed
	ExitInvalid  = 2 // % Invalid input detected at '^' marker.
	ExitNoDaemon = 3
)

// Limits of an answer.
const (
	maxFrame     = 1 << 20          // octets
	writeTimeout = 10 * time.Second // for a client that does not read
)

// An Answer writes the frames of one answer. Its methods may be called from
// several goroutines.
type Answer struct {
	mu      sync.Mutex
	conn    net.Conn
	err     error // the first that occurred: everything later is for nobody
	replies replies
}

// Out writes to the client's standard output.
func (a *Answer) Out() io.Writer { return frameWriter{a, "out"} }

// Err writes to the client's standard error.
func (a *Answer) Err() io.Writer { return frameWriter{a, "err"} }

// Failf tells the client why, on one line, and gives the status to end with.
func (a *Answer) Failf(format string, args ...any) int {
	fmt.Fprintf(a.Err(), format+"\n", args...)
	return ExitFailed
}

type frameWriter struct {
	answer *Answer
	kind   string
}

func (w frameWriter) Write(p []byte) (int, error) {
	for written := 0; written < len(p); {
		part := p[written:min(written+maxFrame, len(p))]
		if err := w.answer.write(append(fmt.Appendf(nil, "%s %d\n", w.kind, len(part)), part...)); err != nil {
			return written, err
		}
		written += len(part)
	}
	return len(p), nil
}

func (a *Answer) exit(code int) error { return a.write(fmt.Appendf(nil, "exit %d\n", code)) }

func (a *Answer) write(frame []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.err = a.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	if a.err == nil {
		_, a.err = a.conn.Write(frame)
	}
	return a.err
}

// ErrNoDaemon says that nobody listens on the socket.
var ErrNoDaemon = errors.New("no obold is running")

// Do sends a request to the daemon at a socket and gives the terminal what it
// answers and asks. It returns the exit status; with an error the answer did not
// come, or did not come whole. Ending ctx ends the request.
func Do(ctx context.Context, socket string, r Request, terminal Terminal) (int, error) {
	request, err := r.Append(nil)
	if err != nil {
		return ExitFailed, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return ExitNoDaemon, noDaemon(socket, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, sendErr := conn.Write(request)
	// A daemon that refuses a request early still says why.
	code, err := converse(ctx, conn, terminal)
	switch {
	case ctx.Err() != nil:
		return ExitFailed, ctx.Err()
	case err != nil:
		return ExitFailed, errors.Join(sendErr, err)
	}
	return code, nil
}

func noDaemon(socket string, err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: permission denied", socket)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: there is no %s", ErrNoDaemon, socket)
	}
	return fmt.Errorf("%w: nobody listens on %s", ErrNoDaemon, socket)
}

// converse takes the frames apart until the last, and answers questions.
func converse(ctx context.Context, conn io.ReadWriter, terminal Terminal) (int, error) {
	r := bufio.NewReader(conn)
	for {
		header, err := readLine(r, 40)
		if err != nil {
			return 0, errors.New("the daemon went away before its answer was complete")
		}
		kind, number, _ := strings.Cut(header, " ")
		n, err := strconv.ParseUint(number, 10, 31)
		to := map[string]io.Writer{"out": terminal.Out, "err": terminal.Err}[kind]
		switch {
		case err == nil && kind == "exit" && n <= 255:
			return int(n), nil
		case err == nil && kind == "ask" && n <= maxFrame:
			if err := reply(ctx, r, conn, int64(n), terminal); err != nil {
				return 0, err
			}
			continue
		case err != nil || to == nil || n > maxFrame:
			return 0, fmt.Errorf("an answer that is not of %s: %.40q", version, header)
		}
		if _, err := io.CopyN(to, r, int64(n)); err != nil {
			return 0, fmt.Errorf("the answer broke off: %w", err)
		}
	}
}

// reply reads a question of n octets and sends the answer.
func reply(ctx context.Context, r io.Reader, w io.Writer, n int64, terminal Terminal) error {
	var frame bytes.Buffer
	if _, err := io.CopyN(&frame, r, n); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	q, err := parseQuestion(frame.Bytes())
	if err != nil {
		return err
	}
	said, err := terminal.ask(ctx, q)
	if err != nil {
		return err
	}
	return writeReply(w, said)
}
