package control

import (
	"encoding/base64"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// exporting is a router with an exportable key and a certificate for it.
func exporting(t *testing.T, exportable bool) (*router, *testca.Identity) {
	t.Helper()
	r := newRouter(t)
	id := testca.NewNote().R1CA1
	if _, err := r.store.ImportPEM("IOSCA1", testca.CertPEM(id.CA.Cert), nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.store.PutKeys(&pki.KeyPair{Label: "KEY", Usage: pki.GeneralKey, Exportable: exportable, Signer: id.Key}); err != nil {
		t.Fatal(err)
	}
	r.sits = &sits{answers: []string{string(testca.CertPEM(id.Cert))}}
	if code, _, errs := r.do(t.Context(), "crypto pki import IOSCA1 certificate"); code != ExitDone {
		t.Fatal(errs)
	}
	return r, id
}

func TestExport(t *testing.T) {
	r, id := exporting(t, true)
	r.sits = &sits{answers: []string{"cisco123", "cisco123", "cisco123", "short"}}
	code, out, errs := r.do(t.Context(), "crypto pki export IOSCA1 pem terminal 3des")
	if code != ExitDone || !strings.HasPrefix(out, "% CA certificate:\n-----BEGIN CERTIFICATE-----") || !strings.Contains(out, "% Key name: KEY\n   Usage: General Purpose Key\n   Key data:\n-----BEGIN PUBLIC KEY-----") ||
		!strings.Contains(out, "DEK-Info: DES-EDE3-CBC,") || !strings.Contains(out, "% General Purpose Certificate:\n-----BEGIN CERTIFICATE-----") {
		t.Fatalf("exit %d, %q:\n%s", code, errs, out)
	}
	plain, err := pki.DecryptPEM([]byte(out[strings.Index(out, "-----BEGIN RSA PRIVATE"):strings.Index(out, "% General")]), []byte("cisco123"))
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := pki.ParseKeyPairs(plain); err != nil || !keys[0].Belongs(id.Cert) {
		t.Errorf("%v", err)
	}
	if code, out, errs := r.do(t.Context(), "crypto key export rsa KEY pem terminal aes"); code != ExitDone || !strings.Contains(out, "DEK-Info: AES-256-CBC,") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	// What was exported is imported again, by who knows the passphrase.
	again := newRouter(t)
	again.sits = &sits{answers: []string{out, "cisco123", out, "wrong", "nothing"}}
	key := out[strings.Index(out, "% Key name"):strings.Index(out, "% General")]
	again.sits.answers[0], again.sits.answers[2] = key, key
	if code, out, errs := again.do(t.Context(), "crypto key import rsa OTHER pem exportable terminal"); code != ExitDone || out != "% Key pair import succeeded.\n\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if k, err := again.store.Key(pki.RSA, "OTHER"); err != nil || k == nil || !k.Exportable || !k.Belongs(id.Cert) {
		t.Errorf("%+v, %v", k, err)
	}
	if code, _, errs := again.do(t.Context(), "crypto key import rsa MORE pem terminal"); code != ExitFailed || errs != "% wrong passphrase\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, _, errs := again.do(t.Context(), "crypto key import rsa MORE pem terminal"); code != ExitFailed || !strings.HasPrefix(errs, "% no private key in it") {
		t.Errorf("exit %d, %q", code, errs)
	}
	code, out, errs = r.do(t.Context(), "crypto pki export IOSCA1 pkcs12 terminal")
	body, _, _ := strings.Cut(strings.TrimPrefix(out, "Exported pkcs12 follows:\n\n"), "\n---End")
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if code != ExitDone || err != nil {
		t.Fatalf("exit %d, %q, %v", code, errs, err)
	}
	if _, c, cas, err := pkcs12.DecodeChain(der, "cisco123"); err != nil || string(c.Raw) != string(id.Cert.Raw()) || len(cas) != 1 {
		t.Errorf("%d CAs, %v", len(cas), err)
	}
	if code, _, errs := r.do(t.Context(), "crypto key export rsa KEY pem terminal 3des"); code != ExitFailed || errs != "% a passphrase has at least 8 characters\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, out, _ := r.do(t.Context(), "crypto pki export IOSCA1 chain terminal"); code != ExitDone || !strings.HasPrefix(out, "crypto pki certificate chain IOSCA1\n certificate ") {
		t.Errorf("exit %d, %q", code, out)
	}
	if code, out, _ := r.do(t.Context(), "crypto pki expiry"); code != ExitDone || !strings.Contains(out, "IOSCA1: certificate ") {
		t.Errorf("exit %d, %q", code, out)
	}
}

// What is not exportable stays, and nobody is asked for a passphrase.
func TestNotExportable(t *testing.T) {
	r, _ := exporting(t, false)
	for _, line := range []string{"crypto pki export IOSCA1 pem terminal 3des", "crypto pki export IOSCA1 pkcs12 terminal", "crypto key export rsa KEY pem terminal 3des"} {
		r.sits = &sits{}
		code, out, errs := r.do(t.Context(), line)
		if code != ExitFailed || errs != "% key pair KEY is not exportable\n" || strings.Contains(out, "PRIVATE") {
			t.Errorf("%s: exit %d, %q, %q", line, code, out, errs)
		}
	}
	if code, _, errs := r.do(t.Context(), "crypto pki export IOSCA9 pem terminal"); code != ExitFailed || errs != "% trustpoint IOSCA9 has no certificate\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, out, _ := r.do(t.Context(), "crypto pki export IOSCA1 pem terminal"); code != ExitDone || strings.Contains(out, "PRIVATE") {
		t.Errorf("exit %d, %q", code, out)
	}
}

// What one router prints another one takes, and may give away again if it was told so.
func TestImportPasted(t *testing.T) {
	from, id := exporting(t, true)
	from.sits = &sits{answers: []string{"cisco123", "cisco123"}}
	_, text, _ := from.do(t.Context(), "crypto pki export IOSCA1 pem terminal aes")
	ca, rest, _ := strings.Cut(text, "% Key name")
	key, cert, _ := strings.Cut(rest, "% General Purpose Certificate:")
	for line, exportable := range map[string]bool{"crypto pki import TP pem terminal": false, "crypto pki import TP pem exportable terminal": true} {
		to := newRouter(t)
		to.sits = &sits{answers: []string{ca, key, cert, "cisco123"}}
		if code, out, errs := to.do(t.Context(), line); code != ExitDone || !strings.HasPrefix(out, "Trustpoint TP imported\n") || !strings.HasSuffix(out, "% PEM files import succeeded.\n") {
			t.Fatalf("%s: exit %d, %q\n%s", line, code, errs, out)
		}
		k, err := to.store.Key(pki.RSA, "TP")
		if err != nil || k == nil || !k.Belongs(id.Cert) || k.Exportable != exportable {
			t.Errorf("%s: %+v, %v", line, k, err)
		}
	}
	_, text, _ = from.do(t.Context(), "crypto pki export IOSCA1 pkcs12 terminal")
	body, _, _ := strings.Cut(strings.TrimPrefix(text, "Exported pkcs12 follows:\n\n"), "\n---End")
	to := newRouter(t)
	to.sits = &sits{answers: []string{"-----BEGIN PKCS12-----\n" + body + "-----END PKCS12-----\n", "cisco123", "?"}}
	if code, out, errs := to.do(t.Context(), "crypto pki import TP pkcs12 terminal"); code != ExitDone || !strings.HasSuffix(out, "CRYPTO_PKI: Imported PKCS12 file successfully.\n") {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	to = newRouter(t)
	to.sits = &sits{answers: []string{text, "cisco123", "?"}}
	if code, out, errs := to.do(t.Context(), "crypto pki import TP pkcs12 terminal"); code != ExitDone || !strings.HasSuffix(out, "CRYPTO_PKI: Imported PKCS12 file successfully.\n") {
		t.Errorf("the whole text: exit %d, %q\n%s", code, errs, out)
	}
	if code, _, errs := to.do(t.Context(), "crypto pki import TP pkcs12 terminal"); code != ExitFailed || errs != "% what was pasted is no base64\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// A file may have its key under a passphrase too, as routers export them.
func TestImportEncryptedFile(t *testing.T) {
	from, id := exporting(t, true)
	from.sits = &sits{answers: []string{"cisco123"}}
	_, text, _ := from.do(t.Context(), "crypto key export rsa KEY pem terminal 3des")
	files := []File{{"ca", testca.CertPEM(id.CA.Cert)}, {"cert", testca.CertPEM(id.Cert)}, {"key", []byte(text)}}
	to := newRouter(t)
	to.sits = &sits{answers: []string{"wrong", "cisco123"}}
	if code, _, errs := to.do(t.Context(), "crypto pki import TP pem", files...); code != ExitFailed || errs != "% wrong passphrase\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, _, errs := to.do(t.Context(), "crypto pki import TP pem exportable", files...); code != ExitDone {
		t.Errorf("exit %d, %q", code, errs)
	}
}
