package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// withChains is a configuration of the note's with the certificates of a router in
// it; both trustpoints of it expire with the note's CAs.
func withChains(t *testing.T, dir, file string, s *pki.Snapshot) string {
	t.Helper()
	data, err := os.ReadFile("../../configs/note/" + file)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBuffer(data)
	for _, tp := range s.All() {
		if err := show.PKIChain(b, tp); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, file)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// On a day after the certificates' end, and with one revoked, the tunnels fail that
// need it, and each says why on its line.
func TestForesee(t *testing.T) {
	note := testca.NewNote()
	dir := t.TempDir()
	r1, r2 := withChains(t, dir, "ikev1-r1.cfg", note.R1()), withChains(t, dir, "ikev1-r2.cfg", note.R2())
	now := testca.NotBefore.Add(24 * time.Hour)
	run := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = check(args, now, home{}, &o, &e)
		return code, o.String(), e.String()
	}
	late := testca.NotAfter.AddDate(0, 0, 2).Format(time.DateOnly)
	code, out, errs := run(r1, r2, "--at", late)
	if code != exitFindings || strings.Count(out, "\n") != 2 || strings.Count(out, "on "+late+": ") != 2 || !strings.Contains(out, "expired") {
		t.Errorf("exit %d, %q\n%s", code, errs, out)
	}
	code, alone, errs := run(r1, "--at="+late)
	if code != exitFindings || !strings.Contains(alone, "Tunnel1 of R1: fails on "+late+": The certificate of trustpoint IOSCA") || !strings.Contains(alone, "has expired on ") {
		t.Errorf("exit %d, %q\n%s", code, errs, alone)
	}
	today, before, _ := run(r1, r2, "--at", now.Format(time.RFC3339))
	serial := note.R1CA1.Cert.Serial
	code, out, errs = run(r1, r2, "--revoke", serial+"@CA1", "--at", now.Format(time.RFC3339))
	if code != exitFindings || !strings.Contains(out, "evoked") || strings.Contains(before, "evoked") {
		t.Errorf("today exit %d\n%s\nrevoked exit %d, %q\n%s", today, before, code, errs, out)
	}
	const bare = "../../configs/note/ikev1-r2.cfg"
	if _, _, errs := run(r1, bare, "--at", late); errs != "% Warning: "+bare+" holds no certificate of trustpoint IOSCA1, IOSCA2: one that never ends stands in for it; crypto pki export NAME chain terminal prints the router's\n" {
		t.Errorf("%q", errs)
	}
	if _, out, errs := run(r1, r2, "--revoke", "7777@CA1"); !strings.Contains(errs, "no configuration holds certificate 7777 of CA1") || strings.Contains(out, "evoked") {
		t.Errorf("%q, %q", out, errs)
	}
	for _, wrong := range [][]string{{r1, "--at", "soon"}, {r1, "--revoke", "x@CA1"}, {r1, "--revoke", "03"}, {r1, "--at"}, {"--at", late}, {r1, "--json", "--at", late}} {
		if code, _, errs := run(wrong...); code != control.ExitInvalid || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit %d, %q", wrong, code, errs)
		}
	}
}
