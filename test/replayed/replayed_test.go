// Package replayed holds what routers of Cisco have sent, recorded by others and
// published: testdata says where, by whom and under which licence. Those bytes
// parse, are described, are answered, and are what obol itself would have sent.
package replayed

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/wire"
)

// recording is a file of testdata: octets by name.
type recording struct {
	t    testing.TB
	name string
	data map[string][]byte
}

const (
	encryption = "ios-rsa-encryption"
	lifetime   = "ios-responder-lifetime"
)

func load(t testing.TB, name string) recording {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	r := recording{t, name, map[string][]byte{}}
	for _, f := range archive.Files {
		b, err := hex.DecodeString(strings.Join(strings.Fields(string(f.Data)), ""))
		if err != nil {
			t.Fatalf("%s: %s: %v", name, f.Name, err)
		}
		r.data[f.Name] = b
	}
	for _, word := range []string{"Source:", "Address:", "Licence:"} {
		if !strings.Contains(string(archive.Comment), word) {
			t.Errorf("%s does not say its %s", name, word)
		}
	}
	return r
}

// get is a copy of a part, which must be there.
func (r recording) get(name string) []byte {
	r.t.Helper()
	if len(r.data[name]) == 0 {
		r.t.Fatalf("%s: no %s", r.name, name)
	}
	return bytes.Clone(r.data[name])
}

func (r recording) message(name string) *wire.Message {
	r.t.Helper()
	m, err := wire.Parse(r.get(name))
	if err != nil {
		r.t.Fatalf("%s: %s: %v", r.name, name, err)
	}
	return m
}

// Every message parses, and is described in one line. The types of the identities
// are nonsense: with RSA encryption they are ciphertext.
func TestDescribed(t *testing.T) {
	for _, c := range []struct{ file, message, want string }{
		{encryption, "mm1", "v1.0 Main Mode 11e79c308ebbd717/0000000000000000 id 00000000 len 84: SA"},
		{encryption, "mm2", "v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 84: SA"},
		{encryption, "mm4", "v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 816: KE, ID(ID type 16), NONCE, VID(Unity), VID(DPD), VID(IOS), VID(XAUTH)"},
		{encryption, "mm6", "v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 60 encrypted +32 octets"},
		{encryption, "qm2", "v1.0 Quick Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 45c9ec04 len 204 encrypted +176 octets"},
		{lifetime, "mm2", "v1.0 Main Mode 3bc6ed46d2f233aa/5b5fbd354bbd28f6 id 00000000 len 84: SA"},
		{lifetime, "mm4", "v1.0 Main Mode 3bc6ed46d2f233aa/5b5fbd354bbd28f6 id 00000000 len 816: KE, ID(ID_FQDN), NONCE, VID(Unity), VID(DPD), VID(IOS), VID(XAUTH)"},
		{lifetime, "mm6", "v1.0 Main Mode 3bc6ed46d2f233aa/5b5fbd354bbd28f6 id 00000000 len 60 encrypted +32 octets"},
		{lifetime, "info", "v1.0 Informational 3bc6ed46d2f233aa/5b5fbd354bbd28f6 id fab8520d len 92 encrypted +64 octets"},
	} {
		r := load(t, c.file)
		m := r.message(c.message)
		if got := wire.Describe(m); got != c.want {
			t.Errorf("%s %s:\n%s, want\n%s", c.file, c.message, got, c.want)
		}
		tree := wire.Tree(m)
		if lines := strings.Count(tree, "\n"); lines < 3 || !strings.HasPrefix(tree, "ISAKMP 1.0") {
			t.Errorf("%s %s: %s", c.file, c.message, tree)
		}
		b := wire.NewBuilder(nil, m.Header)
		for _, p := range m.Payloads {
			b.Add(p.Type, p)
		}
		if !m.Encrypted() && !bytes.Equal(b.Bytes(), r.get(c.message)) {
			t.Errorf("%s %s: built again it is\n%x", c.file, c.message, b.Bytes())
		}
	}
}

// What IOS chose, as a tree: it numbers proposal and transform from 1, whatever
// numbers the offer had.
func TestTree(t *testing.T) {
	const want = `ISAKMP 1.0, Main Mode, cookies 11e79c308ebbd717 2ca4eb67438cfda9
  flags 0x00, message id 00000000, length 84
  SA at 28, 56 octets
    proposal 1, protocol ISAKMP
      transform 1, id 1
        encryption 7
        keylength 128
        hash 2
        group 5
        auth 4
        life type 1
        life duration 28800
`
	if got := wire.Tree(load(t, encryption).message("mm2")); got != want {
		t.Errorf("%s", got)
	}
}
