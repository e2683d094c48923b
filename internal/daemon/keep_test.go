package daemon

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// A CRL that a server gave is there when the daemon starts again, and nobody is asked.
func TestKeepCRL(t *testing.T) {
	ca := testca.New("CA1", 0)
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.ImportPEM("TP", testca.CertPEM(ca.Cert), nil, nil); err != nil {
		t.Fatal(err)
	}
	crl, err := pki.ParseCRL(ca.CRLAt(time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{store: st, log: zap.NewNop()}
	d.keepCRL(ike.StoreCRL{Trustpoint: "TP", CRL: crl})
	d.keepCRL(ike.StoreCRL{Trustpoint: "NONE", CRL: crl}) // is told, and harms nothing
	files, err := filepath.Glob(filepath.Join(dir, "TP.*", "crl.*.pem"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	s, err := st.Load([]pki.Settings{{Name: "TP"}})
	if err != nil {
		t.Fatal(err)
	}
	leaf := ca.EnrollAt("http://192.0.2.1/crl", "R2", "192.168.0.2", "101", 2).Cert
	if v := s.Verify([]*pki.Certificate{leaf}, nil, time.Now()); !v.OK || len(v.Queries) != 0 {
		t.Errorf("%s, %d queries", v.Reason, len(v.Queries))
	}
}
