package store_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
	"software.sslmate.com/src/go-pkcs12"
)

func open(t *testing.T) (*store.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// enroll imports an identity, which has to succeed.
func enroll(t *testing.T, s *store.Store, name string, id *testca.Identity) store.Imported {
	t.Helper()
	got, err := s.ImportPEM(name, testca.CertPEM(id.CA.Cert), testca.CertPEM(id.Cert), id.KeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func load(t *testing.T, s *store.Store, names ...string) *pki.Snapshot {
	t.Helper()
	var settings []pki.Settings
	for _, n := range names {
		settings = append(settings, pki.Settings{Name: n})
	}
	snapshot, err := s.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func display(s *pki.Snapshot) (names []string) {
	for _, tp := range s.Identities() {
		names = append(names, tp.Name)
	}
	return names
}

// tree lists every file with its mode and content.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(strings.TrimPrefix(path, dir) + " " + info.Mode().String())
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.Write(data)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Display order is the order of enrolment, the last first, and it is a file's:
// another process sees the same.
func TestEnrolmentOrder(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	got := enroll(t, s, "IOSCA2", note.R1CA2)
	if got.Replaced || got.Enrolled != 2 || !got.CA.Equal(note.CA2.Cert) || !got.Identity.Equal(note.R1CA2.Cert) || len(got.Warnings) != 0 {
		t.Errorf("%+v", got)
	}
	snapshot := load(t, s, "IOSCA1", "IOSCA2")
	if want := []string{"IOSCA2", "IOSCA1"}; !slices.Equal(display(snapshot), want) {
		t.Errorf("display order %q, want %q", display(snapshot), want)
	}
	if again := enroll(t, s, "IOSCA1", note.R1CA1); !again.Replaced || again.Enrolled != 3 {
		t.Errorf("%+v", again)
	}
	other, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"IOSCA1", "IOSCA2"}; !slices.Equal(display(load(t, other, "IOSCA1", "IOSCA2")), want) {
		t.Errorf("after enrolling again %q, want %q", display(load(t, other, "IOSCA1", "IOSCA2")), want)
	}
	names, err := other.Names()
	if err != nil || !slices.Equal(names, []string{"IOSCA1", "IOSCA2"}) {
		t.Errorf("names %q, %v", names, err)
	}
	// The store tells nothing about what is not configured.
	if all := load(t, s, "IOSCA2", "IOSCA3").All(); len(all) != 2 || all[0].Identity == nil || all[1].CA != nil || all[1].Name != "IOSCA3" {
		t.Errorf("%+v", all)
	}
}

func TestModes(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	if _, err := s.ImportCRL("IOSCA1", note.CA1.CRL()); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil || files != 5 { // lock, ca, cert, key, crl
		t.Errorf("%d files, %v", files, err)
	}
}

// A failed import, of whatever kind, leaves the store octet for octet.
func TestFailedImport(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	if _, err := s.ImportCRL("IOSCA1", note.CA1.CRLAt(today, testca.NotAfter)); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	id := note.R1CA1
	ca, cert, key := testca.CertPEM(note.CA1.Cert), testca.CertPEM(id.Cert), id.KeyPEM()
	for what, try := range map[string]func() error{
		"does not belong": func() error {
			_, err := s.ImportPEM("IOSCA1", ca, cert, note.R1CA2.KeyPEM())
			return err
		},
		"trustpoint name": func() error { _, err := s.ImportPEM("../x", ca, cert, key); return err },
		"is enrolled; to replace it": func() error {
			_, err := s.ImportPEM("IOSCA1", ca, nil, nil)
			return err
		},
		"not DER": func() error { _, err := s.ImportPKCS12("IOSCA1", []byte("x"), ""); return err },
		"has a newer one of 2013-07-20": func() error {
			_, err := s.ImportCRL("IOSCA1", note.CA1.CRLAt(today.Add(-time.Second), testca.NotAfter))
			return err
		},
		"not signed by a CA of trustpoint IOSCA1": func() error { _, err := s.ImportCRL("IOSCA1", note.CA2.CRL()); return err },
		"is not in the store":                     func() error { _, err := s.ImportCRL("IOSCA9", note.CA1.CRL()); return err },
		"CRL: not a signed":                       func() error { _, err := s.ImportCRL("IOSCA1", []byte("x")); return err },
		"cannot be used: it is a delta": func() error {
			crl := testca.CRL{Issuer: note.CA1.Name.DER(), ThisUpdate: today, NextUpdate: testca.NotAfter,
				Extensions: []testca.Extension{{OID: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}}
			_, err := s.ImportCRL("IOSCA1", crl.Sign(note.CA1.Key, note.CA1.Hash))
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, what)
		}
		if tree(t, dir) != before {
			t.Fatalf("%s: the store has changed", what)
		}
	}
}

// When the system refuses, here because a file stands where the new directory
// is to go, nothing of the attempt remains.
func TestRefusedBySystem(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	for _, name := range []string{"IOSCA1.2", "IOSCA2.2"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	for _, name := range []string{"IOSCA1", "IOSCA2"} {
		id := note.R1CA2
		if _, err := s.ImportPEM(name, testca.CertPEM(id.CA.Cert), testca.CertPEM(id.Cert), id.KeyPEM()); err == nil {
			t.Errorf("%s is imported", name)
		}
		if tree(t, dir) != before {
			t.Errorf("%s: the store has changed", name)
		}
	}
}

var today = time.Date(2013, 7, 20, 13, 0, 0, 0, time.UTC)

func TestImportCRL(t *testing.T) {
	note := testca.NewNote()
	s, _ := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	peer := []*pki.Certificate{note.R2CA1.Cert}
	if v := load(t, s, "IOSCA1").Verify(peer, nil, today); v.Code != pki.NoCRL {
		t.Errorf("without a CRL: %v %s", v.Code, v.Reason)
	}
	if got, err := s.ImportCRL("IOSCA1", testca.CRLPEM(note.CA1.CRL())); err != nil || got.CRL.Len() != 0 || len(got.Warnings) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if v := load(t, s, "IOSCA1").Verify(peer, nil, today); !v.OK {
		t.Error(v.Reason)
	}
	newer := note.CA1.CRLAt(testca.NotBefore.Add(time.Hour), testca.NotAfter, note.R2CA1.Cert.X509.SerialNumber)
	if _, err := s.ImportCRL("IOSCA1", newer); err != nil {
		t.Fatal(err)
	}
	tp := load(t, s, "IOSCA1").Lookup("IOSCA1")
	if len(tp.CRLs) != 1 || tp.CRLs[0].Len() != 1 {
		t.Errorf("%d lists; the newer one replaces the older", len(tp.CRLs))
	}
	if v := load(t, s, "IOSCA1").Verify(peer, nil, today); v.Code != pki.Revoked {
		t.Errorf("%v %s", v.Code, v.Reason)
	}
	// Enrolling again at the same CA keeps its CRL, at another one does not.
	enroll(t, s, "IOSCA1", note.R1CA1)
	if tp := load(t, s, "IOSCA1").Lookup("IOSCA1"); len(tp.CRLs) != 1 {
		t.Errorf("%d lists after enrolling again", len(tp.CRLs))
	}
	enroll(t, s, "IOSCA1", note.R1CA2)
	if tp := load(t, s, "IOSCA1").Lookup("IOSCA1"); len(tp.CRLs) != 0 {
		t.Errorf("%d lists of a CA that is gone", len(tp.CRLs))
	}
	old, err := s.ImportCRL("IOSCA1", note.CA2.CRLAt(today, today.Add(time.Hour)))
	if err != nil || len(old.Warnings) != 1 || !strings.Contains(old.Warnings[0], "was to be renewed by 2013-07-20 14:00:00") {
		t.Errorf("%+v, %v", old, err)
	}
}

func TestImportPKCS12(t *testing.T) {
	id := testca.NewNote().R1CA1
	der, err := pkcs12.Modern.WithIterations(2).Encode(id.Key, id.Cert.X509, []*x509.Certificate{id.CA.Cert.X509}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := open(t)
	if got, err := s.ImportPKCS12("IOSCA1", der, "secret"); err != nil || got.Enrolled != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if tp := load(t, s, "IOSCA1").Lookup("IOSCA1"); !tp.Identity.Equal(id.Cert) || !tp.CA.Equal(id.CA.Cert) || tp.Signer == nil || tp.Enrolled != 1 {
		t.Errorf("%+v", tp)
	}
}

// The store gives back the keys of every kind that it took.
func TestKindsOfKeys(t *testing.T) {
	s, _ := open(t)
	ca := testca.NewWith("ECCA", testca.EC(1), crypto.SHA256)
	for i, key := range []crypto.Signer{testca.RSA(2048, 0), testca.EC(2), testca.ECOn(elliptic.P384(), 2), testca.ECOn(elliptic.P521(), 2), testca.Ed25519(2)} {
		id := ca.EnrollWith(testca.DN("CN=R1"), key)
		if _, err := s.ImportPEM("TP", testca.CertPEM(ca.Cert), testca.CertPEM(id.Cert), id.KeyPEM()); err != nil {
			t.Errorf("key %d: %v", i, err)
			continue
		}
		tp := load(t, s, "TP").Lookup("TP")
		if signer := tp.Signer; signer == nil || !signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("key %d: %+v", i, tp)
		}
	}
}

// What an import sorted out is the same after loading: anchor and chain.
func TestChain(t *testing.T) {
	root := testca.New("ROOT", 0)
	mid := root.Sub("MID", 1)
	sub := mid.Sub("SUB", 2)
	id := sub.Enroll("R1", "192.168.0.1", "100", 3)
	for _, cas := range [][]*pki.Certificate{{sub.Cert, mid.Cert, root.Cert}, {root.Cert}, {mid.Cert}} {
		s, _ := open(t)
		got, err := s.ImportPEM("TP", testca.CertPEM(cas...), testca.CertPEM(id.Cert, sub.Cert, mid.Cert), id.KeyPEM())
		if err != nil {
			t.Fatal(err)
		}
		tp := load(t, s, "TP").Lookup("TP")
		same := len(tp.Chain) == 2 && len(got.Chain) == 2
		for i := range tp.Chain {
			same = same && tp.Chain[i].Equal(got.Chain[i])
		}
		if !tp.CA.Equal(cas[0]) || !got.CA.Equal(cas[0]) || !same {
			t.Errorf("anchor %s with a chain of %d, loaded as %s with %d", got.CA.Subject, len(got.Chain), tp.CA.Subject, len(tp.Chain))
		}
	}
}

func TestCAOnly(t *testing.T) {
	note := testca.NewNote()
	s, _ := open(t)
	got, err := s.ImportPEM("IOSCA1", testca.CertPEM(note.CA1.Cert), nil, nil)
	if err != nil || got.Enrolled != 0 || got.Identity != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := s.ImportCRL("IOSCA1", note.CA1.CRL()); err != nil {
		t.Fatal(err)
	}
	tp := load(t, s, "IOSCA1").Lookup("IOSCA1")
	if !tp.CA.Equal(note.CA1.Cert) || tp.Enrolled != 0 || len(tp.CRLs) != 1 {
		t.Errorf("%+v", tp)
	}
	if got := enroll(t, s, "IOSCA1", note.R1CA1); !got.Replaced || got.Enrolled != 2 {
		t.Errorf("%+v", got)
	}
}

func TestExpiredIsImportedWithAWarning(t *testing.T) {
	ca := testca.New("CA1", 0)
	cert := ca.Issue(testca.Certificate{Serial: big.NewInt(7), Subject: testca.DN("CN=R1").DER(), Key: testca.RSA(2048, 1).Public(), NotAfter: today})
	s, _ := open(t)
	got, err := s.ImportPEM("TP", testca.CertPEM(ca.Cert), testca.CertPEM(cert), (&testca.Identity{Key: testca.RSA(2048, 1)}).KeyPEM())
	if err != nil || !slices.Equal(got.Warnings, []string{"certificate 07 of cn=R1 has expired on 2013-07-20 13:00:00"}) {
		t.Errorf("%q, %v", got.Warnings, err)
	}
}

// What crashes leave behind does not count, and goes with the next import.
func TestLeftovers(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	// Killed while writing an import, and after the moment at which another one held;
	// and what is none of ours.
	write(".new.IOSCA1.7/ca.pem", "half")
	if err := os.CopyFS(filepath.Join(dir, ".new.IOSCA1.5"), os.DirFS(filepath.Join(dir, "IOSCA1.1"))); err != nil {
		t.Fatal(err)
	}
	write("commit", "rename .new.IOSCA1.5 IOSCA1.5\nremove IOSCA1.1\nremove enrolling.IOSCA1.pem\n")
	write("IOSCA1.05/ca.pem", "not a number of ours")
	write("README", "operator's")
	if tp := load(t, s, "IOSCA1").Lookup("IOSCA1"); tp.Enrolled != 5 || len(tp.CRLs) != 0 {
		t.Errorf("%+v", tp)
	}
	if got := enroll(t, s, "IOSCA2", note.R1CA2); got.Enrolled != 6 {
		t.Errorf("enrolled as %d, want 6", got.Enrolled)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	if want := []string{"IOSCA1.05", "IOSCA1.5", "IOSCA2.6", "README", "lock"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// What is written into the list of a change by others is not obeyed.
func TestDamagedChange(t *testing.T) {
	for _, text := range []string{"remove ../outside", "remove /etc/passwd", "rename IOSCA1.1", "rename a ../b", "delete IOSCA1.1", "remove", "\n", strings.Repeat("remove a\n", 1<<17)} {
		s, dir := open(t)
		enroll(t, s, "IOSCA1", testca.NewNote().R1CA1)
		outside := filepath.Join(filepath.Dir(dir), "outside")
		if err := errors.Join(os.WriteFile(outside, nil, 0o600), os.WriteFile(filepath.Join(dir, "commit"), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(nil); err == nil || !strings.HasPrefix(err.Error(), "store: commit: ") {
			t.Errorf("%.20q: %v", text, err)
		}
		if _, err := os.Stat(outside); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A damaged trustpoint is told, not passed over; importing it again mends it.
func TestDamaged(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	key := filepath.Join(dir, "IOSCA1.1", "key.pem")
	if err := os.WriteFile(key, note.R1CA2.KeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Load([]pki.Settings{{Name: "IOSCA1"}})
	if err == nil || !strings.Contains(err.Error(), "IOSCA1.1: the private key does not belong") {
		t.Errorf("%v", err)
	}
	enroll(t, s, "IOSCA1", note.R1CA1)
	load(t, s, "IOSCA1")
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "everybody may write") {
		t.Errorf("%v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(file); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// Imports at the same moment, by several that opened the store, each get their
// own number; readers always see whole trustpoints.
func TestConcurrentImports(t *testing.T) {
	note := testca.NewNote()
	first, dir := open(t)
	enroll(t, first, "IOSCA1", note.R1CA1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for range 4 {
		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range 3 {
				got, err := s.ImportPEM("IOSCA1", testca.CertPEM(note.CA1.Cert), testca.CertPEM(note.R1CA1.Cert), note.R1CA1.KeyPEM())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[got.Enrolled] {
					t.Errorf("number %d given twice", got.Enrolled)
				}
				seen[got.Enrolled] = true
				mu.Unlock()
				snapshot, err := s.Load([]pki.Settings{{Name: "IOSCA1"}})
				if err != nil || snapshot.Lookup("IOSCA1").Signer == nil {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != 12 {
		t.Errorf("%d imports", len(seen))
	}
}
