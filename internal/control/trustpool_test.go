package control

import (
	"strings"
	"testing"

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
