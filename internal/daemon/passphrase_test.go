package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// The passphrase is the first line of the file, and an empty one is none.
func TestKeyPassphraseFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "passphrase")
	o := Options{Store: filepath.Join(dir, "store"), KeyPassphraseFile: file}
	if _, err := openStore(o); err == nil {
		t.Error("without the file")
	}
	for _, c := range []struct{ text, want string }{{"\n", "the passphrase is empty"}, {"secret\r\nmore", ""}} {
		text, want := c.text, c.want
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openStore(o); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	st, err := openStore(o)
	if err == nil {
		err = st.PutKeys(&pki.KeyPair{Label: "R1", Signer: testca.RSA(1024, 0)})
	}
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(filepath.Join(dir, "store", "keys", "rsa.R1.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.DecryptPEM(sealed, []byte("secret")); err != nil || !strings.Contains(string(sealed), "ENCRYPTED") {
		t.Errorf("%v:\n%s", err, sealed)
	}
}
