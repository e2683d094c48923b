package store_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

func labelled(label string, n int) *pki.KeyPair {
	return &pki.KeyPair{Label: label, Usage: pki.GeneralKey, Signer: testca.RSA(2048, n)}
}

func labels(t *testing.T, s *store.Store) (out []string) {
	t.Helper()
	keys, err := s.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		out = append(out, string(k.Kind())+" "+k.Label+" "+string(k.Usage))
	}
	return out
}

func put(t *testing.T, s *store.Store, pairs ...*pki.KeyPair) {
	t.Helper()
	if err := s.PutKeys(pairs...); err != nil {
		t.Fatal(err)
	}
}

func TestGeneratedKeys(t *testing.T) {
	s, dir := open(t)
	rsa, err := store.GenerateRSA("R1.cisco.com", 1024, pki.SignatureKey, true)
	if err != nil {
		t.Fatal(err)
	}
	encryption := *rsa
	encryption.Usage = pki.EncryptionKey
	ec, err := store.GenerateEC("R1.cisco.com", 384, false)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, rsa, &encryption)
	put(t, s, ec)
	want := []string{"ec R1.cisco.com Signature Key", "rsa R1.cisco.com Signature Key", "rsa R1.cisco.com Encryption Key"}
	if got := labels(t, s); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	again, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := again.Key(pki.RSA, "R1.cisco.com")
	if err != nil || k == nil || !k.Exportable || k.Usage != pki.SignatureKey || k.Bits() != 1024 || k.Generated.IsZero() {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err := again.Key(pki.RSA, "R2"); k != nil || err != nil {
		t.Errorf("%+v, %v", k, err)
	}
	if got := load(t, s).Keys(); len(got) != 3 {
		t.Errorf("the snapshot has %d keys", len(got))
	}
	for path, want := range map[string]fs.FileMode{"keys": 0o700, "keys/rsa.R1.cisco.com.pem": 0o600, "keys/ec.R1.cisco.com.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	for _, try := range []func() (*pki.KeyPair, error){
		func() (*pki.KeyPair, error) { return store.GenerateRSA("../x", 2048, pki.GeneralKey, false) },
		func() (*pki.KeyPair, error) { return store.GenerateRSA("x", 512, pki.GeneralKey, false) },
		func() (*pki.KeyPair, error) { return store.GenerateRSA("x", 8192, pki.GeneralKey, false) },
		func() (*pki.KeyPair, error) { return store.GenerateEC("x", 255, false) },
	} {
		if k, err := try(); k != nil || err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v, %v", k, err)
		}
	}
}

// Enrolled by its own CA, for a key with a label: order, key and label hold, and
// the next enrolment with a regenerated key takes the label over.
func TestImportCertificate(t *testing.T) {
	ca := testca.New("CA1", 0)
	s, dir := open(t)
	if _, err := s.ImportCertificate("TP", testca.CertPEM(ca.Cert)); err == nil || !strings.Contains(err.Error(), "crypto pki authenticate TP comes first") {
		t.Errorf("%v", err)
	}
	if _, err := s.ImportPEM("TP", testca.CertPEM(ca.Cert), nil, nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, labelled("KEY", 3))
	id := ca.EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, 3))
	stranger := ca.EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, 4))
	before := tree(t, dir)
	if _, err := s.ImportCertificate("TP", testca.CertPEM(stranger.Cert)); err == nil || !strings.Contains(err.Error(), "a key that is not here") {
		t.Errorf("%v", err)
	}
	other := testca.New("CA2", 1).EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, 3))
	if _, err := s.ImportCertificate("TP", testca.CertPEM(other.Cert)); err == nil || !strings.Contains(err.Error(), "no CA certificate given has signed it") {
		t.Errorf("%v", err)
	}
	if tree(t, dir) != before {
		t.Error("a refused certificate changed the store")
	}
	for _, form := range [][]byte{testca.CertPEM(id.Cert), id.Cert.Raw(), base64Lines(id.Cert.Raw())} {
		got, err := s.ImportCertificate("TP", form)
		if err != nil || got.Enrolled == 0 || !got.Identity.Equal(id.Cert) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	tp := load(t, s, "TP").Lookup("TP")
	if tp.Key == nil || tp.Key.Label != "KEY" || tp.Enrolled != 4 {
		t.Errorf("%+v of enrolment %d", tp.Key, tp.Enrolled)
	}
	if keys := load(t, s, "TP").Keys(); len(keys) != 1 {
		t.Errorf("one key is listed %d times", len(keys))
	}
	// Renewal with a new key.
	put(t, s, labelled("KEY"+store.Regenerated, 5))
	renewed := ca.EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, 5))
	if _, err := s.ImportCertificate("TP", testca.CertPEM(renewed.Cert)); err != nil {
		t.Fatal(err)
	}
	if tp := load(t, s, "TP").Lookup("TP"); tp.Key.Label != "KEY" || !tp.Identity.Equal(renewed.Cert) {
		t.Errorf("%+v", tp.Key)
	}
	k, err := s.Key(pki.RSA, "KEY")
	if got := labels(t, s); err != nil || len(got) != 1 || !k.Belongs(renewed.Cert) {
		t.Errorf("%q, %v", got, err)
	}
}

func base64Lines(der []byte) []byte {
	pem := testca.CRLPEM(der) // the frame does not matter: it is taken off
	lines := bytes.Split(bytes.TrimSpace(pem), []byte("\n"))
	return bytes.Join(lines[1:len(lines)-1], []byte("\r\n"))
}

// Zeroize takes the keys and the certificates that were issued for them; what CAs
// and CRLs there are stay.
func TestZeroize(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	enroll(t, s, "IOSCA1", note.R1CA1)
	enroll(t, s, "IOSCA2", note.R1CA2)
	if _, err := s.ImportCRL("IOSCA1", note.CA1.CRL()); err != nil {
		t.Fatal(err)
	}
	ec, err := store.GenerateEC("E", 256, false)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, labelled("SPARE", 7))
	put(t, s, ec)
	gone, without, err := s.Zeroize(pki.RSA, "IOSCA1")
	if err != nil || !slices.Equal(gone, []string{"IOSCA1"}) || !slices.Equal(without, []string{"IOSCA1"}) {
		t.Errorf("%q, %q, %v", gone, without, err)
	}
	tp := load(t, s, "IOSCA1").Lookup("IOSCA1")
	if tp.Identity != nil || tp.Signer != nil || tp.Enrolled != 0 || !tp.CA.Equal(note.CA1.Cert) || len(tp.CRLs) != 1 {
		t.Errorf("%+v", tp)
	}
	gone, without, err = s.Zeroize(pki.RSA, "")
	if err != nil || !slices.Equal(gone, []string{"IOSCA2", "SPARE"}) || !slices.Equal(without, []string{"IOSCA2"}) {
		t.Errorf("%q, %q, %v", gone, without, err)
	}
	if strings.Contains(tree(t, dir), "RSA") || !slices.Equal(labels(t, s), []string{"ec E Signature Key"}) {
		t.Errorf("%q", labels(t, s))
	}
	if gone, without, err := s.Zeroize(pki.RSA, "NONE"); err != nil || len(gone)+len(without) != 0 {
		t.Errorf("%q, %q, %v", gone, without, err)
	}
}

// A label that is generated again loses the certificate of the key before.
func TestReplacedKey(t *testing.T) {
	ca := testca.New("CA1", 0)
	s, _ := open(t)
	if _, err := s.ImportPEM("TP", testca.CertPEM(ca.Cert), nil, nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, labelled("KEY", 3))
	if _, err := s.ImportCertificate("TP", testca.CertPEM(ca.EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, 3)).Cert)); err != nil {
		t.Fatal(err)
	}
	put(t, s, labelled("KEY", 4))
	if tp := load(t, s, "TP").Lookup("TP"); tp.Identity != nil || tp.CA == nil {
		t.Errorf("%+v", tp)
	}
}

func TestSelfSigned(t *testing.T) {
	ca := testca.New("R1", 3)
	s, _ := open(t)
	key := labelled("KEY", 3)
	got, err := s.PutSelfSigned("SELF", ca.Cert, key)
	if err != nil || got.Enrolled != 1 || got.CA != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	tp := load(t, s, "SELF").Lookup("SELF")
	if tp.CA != nil || !tp.Identity.Equal(ca.Cert) || tp.Key.Label != "KEY" {
		t.Errorf("%+v", tp)
	}
	if _, err := s.PutSelfSigned("SELF", ca.Cert, labelled("KEY", 4)); err == nil {
		t.Error("another key's certificate is taken")
	}
	if _, err := s.ImportCRL("SELF", ca.CRL()); err == nil || !strings.Contains(err.Error(), "self-signed") {
		t.Errorf("%v", err)
	}
	if _, err := s.ImportCertificate("SELF", testca.CertPEM(ca.Cert)); err == nil || !strings.Contains(err.Error(), "self-signed") {
		t.Errorf("%v", err)
	}
	if _, without, err := s.Zeroize(pki.RSA, "KEY"); err != nil || len(without) != 1 {
		t.Errorf("%q, %v", without, err)
	}
	if names, err := s.Names(); err != nil || len(names) != 0 {
		t.Errorf("%q, %v", names, err)
	}
}

// With a passphrase no private key stands in the clear, and none is read without
// it.
func TestEncryptedAtRest(t *testing.T) {
	note := testca.NewNote()
	s, dir := open(t)
	s.UsePassphrase([]byte("secret"))
	enroll(t, s, "IOSCA1", note.R1CA1)
	put(t, s, labelled("KEY", 7))
	if text := tree(t, dir); strings.Contains(text, "BEGIN PRIVATE") || strings.Count(text, "BEGIN ENCRYPTED PRIVATE") != 2 {
		t.Error("a key stands in the clear")
	}
	if snapshot := load(t, s, "IOSCA1"); snapshot.Lookup("IOSCA1").Signer == nil || len(snapshot.Keys()) != 2 {
		t.Error("the keys do not come back")
	}
	for pass, want := range map[string]string{"": "key.pem: the private key is encrypted, and no passphrase is given", "wrong": "key.pem: wrong passphrase"} {
		again, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		again.UsePassphrase([]byte(pass))
		if _, err := again.Load([]pki.Settings{{Name: "IOSCA1"}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", pass, err)
		}
	}
}
