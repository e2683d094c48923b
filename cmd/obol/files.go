package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/control"
)

// request makes the request of a command: its line, with what options add to
// its words, and the files that an import needs. The daemon never reads a path
// that a client names.
func (o options) request(ctx context.Context, cmd *control.Command, line string, stdin *os.File, stderr io.Writer) (control.Request, error) {
	r := control.Request{Line: line}
	if cmd.Waits {
		if o.wait >= 0 {
			r.Line += fmt.Sprintf(" wait %d", int(math.Ceil(o.wait.Seconds())))
		}
		if o.verbose || isTerminal(stderr) {
			r.Line += " verbose"
		}
	}
	switch {
	case !cmd.Waits && o.wait >= 0:
		return r, errors.New("--wait belongs to initiate")
	case cmd.Import != control.ImportPEM && (o.ca != "" || o.cert != "" || o.key != ""):
		return r, errors.New("--ca, --cert and --key belong to crypto pki import NAME pem")
	case cmd.Import != control.ImportPKCS12 && o.passwordFile != "":
		return r, errors.New("--password-file belongs to crypto pki import NAME pkcs12")
	}
	add := func(name, path string) error {
		data, err := readFile(path)
		if err != nil {
			return err
		}
		r.Files = append(r.Files, control.File{Name: name, Data: data})
		return nil
	}
	switch cmd.Import {
	case control.ImportPEM:
		if o.ca == "" {
			return r, errors.New("--ca FILE is missing: the certificate of the CA")
		}
		if (o.cert == "") != (o.key == "") {
			return r, errors.New("--cert and --key go together: the router's certificate and its private key")
		}
		if err := add("ca", o.ca); err != nil || o.cert == "" {
			return r, err
		}
		return r, errors.Join(add("cert", o.cert), add("key", o.key))
	case control.ImportPKCS12:
		if err := add("pkcs12", cmd.File); err != nil {
			return r, err
		}
		password, err := readPassword(ctx, o.passwordFile, stdin, stderr)
		r.Files = append(r.Files, control.File{Name: "password", Data: password})
		return r, err
	case control.ImportCRL:
		return r, add("crl", cmd.File)
	}
	return r, nil
}

// readFile reads a file whole, and none that no daemon would take.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, control.MaxRequest+1))
	if err == nil && len(data) > control.MaxRequest {
		err = fmt.Errorf("%s: longer than %d octets", path, control.MaxRequest)
	}
	return data, err
}

// readPassword takes the first line of a file, or asks on the terminal.
func readPassword(ctx context.Context, path string, stdin *os.File, stderr io.Writer) ([]byte, error) {
	if path != "" {
		data, err := readFile(path)
		line, _, _ := bytes.Cut(data, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), err
	}
	restore, err := hideInput(stdin)
	if err != nil {
		return nil, errors.New("standard input is no terminal: give the password with --password-file FILE")
	}
	defer restore()
	fmt.Fprint(stderr, "Password: ")
	defer fmt.Fprintln(stderr)
	typed := make(chan []byte, 1)
	go func() { // a read from a terminal does not end with ctx
		line, _ := bufio.NewReader(stdin).ReadBytes('\n')
		typed <- line
	}()
	select {
	case line := <-typed:
		password, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole {
			return nil, errors.New("no password given")
		}
		return password, nil
	case <-ctx.Done():
		return nil, errors.New("interrupted")
	}
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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
