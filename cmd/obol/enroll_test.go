package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

// Without a daemon too, an enrolment waits as long as --wait says.
func TestEnrollWaitsWithoutDaemon(t *testing.T) {
	h := httptest.NewServer(&scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 100})
	defer h.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "r1.cfg")
	text := fmt.Sprintf("hostname R1\ncrypto pki trustpoint T\n enrollment url %s\n subject-name CN=R1\n serial-number none\n ip-address none\n rsakeypair R1 1024\n", h.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	obol := func(args ...string) (code int, out, errs string) {
		stdin, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		var o, e strings.Builder
		args = append([]string{"--socket", filepath.Join(dir, "none"), "--store", filepath.Join(dir, "store"), "-c", config, "--yes"}, args...)
		code = run(t.Context(), args, stdin, &o, &e)
		return code, o.String(), e.String()
	}
	if code, _, errs := obol("crypto", "pki", "authenticate", "T"); code != control.ExitDone {
		t.Fatalf("exit %d, %q", code, errs)
	}
	if code, _, errs := obol("crypto", "pki", "enroll", "T", "--wait", "1s"); code != control.ExitFailed || !strings.HasSuffix(errs, "% the CA has not decided after 1 s; the request stays\n") {
		t.Errorf("exit %d, %q", code, errs)
	}
	// The daemon that would ask after it is not there.
	if code, out, errs := obol("crypto", "pki", "enroll", "T"); code != control.ExitDone || !strings.HasSuffix(out, "has not decided; no obold runs that asks again, crypto pki enroll T does\n") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}
