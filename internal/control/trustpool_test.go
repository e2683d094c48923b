package control

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/test/testca"
)

// The trustpool is filled, shown, found among what runs out, and emptied.
func TestTrustpool(t *testing.T) {
	r := newRouter(t)
	ca := testca.New("CA7", 2)
	bundle := testca.CertPEM(ca.Cert)
	code, out, errs := r.do(t.Context(), "crypto pki trustpool import url ca-bundle.pem", File{"bundle", bundle})
	if code != ExitDone || out != "% PEM files import succeeded: 1 CA certificates are new in the trustpool.\n" || errs != "" {
		t.Fatalf("exit %d, %q, %q", code, out, errs)
	}
	r.sits = &sits{answers: []string{string(bundle)}}
	if code, out, errs := r.do(t.Context(), "crypto pki trustpool import terminal"); code != ExitDone || !strings.Contains(out, ": 0 CA certificates are new") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if _, out, _ := r.do(t.Context(), "show crypto pki trustpool"); strings.Count(out, "CA Certificate\n") != 1 || !strings.Contains(out, "    cn=CA7\n") || !strings.HasSuffix(out, "  Trustpool: Downloaded\n") {
		t.Errorf("%q", out)
	}
	if _, out, _ := r.do(t.Context(), "crypto pki expiry"); !strings.Contains(out, "  Trustpool: CA certificate cn=CA7,o=cisco,o=com\n") {
		t.Errorf("%q", out)
	}
	if code, _, errs := r.do(t.Context(), "crypto pki trustpool import url x", File{"bundle", []byte("sorry")}); code != ExitFailed || !strings.HasPrefix(errs, "% bundle: no CA certificate in it") {
		t.Errorf("exit %d, %q", code, errs)
	}
	r.sits = &sits{answers: []string{"no", "yes"}}
	for _, want := range []int{1, 0} {
		r.do(t.Context(), "crypto pki trustpool import clean")
		if _, out, _ := r.do(t.Context(), "show crypto pki trustpool"); strings.Count(out, "CA Certificate\n") != want {
			t.Errorf("%q, want %d", out, want)
		}
	}
}

// A bundle comes from a server too, when the operator has compared its hash; with clean
// it is all that the pool has.
func TestTrustpoolFromServer(t *testing.T) {
	r := newRouter(t)
	first, second := testca.New("CA7", 2), testca.New("CA8", 3)
	bundle, err := pkcs7.DegenerateCertificate(second.Cert.Raw())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ios.p7b", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bundle) })
	server := httptest.NewServer(mux)
	defer server.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler(server.URL+"/ios.p7b", http.StatusFound))
	defer elsewhere.Close()
	if code, _, errs := r.do(t.Context(), "crypto pki trustpool import url x", File{"bundle", testca.CertPEM(first.Cert)}); code != ExitDone {
		t.Fatal(errs)
	}
	const policyURL = "crypto pki trustpool import clean ca-bundle"
	for _, c := range []struct {
		line, answer string
		code         int
		want         string
	}{
		{policyURL, "yes", ExitFailed, "crypto pki trustpool policy has no cabundle url"},
		{"crypto pki trustpool import url " + elsewhere.URL, "yes", ExitFailed, "nothing is fetched from 127.0.0.1"},
		{"crypto pki trustpool import url https://127.0.0.1/", "yes", ExitFailed, "only http is fetched"},
		{"crypto pki trustpool import url " + server.URL + "/none", "yes", ExitFailed, "the server answers 404"},
		{"crypto pki trustpool import url " + server.URL + "/ios.p7b", "no", ExitFailed, "the bundle is rejected"},
		{"crypto pki trustpool import url " + server.URL + "/ios.p7b", "yes", ExitDone, "1 CA certificates are new"},
		{policyURL, "yes", ExitDone, "0 CA certificates are new"},
	} {
		if c.code == ExitDone {
			r.config = &policy.Config{Trustpool: policy.Trustpool{Bundle: server.URL + "/ios.p7b"}}
		}
		r.sits = &sits{answers: []string{c.answer}}
		code, out, errs := r.do(t.Context(), c.line)
		if code != c.code || !strings.Contains(out+errs, c.want) || c.code == ExitDone && !strings.Contains(out, fmt.Sprintf("Fingerprint SHA256: %X\n", sha256.Sum256(bundle))) {
			t.Errorf("%s: exit %d, %q, %q", c.line, code, out, errs)
		}
	}
	if _, out, _ := r.do(t.Context(), "show crypto pki trustpool"); strings.Contains(out, "cn=CA7") || !strings.Contains(out, "cn=CA8") {
		t.Errorf("%q", out)
	}
	if _, out, _ := r.do(t.Context(), "show crypto pki trustpool policy"); !strings.Contains(out, "Chain validation will stop at the first CA certificate in the pool\nTrustpool CA certificates will expire ") ||
		!strings.HasSuffix(out, "\nTrustpool policy revocation order: crl\nCertificate matching is disabled\nPolicy Overrides:\n") {
		t.Errorf("%q", out)
	}
}
