package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/control"
)

// A desk is where an operator sits, or a script: it answers what commands ask.
type desk struct {
	stdin        *os.File
	lines        *bufio.Reader // of stdin
	stderr       io.Writer
	yes          bool   // --yes: every confirmation
	passwordFile string // --password-file: every secret
}

func newDesk(o options, stdin *os.File, stderr io.Writer) *desk {
	return &desk{stdin: stdin, lines: bufio.NewReader(stdin), stderr: stderr, yes: o.yes, passwordFile: o.passwordFile}
}

// answer is how a question is answered: by an option, by whoever sits at the
// terminal, or by what a script has put into standard input. A script takes the
// default of every value.
func (d *desk) answer(ctx context.Context, q control.Question) (string, error) {
	if q.Kind == control.Secret && d.yes && d.passwordFile == "" {
		return "", nil // nobody is there to think of one
	}
	if q.Kind == control.Secret {
		return d.secret(ctx, q.Prompt)
	}
	manned := isTerminal(d.stdin)
	fmt.Fprint(d.stderr, q.Prompt)
	switch {
	case q.Kind == control.Confirm && d.yes:
		fmt.Fprintln(d.stderr, "yes")
		return "yes", nil
	case q.Kind == control.Confirm && !manned:
		fmt.Fprintln(d.stderr)
		return "", errors.New("standard input is no terminal: --yes answers yes")
	case q.Kind == control.Paste:
		return d.await(ctx, d.paste)
	case !manned || d.yes:
		fmt.Fprintln(d.stderr)
		return "", nil
	}
	return d.await(ctx, d.line)
}

// secret takes the first line of the password file, or asks without showing what
// is typed.
func (d *desk) secret(ctx context.Context, prompt string) (string, error) {
	if d.passwordFile != "" {
		return firstLine(d.passwordFile)
	}
	restore, err := hideInput(d.stdin)
	if err != nil {
		return "", errors.New("standard input is no terminal: give the password with --password-file FILE")
	}
	defer restore()
	fmt.Fprint(d.stderr, prompt)
	defer fmt.Fprintln(d.stderr)
	return d.await(ctx, d.line)
}

func firstLine(path string) (string, error) {
	data, err := readFile(path)
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))), err
}

// await reads, as long as nobody interrupts: a read from a terminal does not end
// with ctx.
func (d *desk) await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := read()
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		return a.text, a.err
	case <-ctx.Done():
		return "", errors.New("interrupted")
	}
}

func (d *desk) line() (string, error) {
	line, err := d.lines.ReadString('\n')
	if err != nil {
		return "", errors.New("no answer given")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// paste reads lines up to "quit" or an empty one; within a PEM block, which may
// have an empty line after its headers, or a printed PKCS #12 file, which has some
// around it, and before anything else none counts.
func (d *desk) paste() (string, error) {
	var text strings.Builder
	inside := false
	for text.Len() <= control.MaxReply {
		line, err := d.lines.ReadString('\n')
		word := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(word, "-----BEGIN"), word == control.PKCS12Begins:
			inside = true
		case strings.HasPrefix(word, "-----END"), strings.HasPrefix(word, control.PKCS12Ends):
			inside = false
		case word == "quit", word == "" && !inside && text.Len() > 0:
			return text.String(), nil
		}
		if word != "" || inside {
			text.WriteString(line)
		}
		if errors.Is(err, io.EOF) && text.Len() > 0 {
			return text.String(), nil
		}
		if err != nil {
			return "", errors.New("nothing was pasted")
		}
	}
	return "", fmt.Errorf("more than %d octets were pasted", control.MaxReply)
}

// hideInput stops the terminal from showing what is typed; an error says that
// it is no terminal.
func hideInput(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	return func() { unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
