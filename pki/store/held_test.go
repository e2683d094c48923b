package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// The certificates are there for who does not have the passphrase of the keys, and
// what cannot be read is no trustpoint without a certificate.
func TestHeld(t *testing.T) {
	s, dir := open(t)
	s.UsePassphrase([]byte("secret"))
	ca := testca.New("CA1", 1)
	id := ca.Enroll("R1", "192.0.2.1", "100", 3)
	if _, err := s.ImportPEM("CAONLY", testca.CertPEM(ca.Cert), nil, nil); err != nil {
		t.Fatal(err)
	}
	enrolled := enroll(t, s, "IOSCA1", id).Enrolled
	again, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := again.Held("IOSCA1")
	if err != nil || !h.CA.Equal(ca.Cert) || !h.Identity.Equal(id.Cert) || h.Enrolled != enrolled {
		t.Errorf("%+v, %v", h, err)
	}
	if only, err := again.Held("CAONLY"); err != nil || !only.CA.Equal(ca.Cert) || only.Identity != nil || only.Enrolled != 0 {
		t.Errorf("%+v, %v", only, err)
	}
	if none, err := again.Held("IOSCA2"); err != nil || none.CA != nil || none.Identity != nil {
		t.Errorf("%+v, %v", none, err)
	}
	for _, file := range []string{"cert.pem", "ca.pem"} {
		if err := os.WriteFile(filepath.Join(h.Dir, file), []byte("-----BEGIN"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Held("IOSCA1"); err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, file := range []string{"cert.pem", "ca.pem"} {
		if err := os.Remove(filepath.Join(h.Dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := again.Held("IOSCA1"); err == nil || !strings.Contains(err.Error(), "neither ca.pem nor cert.pem") {
		t.Error(err)
	}
}
