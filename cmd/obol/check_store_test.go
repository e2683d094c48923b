package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// enrolledStore is a store with encrypted keys in which the note's R1 has enrolled at
// both CAs.
func enrolledStore(t *testing.T, note *testca.Note) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	st.UsePassphrase([]byte("secret"))
	for _, tp := range []struct {
		name string
		id   *testca.Identity
	}{{"IOSCA1", note.R1CA1}, {"IOSCA2", note.R1CA2}} {
		if _, err := st.ImportPEM(tp.name, testca.CertPEM(tp.id.CA.Cert), testca.CertPEM(tp.id.Cert), tp.id.KeyPEM()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// checker runs obol check on a day on which all certificates are valid.
func checker(here home) func(args ...string) (code int, out, errs string) {
	return func(args ...string) (int, string, string) {
		var o, e bytes.Buffer
		code := check(args, testca.NotBefore.Add(24*time.Hour), here, &o, &e)
		return code, o.String(), e.String()
	}
}

const bareR1 = "../../configs/note/ikev1-r1.cfg"

// A router that has enrolled through its store has its certificates there, and not
// in its configuration: they are judged as if they stood in it.
func TestCheckTakesTheStore(t *testing.T) {
	note := testca.NewNote()
	dir := enrolledStore(t, note)
	run := checker(home{})
	late, said := testca.NotAfter.AddDate(0, 0, 2).Format(time.DateOnly), "% Certificates of the store "+dir+": IOSCA1, IOSCA2\n"
	code, out, errs := run(bareR1, "--store", dir, "--at", late)
	if code != exitFindings || errs != said || !strings.Contains(out, "Tunnel1 of R1: fails on "+late+": The certificate of trustpoint IOSCA") ||
		!strings.Contains(out, "enrol trustpoint IOSCA1 again before that ("+filepath.Join(dir, "IOSCA1.1", "cert.pem")+")") {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	today := testca.NotBefore.AddDate(0, 0, 2).Format(time.DateOnly)
	if code, out, errs := run("--at="+today, "--store="+dir, bareR1); code != control.ExitDone || errs != said || out != "Tunnel1 of R1: has a certificate to show on "+today+"\n" {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	// The tunnel of the note's R1 shows that of IOSCA1 alone.
	revoked := note.R1CA1.Cert.Serial + "@CA1"
	if code, out, errs := run(bareR1, "--store", dir, "--revoke", revoked); code != exitFindings || errs != said || !strings.Contains(out, "is revoked") {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	if code, out, _ := run(bareR1, "--revoke", revoked); code != control.ExitDone || !strings.Contains(out, "not known") || !strings.Contains(out, "--store DIR") {
		t.Errorf("without the store: exit %d\n%s", code, out)
	}
}

// Where the configuration has a certificate too, the daemon takes the store's; what
// the store does not hold is taken from the configuration.
func TestCheckStoreAndChainBlocks(t *testing.T) {
	note := testca.NewNote()
	run := checker(home{})
	dir, both := enrolledStore(t, note), withChains(t, t.TempDir(), "ikev1-r1.cfg", note.R1())
	if _, _, errs := run(both, "--store", dir); errs != "% Certificates of the store "+dir+": IOSCA1, IOSCA2\n" {
		t.Errorf("the same in both: %q", errs)
	}
	if err := os.RemoveAll(filepath.Join(dir, "IOSCA1.1")); err != nil {
		t.Fatal(err)
	}
	if _, _, errs := run(both, "--store", dir); errs != "% Certificates of the store "+dir+": IOSCA2\n% Certificates of chain blocks: IOSCA1\n" {
		t.Errorf("one in each: %q", errs)
	}
	other := withChains(t, t.TempDir(), "ikev1-r2.cfg", note.R2())
	code, _, errs := run(other, "--store", dir)
	if !strings.Contains(errs, "% Warning: the chain block of trustpoint IOSCA2 has another certificate than the store: the store's is used\n") {
		t.Errorf("another router's store: exit %d, %q", code, errs)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	late := testca.NotAfter.Format(time.DateOnly)
	if code, out, errs := run(bareR1, "--store", empty, "--at", late); code != exitFindings || errs != "% Certificates of the store "+empty+": none\n" || !strings.Contains(out, "fails on "+late+": The router is enrolled at no trustpoint") {
		t.Errorf("a router that never enrolled: exit %d, %q\n%s", code, errs, out)
	}
}

// CAs that stand between, and CRLs, are judged too, a line each: what is out of date, and
// a list of a CA that is not the trustpoint's.
func TestCheckJudgesTheStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ca, early := testca.New("CA1", 0), testca.NotBefore.Add(time.Hour)
	sub := &testca.CA{Name: testca.DN("CN=SUB"), Key: testca.RSA(2048, 1), Hash: ca.Hash}
	sub.Cert = ca.Issue(testca.Certificate{
		Subject: sub.Name.DER(), Key: sub.Key.Public(), NotAfter: early,
		Extensions: []testca.Extension{testca.BasicConstraints(true, -1), testca.KeyUsage(testca.CertSign | testca.CRLSign)},
	})
	id := sub.Enroll("R1", "192.168.0.1", "100", 2)
	if _, err := st.ImportPEM("IOSCA1", testca.CertPEM(ca.Cert), slices.Concat(testca.CertPEM(id.Cert), testca.CertPEM(sub.Cert)), id.KeyPEM()); err != nil {
		t.Fatal(err)
	}
	for _, crl := range [][]byte{ca.CRLAt(testca.NotBefore, early), sub.CRL()} {
		if _, err := st.ImportCRL("IOSCA1", crl); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "IOSCA1.1")
	if err := os.WriteFile(filepath.Join(at, "crl.0.pem"), testca.CRLPEM(testca.New("CA2", 3).CRL()), 0o600); err != nil {
		t.Fatal(err)
	}
	run := checker(home{})
	code, out, errs := run(bareR1, "--store", dir)
	for _, want := range []string{
		filepath.Join(at, "chain.pem") + ": error: The CA certificate of trustpoint IOSCA1, cn=SUB, has expired on 2013-06-17 14:25 UTC. [CERT_EXPIRED]\n",
		": warning: The CRL of cn=CA1,o=cisco,o=com in trustpoint IOSCA1 answers nothing: it was to be renewed by 14:25:01 UTC Jun 17 2013. [REVOCATION_UNKNOWN]\n",
		filepath.Join(at, "crl.0.pem") + ": warning: The CRL of cn=CA2,o=cisco,o=com in trustpoint IOSCA1 answers nothing: it is of none of the CAs here. [REVOCATION_UNKNOWN]\n",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("no %q", want)
		}
	}
	if code != exitFindings || strings.Count(out, "REVOCATION_UNKNOWN") != 2 || strings.Count(out, "CERT_EXPIRED") != 1 {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	day := testca.NotBefore.AddDate(0, 0, 2).Format(time.DateOnly)
	if _, out, _ := run(bareR1, "--store", dir, "--at", day); !strings.Contains(out, "fails on "+day+": The CA certificate of trustpoint IOSCA1") || !strings.Contains(out, "chain.pem") {
		t.Error(out)
	}
}

// The daemon's configuration is checked with the daemon's store, any other alone.
func TestCheckOwnStore(t *testing.T) {
	text, err := os.ReadFile(bareR1)
	if err != nil {
		t.Fatal(err)
	}
	here := home{config: filepath.Join(t.TempDir(), "obol.cfg"), store: enrolledStore(t, testca.NewNote())}
	if err := os.WriteFile(here.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, errs := checker(here)(here.config); errs != "% Certificates of the store "+here.store+": IOSCA1, IOSCA2\n" {
		t.Errorf("%q", errs)
	}
	if _, _, errs := checker(here)(bareR1); errs != "" {
		t.Errorf("another's: %q", errs)
	}
	here.store = filepath.Join(t.TempDir(), "none")
	if _, _, errs := checker(here)(here.config); errs != "" {
		t.Errorf("no daemon has run: %q", errs)
	}
}

// What cannot be read is one line, and nothing is said of the tunnels. Nothing is made
// where there was nothing.
func TestCheckUnreadableStore(t *testing.T) {
	dir := enrolledStore(t, testca.NewNote())
	broken := filepath.Join(dir, "IOSCA1.1", "cert.pem")
	if err := os.WriteFile(broken, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	absent := filepath.Join(t.TempDir(), "absent")
	run := checker(home{})
	for dir, want := range map[string]string{dir: "cert.pem: ", absent: "no such file", bareR1: "not a directory"} {
		if code, out, errs := run(bareR1, "--store", dir); code != control.ExitFailed || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %q, %q", dir, code, errs, out)
		}
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("check has made a store")
	}
	for _, wrong := range [][]string{{bareR1, "--store"}, {bareR1, "--store="}, {bareR1, "--store", dir, "--store", dir}, {bareR1, "../../configs/note/ikev1-r2.cfg", "--store", dir}} {
		if code, _, errs := run(wrong...); code != control.ExitInvalid || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit %d, %q", wrong, code, errs)
		}
	}
}
