package control

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/testca"
)

// sits answers questions in order, and remembers them.
type sits struct {
	answers []string
	asked   []string
}

func (s *sits) answer(_ context.Context, q Question) (string, error) {
	s.asked = append(s.asked, string(q.Kind)+" "+q.Prompt)
	if len(s.answers) == 0 {
		return "", errors.New("asked too often")
	}
	reply := s.answers[0]
	s.answers = s.answers[1:]
	return reply, nil
}

func labels(t *testing.T, r *router) (out []string) {
	t.Helper()
	keys, err := r.store.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		out = append(out, string(k.Kind())+" "+k.Label)
	}
	return out
}

// elapsed is as long as the machine is busy.
var elapsed = regexp.MustCompile(`was \d+ seconds`)

func TestGenerate(t *testing.T) {
	r := newRouter(t)
	code, out, errs := r.do(t.Context(), "crypto key generate rsa modulus 1024 label R14 exportable")
	want := "The name for the keys will be: R14\n\n% The key modulus size is 1024 bits\n% Generating 1024 bit RSA keys, keys will be exportable...\n[OK] (elapsed time was N seconds)\n\n"
	if out = elapsed.ReplaceAllString(out, "was N seconds"); code != ExitDone || out != want || errs != "" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if code, out, _ := r.do(t.Context(), "cry key gen ec keys 256 lab R14"); code != ExitDone || out != "The name for the keys will be: R14\n" {
		t.Errorf("exit %d, %q", code, out)
	}
	code, out, errs = r.do(t.Context(), "crypto key generate rsa usage-keys label R14 modulus 1024")
	if code != ExitDone || !strings.HasPrefix(out, "% You already have RSA keys defined named R14.\n% They will be replaced.\n") || strings.Count(out, "[OK]") != 2 {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if got := labels(t, r); !slices.Equal(got, []string{"ec R14", "rsa R14", "rsa R14"}) {
		t.Errorf("%q", got)
	}
	if _, out, _ := r.do(t.Context(), "show crypto key mypubkey rsa"); strings.Count(out, "Key name: R14") != 2 || !strings.Contains(out, " Usage: Encryption Key\n") {
		t.Errorf("%q", out)
	}
	// The router's name is the label; the size is asked for.
	r.sits = &sits{answers: []string{"1024"}}
	if code, out, errs := r.do(t.Context(), "crypto key generate rsa"); code != ExitFailed || !strings.Contains(errs, "define a hostname") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if code, out, errs := r.do(t.Context(), "crypto key generate rsa label X"); code != ExitDone || r.sits.asked[0] != "value How many bits in the modulus [2048]: " {
		t.Errorf("exit %d, %q, %q after %q", code, out, errs, r.sits.asked)
	}
	if code, _, errs := r.do(t.Context(), "crypto key generate rsa label X modulus 512"); code != ExitFailed || errs != "% an RSA key of 512 bits; 1024 to 4096 are made\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// Keys that certificates were issued for go only when the operator says so, and
// take the certificates along.
func TestZeroize(t *testing.T) {
	r := newRouter(t)
	id := testca.NewNote().R1CA1
	if code, _, errs := r.do(t.Context(), "crypto pki import IOSCA1 pem", File{"ca", testca.CertPEM(id.CA.Cert)}, File{"cert", testca.CertPEM(id.Cert)}, File{"key", id.KeyPEM()}); code != ExitDone {
		t.Fatal(errs)
	}
	if code, _, errs := r.do(t.Context(), "crypto key zeroize rsa NONE"); code != ExitFailed || errs != "% No RSA keys are named NONE.\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	for _, step := range []struct {
		answers []string
		code    int
		stays   bool
	}{
		{[]string{"no"}, ExitFailed, true},
		{[]string{"what", "n"}, ExitFailed, true},
		{[]string{"a", "b", "c"}, ExitFailed, true},
		{[]string{"y"}, ExitDone, false},
	} {
		r.sits = &sits{answers: step.answers}
		code, out, _ := r.do(t.Context(), "crypto key zeroize rsa")
		if code != step.code || !strings.HasPrefix(out, "% All RSA keys will be removed.\n% All router certs issued using these keys will also be removed.\n%   the certificate of trustpoint IOSCA1\n") {
			t.Errorf("%q: exit %d, %q", step.answers, code, out)
		}
		if r.sits.asked[0] != "confirm Do you really want to remove these keys? [yes/no]: " {
			t.Errorf("%q", r.sits.asked)
		}
		if tp := r.snapshot.Lookup("IOSCA1"); (tp.Identity != nil) != step.stays {
			t.Errorf("%q: the certificate stays: %t", step.answers, tp.Identity != nil)
		}
	}
	if code, _, errs := r.do(t.Context(), "crypto key zeroize rsa"); code != ExitFailed || errs != "% There are no RSA keys.\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
}
