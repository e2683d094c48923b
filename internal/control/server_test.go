package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serving runs a server with a handler and gives its socket.
func serving(t *testing.T, handle Handler) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "obol", "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		Serve(ctx, l, handle)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Error("Serve goes on after its context")
		}
	})
	return path
}

func TestAnswerReachesTheClient(t *testing.T) {
	path := serving(t, func(_ context.Context, r Request, a *Answer) int {
		fmt.Fprintf(a.Out(), "line %s\n", r.Line)
		fmt.Fprintf(a.Err(), "file %s\n", r.File("ca"))
		a.Out().Write(bytes.Repeat([]byte("x"), 2*maxFrame+1))
		return 7
	})
	var out, errs bytes.Buffer
	code, err := Do(context.Background(), path, Request{Line: "show", Files: []File{{"ca", []byte("abc")}}}, Terminal{Out: &out, Err: &errs})
	if code != 7 || err != nil {
		t.Fatalf("exit %d, %v", code, err)
	}
	if want := "line show\n" + strings.Repeat("x", 2*maxFrame+1); out.String() != want {
		t.Errorf("out has %d octets, want %d", out.Len(), len(want))
	}
	if errs.String() != "file abc\n" {
		t.Errorf("err %q", errs.String())
	}
}

func TestSocketIsForItsOwner(t *testing.T) {
	path := serving(t, nil)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the socket is %v", info.Mode())
	}
	if dir, _ := os.Stat(filepath.Dir(path)); dir.Mode().Perm() != 0o755 {
		t.Errorf("mode of its directory is %v", dir.Mode())
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another obold listens there") {
		t.Errorf("somebody listens: %v", err)
	}
	l.SetUnlinkOnClose(false)
	l.Close() // as a killed daemon leaves it
	again, err := Listen(path)
	if err != nil {
		t.Fatalf("nobody listens: %v", err)
	}
	again.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "a file that is no socket") {
		t.Errorf("a file: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file holds %q", b)
	}
}

func TestNoDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ask := func(want string) {
		t.Helper()
		code, err := Do(t.Context(), path, Request{Line: "show"}, quiet)
		if code != ExitNoDaemon || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("exit %d, %v, want %q", code, err, want)
		}
	}
	ask("there is no")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	ask("nobody listens on")
}

func TestGoingClientEndsItsCommand(t *testing.T) {
	ended := make(chan struct{})
	path := serving(t, func(ctx context.Context, _ Request, a *Answer) int {
		fmt.Fprintln(a.Out(), "streaming")
		<-ctx.Done()
		close(ended)
		return ExitDone
	})
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	go Do(ctx, path, Request{Line: "debug"}, Terminal{Out: write, Err: io.Discard})
	if _, err := io.ReadFull(read, make([]byte, len("streaming\n"))); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the command goes on without its client")
	}
}

func TestBadRequestIsAnswered(t *testing.T) {
	path := serving(t, nil)
	conn := dial(t, path)
	defer conn.Close()
	io.WriteString(conn, "obol/9 0\n")
	var out, errs bytes.Buffer
	code, err := converse(t.Context(), conn, Terminal{Out: &out, Err: &errs})
	if code != ExitFailed || err != nil || !strings.Contains(errs.String(), "speaks obol/1") {
		t.Errorf("exit %d, %v, %q", code, err, errs.String())
	}
}

func TestStopDoesNotWaitForHalfARequest(t *testing.T) {
	conn := outliving(t)
	*conn = dial(t, serving(t, nil))
	io.WriteString(*conn, "obol/1 100\nsho")
	time.Sleep(50 * time.Millisecond) // it is being read when the server ends
}

// outliving holds a connection that is closed only after the server has ended:
// made before it, its cleanup comes last.
func outliving(t *testing.T) *net.Conn {
	conn := new(net.Conn)
	t.Cleanup(func() { (*conn).Close() })
	return conn
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// A client that does not read holds up its own command only, and not the end.
func TestClientThatDoesNotRead(t *testing.T) {
	conn := outliving(t)
	stuck := make(chan struct{})
	path := serving(t, func(_ context.Context, r Request, a *Answer) int {
		if r.Line == "flood" {
			close(stuck)
			a.Out().Write(make([]byte, 64<<20))
		}
		return ExitDone
	})
	*conn = dial(t, path)
	flood, err := Request{Line: "flood"}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	(*conn).Write(flood)
	<-stuck
	if code, err := Do(t.Context(), path, Request{Line: "show"}, quiet); code != ExitDone || err != nil {
		t.Errorf("another client: exit %d, %v", code, err)
	}
}

func TestAnswerCutAtEveryLength(t *testing.T) {
	whole := "out 5\nlines\nerr 2\nno\nexit 1\n"
	whole = strings.Replace(whole, "lines\n", "lines", 1)
	whole = strings.Replace(whole, "no\n", "no", 1)
	for n := range whole {
		if code, err := converse(t.Context(), bytes.NewBufferString(whole[:n]), quiet); err == nil {
			t.Errorf("cut to %q: exit %d", whole[:n], code)
		}
	}
	for _, bad := range []string{"out -1\n", "what 1\nx", "exit 256\n", "out 1048577\n", "exit\n"} {
		if code, err := converse(t.Context(), bytes.NewBufferString(bad), quiet); err == nil {
			t.Errorf("%q: exit %d", bad, code)
		}
	}
	if code, err := converse(t.Context(), bytes.NewBufferString(whole), quiet); code != 1 || err != nil {
		t.Errorf("whole: exit %d, %v", code, err)
	}
}

var quiet = Terminal{Out: io.Discard, Err: io.Discard}

// A command asks over the socket and goes on with the answer; who goes away
// instead, or says what nobody asked, ends it.
func TestQuestions(t *testing.T) {
	ended := make(chan error, 1)
	path := serving(t, func(ctx context.Context, _ Request, a *Answer) int {
		var said []string
		for _, q := range []Question{{Confirm, "Go on? [yes/no]: "}, {Paste, "Paste:\n"}} {
			reply, err := a.Ask(ctx, q)
			if err != nil {
				ended <- err
				return ExitFailed
			}
			said = append(said, reply)
		}
		fmt.Fprintf(a.Out(), "%q", said)
		return ExitDone
	})
	var out bytes.Buffer
	var asked []Question
	code, err := Do(t.Context(), path, Request{Line: "x"}, Terminal{Out: &out, Err: io.Discard, Ask: func(_ context.Context, q Question) (string, error) {
		asked = append(asked, q)
		return "answer\n" + string(q.Kind), nil
	}})
	if code != ExitDone || err != nil || out.String() != `["answer\nconfirm" "answer\npaste"]` || len(asked) != 2 || asked[0].Prompt != "Go on? [yes/no]: " {
		t.Errorf("exit %d, %v, %q after %+v", code, err, out.String(), asked)
	}
	if _, err := Do(t.Context(), path, Request{Line: "x"}, quiet); !errors.Is(err, errNobody) {
		t.Errorf("%v", err)
	}
	if err := <-ended; !errors.Is(err, errNobody) {
		t.Errorf("the command of a client that went: %v", err)
	}
	if _, err := Do(t.Context(), path, Request{Line: "x"}, Terminal{Ask: func(context.Context, Question) (string, error) {
		return strings.Repeat("x", MaxReply+1), nil
	}}); err == nil || !strings.Contains(err.Error(), "at most 1048576") {
		t.Errorf("%v", err)
	}
	<-ended
}

// A reply is read whole or not at all.
func TestReplies(t *testing.T) {
	var b bytes.Buffer
	if err := writeReply(&b, "yes\n"); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	for n := range len(whole) {
		if reply, err := readReply(strings.NewReader(whole[:n])); err == nil {
			t.Errorf("%d octets are %q", n, reply)
		}
	}
	if reply, err := readReply(strings.NewReader(whole)); err != nil || reply != "yes\n" {
		t.Errorf("%q, %v", reply, err)
	}
	for _, bad := range []string{"01\nx", "-1\n", "1048577\n", "x\n"} {
		if _, err := readReply(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is a reply", bad)
		}
	}
	for _, bad := range []string{"", "confirm", "order a pizza", " x"} {
		if q, err := parseQuestion([]byte(bad)); err == nil {
			t.Errorf("%q is a question: %+v", bad, q)
		}
	}
}
