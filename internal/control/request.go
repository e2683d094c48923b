package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of a request.
const (
	MaxLine    = 1024    // octets of the exec line
	MaxFiles   = 4       // CA, certificate and key, or one file
	MaxRequest = 8 << 20 // octets in all: the CRLs of large CAs have a few million
)

// version is what the first line of a request begins with. Another number is
// another protocol.
const version = "obol/1"

// A Request is one exec line and the files that belong to it.
type Request struct {
	Line  string
	Files []File
}

// A File travels with a request. Name is one word that says what it is to the
// command ("ca", "cert", "key"), never a path.
type File struct {
	Name string
	Data []byte
}

// File gives the octets of a file by name, nil when it did not come along.
func (r Request) File(name string) []byte {
	for _, f := range r.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// Append writes the request as it goes over the socket.
func (r Request) Append(dst []byte) ([]byte, error) {
	body := append([]byte(r.Line), '\n')
	for _, f := range r.Files {
		body = fmt.Appendf(body, "%s %d\n", f.Name, len(f.Data))
		body = append(body, f.Data...)
	}
	// What the daemon would refuse does not leave.
	if _, err := parseBody(body); err != nil {
		return nil, err
	}
	if len(body) > MaxRequest {
		return nil, errTooLong(len(body))
	}
	return append(fmt.Appendf(dst, "%s %d\n", version, len(body)), body...), nil
}

func errTooLong(n int) error {
	return fmt.Errorf("a request of %d octets; at most %d are taken", n, MaxRequest)
}

// ReadRequest reads one request, and no octet beyond it. Errors are one line
// that may be shown to whoever sent it.
func ReadRequest(r io.Reader) (Request, error) {
	header, err := readLine(r, 40)
	if err != nil {
		return Request{}, err
	}
	speaks, length, _ := strings.Cut(header, " ")
	if speaks != version {
		return Request{}, fmt.Errorf("this obold speaks %s, the request is %.20q", version, speaks)
	}
	n, err := parseLength(length)
	if err != nil {
		return Request{}, err
	}
	if n > MaxRequest {
		return Request{}, errTooLong(n)
	}
	// The buffer grows with what arrives: a length alone costs no memory.
	var body bytes.Buffer
	if got, err := io.CopyN(&body, r, int64(n)); err != nil {
		return Request{}, fmt.Errorf("the request ends after %d of %d octets", got, n)
	}
	return parseBody(body.Bytes())
}

// parseBody keeps aliases of b.
func parseBody(b []byte) (Request, error) {
	line, rest, found := bytes.Cut(b, []byte("\n"))
	if !found {
		return Request{}, errors.New("the exec line does not end")
	}
	if len(line) > MaxLine {
		return Request{}, fmt.Errorf("an exec line of %d octets; at most %d are taken", len(line), MaxLine)
	}
	if i := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return Request{}, fmt.Errorf("a control character in column %d of the exec line", i+1)
	}
	request := Request{Line: string(line)}
	for len(rest) > 0 {
		var header []byte
		header, rest, found = bytes.Cut(rest, []byte("\n"))
		name, length, _ := strings.Cut(string(header), " ")
		n, err := parseLength(length)
		switch {
		case !found || err != nil || !isWord(name):
			return Request{}, errors.New("a file does not begin with its name and length")
		case n > len(rest):
			return Request{}, fmt.Errorf("file %s ends after %d of %d octets", name, len(rest), n)
		case len(request.Files) == MaxFiles:
			return Request{}, fmt.Errorf("more than %d files", MaxFiles)
		case request.File(name) != nil:
			return Request{}, fmt.Errorf("file %s comes twice", name)
		}
		request.Files = append(request.Files, File{Name: name, Data: rest[:n:n]})
		rest = rest[n:]
	}
	return request, nil
}

func isWord(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// parseLength takes plain decimal numbers only, as they are written.
func parseLength(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%.20q is no length", s)
	}
	return int(n), nil
}

// readLine reads up to a line feed and not beyond: what follows is not its to
// read.
func readLine(r io.Reader, limit int) (string, error) {
	var line []byte
	for c := make([]byte, 1); ; line = append(line, c[0]) {
		if _, err := io.ReadFull(r, c); err != nil {
			return "", errors.New("the header line does not end")
		}
		if c[0] == '\n' {
			return string(line), nil
		}
		if len(line) == limit {
			return "", fmt.Errorf("a header line of more than %d octets", limit)
		}
	}
}
