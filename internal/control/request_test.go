package control

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var requests = map[string]Request{
	"line":   {Line: "show crypto isakmp sa"},
	"files":  {Line: "crypto pki import IOSCA1 pem", Files: []File{{"ca", []byte("C")}, {"cert", []byte("line\nline\n")}, {"key", []byte{0, 1, 2}}}},
	"digits": {Line: "x", Files: []File{{"pkcs12", []byte("P")}}},
	"empty":  {Line: ""},
	"nobody": {Line: "x", Files: []File{{"password", []byte{}}}},
}

func TestRequestRoundTrip(t *testing.T) {
	for name, want := range requests {
		t.Run(name, func(t *testing.T) {
			b, err := want.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			stream := bytes.NewReader(append(b, "what follows"...))
			got, err := ReadRequest(stream)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
			if rest, _ := io.ReadAll(stream); string(rest) != "what follows" {
				t.Errorf("left unread: %q", rest)
			}
		})
	}
}

func TestRequestCutAtEveryLength(t *testing.T) {
	b, err := requests["files"].Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if r, err := ReadRequest(bytes.NewReader(b[:n])); err == nil {
			t.Errorf("cut to %d of %d octets: read %+v", n, len(b), r)
		}
	}
}

func TestRequestRefusals(t *testing.T) {
	many := strings.Repeat("a", MaxLine+1)
	for _, test := range []struct{ name, in, want string }{
		{"another version", "obol/2 1\n\n", `this obold speaks obol/1, the request is "obol/2"`},
		{"no version", "GET / HTTP/1.1\r\n", `this obold speaks obol/1, the request is "GET"`},
		{"no length", "obol/1\n", `"" is no length`},
		{"a sign", "obol/1 +1\n\n", `"+1" is no length`},
		{"leading zero", "obol/1 01\n\n", `"01" is no length`},
		{"too long", "obol/1 8388609\n", "a request of 8388609 octets; at most 8388608 are taken"},
		{"endless header", strings.Repeat("o", 100), "a header line of more than 40 octets"},
		{"too short", "obol/1 10\nabc", "the request ends after 3 of 10 octets"},
		{"no line", "obol/1 3\nabc", "the exec line does not end"},
		{"long line", "obol/1 1026\n" + many + "\n", "an exec line of 1025 octets; at most 1024 are taken"},
		{"control character", "obol/1 4\na\x1bb\n", "a control character in column 2 of the exec line"},
		{"no file", "obol/1 6\na\nfile\n", "a file does not begin with its name and length"},
		{"a path", "obol/1 9\na\n/etc 1\nx", "a file does not begin with its name and length"},
		{"short file", "obol/1 8\na\nca 2\nx", "file ca ends after 1 of 2 octets"},
		{"same file", "obol/1 12\na\nca 0\nca 0\n", "file ca comes twice"},
		{"five files", "obol/1 22\na\na 0\nb 0\nc 0\nd 0\ne 0\n", "more than 4 files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := ReadRequest(strings.NewReader(test.in))
			if err == nil {
				t.Fatalf("read %+v", r)
			}
			if err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAppendRefusesWhatTheDaemonWould(t *testing.T) {
	for name, r := range map[string]Request{
		"line feed": {Line: "show\ncrypto"},
		"name":      {Line: "x", Files: []File{{"CA", nil}}},
		"size":      {Line: "x", Files: []File{{"crl", make([]byte, MaxRequest)}}},
	} {
		if _, err := r.Append(nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzControlRequest is the door of the control socket: nothing that comes
// through it panics, and what is understood means the same when it is written
// again. The line goes on into the command table.
func FuzzControlRequest(f *testing.F) {
	for _, r := range requests {
		b, err := r.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, line := range understood {
		b, err := Request{Line: line}.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadRequest(bytes.NewReader(b))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("an error of more than one line: %q", err)
			}
			return
		}
		again, err := r.Append(nil)
		if err != nil {
			t.Fatalf("read %+v, but cannot write it: %v", r, err)
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("read % x\nwrote % x", b, again)
		}
		c, err := Parse(r.Line)
		if (c == nil) == (err == nil) {
			t.Fatalf("%q: command %v and error %v", r.Line, c, err)
		}
	})
}
