package control

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

// scepRouter is a configuration with a trustpoint at a server, and a store.
func scepRouter(t *testing.T, server *scepserver.Server, more string) Offline {
	t.Helper()
	h := httptest.NewServer(server)
	t.Cleanup(h.Close)
	dir := t.TempDir()
	here := Offline{Store: filepath.Join(dir, "store"), Config: filepath.Join(dir, "r1.cfg")}
	text := fmt.Sprintf(`hostname R1
ip domain name cisco.com
!obol serial-number 100
crypto pki trustpoint IOSCA1
 enrollment url %s
 serial-number
 fqdn R1.cisco.com
 ip-address 192.168.0.1
 subject-name CN=R1,OU=IT,O=cisco,O=com
 rsakeypair R1 1024
 %s
`, h.URL, more)
	if err := os.WriteFile(here.Config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return here
}

// dialogue carries out a command and gives what the terminal shows, questions and
// answers among it.
func dialogue(t *testing.T, here Offline, line string, answers map[string]string) (code int, shown, errs string) {
	t.Helper()
	cmd, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	var out, failed bytes.Buffer
	code = cmd.Offline(t.Context(), here, Request{Line: line}, Terminal{Out: &out, Err: &failed, Ask: func(_ context.Context, q Question) (string, error) {
		for prompt, answer := range answers {
			if strings.Contains(q.Prompt, prompt) {
				fmt.Fprintf(&out, "%s%s\n", q.Prompt, answer)
				return answer, nil
			}
		}
		return "", fmt.Errorf("no answer to %q", q.Prompt)
	}})
	return code, out.String(), failed.String()
}

const authenticated = `Certificate has the following attributes:
       Fingerprint MD5: %s
      Fingerprint SHA1: %s

%% Do you accept this certificate? [yes/no]: yes
Trustpoint CA certificate accepted.
`

const enrolled = `%
% Start certificate enrollment ..
% Create a challenge password. You will need to verbally provide this
   password to the CA Administrator in order to revoke your certificate.
   For security reasons your password will not be saved in the configuration.
   Please make a note of it.

Password: secret
Re-enter password: secret

% The subject name in the certificate will include: CN=R1,OU=IT,O=cisco,O=com
% The subject name in the certificate will include: R1.cisco.com
% The serial number in the certificate will be: 100
% The IP address in the certificate is 192.168.0.1

Request certificate from CA? [yes/no]: yes
% Certificate request sent to Certificate Authority
% The 'show crypto pki certificate verbose IOSCA1' commandwill show the fingerprint.

`

// TestSCEPDialogues are IOS's, without a daemon.
func TestSCEPDialogues(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Password: "secret"}
	here := scepRouter(t, server, "")
	code, shown, errs := dialogue(t, here, "crypto pki authenticate IOSCA1", map[string]string{"accept": "yes"})
	m, s := md5.Sum(server.CA.Cert.Raw()), sha1.Sum(server.CA.Cert.Raw())
	if want := fmt.Sprintf(authenticated, pki.Fingerprint(m[:]), pki.Fingerprint(s[:])); code != ExitDone || shown != want || errs != "" {
		t.Fatalf("%d\n%s\n%s\nwant\n%s", code, shown, errs, want)
	}
	code, shown, errs = dialogue(t, here, "crypto pki enroll IOSCA1", map[string]string{"assword": "secret", "Request": "yes"})
	if code != ExitDone || !strings.HasPrefix(shown, enrolled) || !strings.HasSuffix(shown, "\n%PKI-6-CERTRET: Certificate received from Certificate Authority\n") || !strings.Contains(shown, "CRYPTO_PKI:  Certificate Request Fingerprint MD5: ") || errs != "" {
		t.Fatalf("%d\n%s\n%s\nwant\n%s", code, shown, errs, enrolled)
	}
	if tp := loadOne(t, here); tp.Identity == nil || tp.Enrolled == 0 || tp.Key.Label != "R1" {
		t.Errorf("the store has %+v", tp)
	}
}

func TestSCEPRefusals(t *testing.T) {
	ca := testca.New("CA1", 0)
	for name, c := range map[string]struct {
		server  *scepserver.Server
		more    string
		lines   []string
		answers map[string]string
		want    string
	}{
		"not accepted":      {&scepserver.Server{CA: ca}, "", []string{"crypto pki authenticate IOSCA1"}, map[string]string{"accept": "no"}, "is rejected"},
		"other fingerprint": {&scepserver.Server{CA: ca}, "fingerprint A792544F9A2D75F5B89E404FDF8EFD2C", []string{"crypto pki authenticate IOSCA1"}, nil, "is not of this certificate"},
		"not authenticated": {&scepserver.Server{CA: ca}, "", []string{"crypto pki enroll IOSCA1"}, nil, "crypto pki authenticate IOSCA1 comes first"},
		"wrong password": {&scepserver.Server{CA: ca, Password: "secret"}, "password guess", []string{"crypto pki authenticate IOSCA1", "crypto pki enroll IOSCA1"},
			map[string]string{"accept": "yes", "Request": "yes"}, "the CA has rejected the request: the request is not permitted"},
		"never decided": {&scepserver.Server{CA: ca, Polls: 1000}, "enrollment retry count 1", []string{"crypto pki authenticate IOSCA1", "crypto pki enroll IOSCA1 wait 5"},
			map[string]string{"accept": "yes", "Request": "yes", "assword": ""}, "the retry count is reached"},
	} {
		t.Run(name, func(t *testing.T) {
			here := scepRouter(t, c.server, c.more)
			var code int
			var errs string
			for _, line := range c.lines {
				code, _, errs = dialogue(t, here, line, c.answers)
			}
			if code != ExitFailed || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("%d, %q, want %q", code, errs, c.want)
			}
			if tp := loadOne(t, here); tp.Identity != nil {
				t.Error("a certificate is in the store")
			}
		})
	}
}

func loadOne(t *testing.T, here Offline) *pki.Trustpoint {
	t.Helper()
	st, err := store.Open(here.Store)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := st.Load([]pki.Settings{{Name: "IOSCA1"}})
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.Lookup("IOSCA1")
}

const reenrolled = `Trustpoint IOSCA1 has already enrolled and has a router cert issued to it.
If you successfully re-enroll this trustpoint,the existing certificate will be replaced.

Do you want to continue with re-enrollment? [yes/no]: `

// Who has a certificate is asked before it is replaced.
func TestReenroll(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}, "password secret")
	answers := map[string]string{"accept": "yes", "Request": "yes", "re-enrollment": "no"}
	dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
	dialogue(t, here, "crypto pki enroll IOSCA1", answers)
	first := loadOne(t, here).Identity
	if code, shown, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers); code != ExitDone || shown != reenrolled+"no\n" || errs != "" || !loadOne(t, here).Identity.Equal(first) {
		t.Errorf("%d, %q\n%s", code, errs, shown)
	}
	answers["re-enrollment"] = "yes"
	if code, shown, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers); code != ExitDone || !strings.HasPrefix(shown, reenrolled+"yes\n%\n% Start certificate enrollment ..\n") || loadOne(t, here).Identity.Equal(first) {
		t.Errorf("%d, %q\n%s", code, errs, shown)
	}
}

// A pending request is seen.
func TestPendingStatus(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 1}, "password secret")
	answers := map[string]string{"accept": "yes", "Request": "yes"}
	dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
	dialogue(t, here, "crypto pki enroll IOSCA1", answers)
	if code, shown, errs := dialogue(t, here, "show crypto pki trustpoints IOSCA1 status", nil); code != ExitDone || errs != "" ||
		!strings.Contains(shown, "  Router General Purpose certificate pending:\n    Requested Subject Name:\n     ") || !strings.Contains(shown, "Certificate request(s) ..... Pending\n") {
		t.Errorf("%d, %q\n%s", code, errs, shown)
	}
}

// Who enrolls while a request is pending is told, and asked.
func TestEnrollPending(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 1000}, "password secret")
	answers := map[string]string{"accept": "yes", "Request": "yes", "in its place": "no"}
	dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
	dialogue(t, here, "crypto pki enroll IOSCA1", answers)
	code, shown, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers)
	if code != ExitDone || errs != "" || !strings.HasPrefix(shown, "% Trustpoint IOSCA1 has a pending certificate request since ") || strings.Contains(shown, "Start certificate enrollment") {
		t.Errorf("no: %d, %q\n%s", code, errs, shown)
	}
	answers["in its place"] = "yes"
	if _, shown, _ := dialogue(t, here, "crypto pki enroll IOSCA1", answers); !strings.Contains(shown, "Certificate request sent") {
		t.Errorf("yes:\n%s", shown)
	}
}

// The address of a certificate is asked for as IOS asks, and may be an interface's.
func TestEnrollAddress(t *testing.T) {
	for reply, want := range map[string]string{"Ethernet 0/0": "192.168.0.9", "10.0.0.7": "10.0.0.7"} {
		here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities},
			"password secret\n no ip-address\ninterface Ethernet0/0\n ip address 192.168.0.9 255.255.255.0")
		answers := map[string]string{"accept": "yes", "Request": "yes", "Include an IP": "yes", "Enter Interface name or IP Address[]: ": reply}
		dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
		if code, shown, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers); code != ExitDone {
			t.Fatalf("%s: %d, %q\n%s", reply, code, errs, shown)
		}
		if subject := loadOne(t, here).Identity.Subject.String(); !strings.Contains(subject, "ipaddress="+want) {
			t.Errorf("%s: %s", reply, subject)
		}
	}
}

// The key of a refused request is still there, and status says so.
func TestRejectedStatus(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Password: "secret"}, "password guess")
	answers := map[string]string{"accept": "yes", "Request": "yes"}
	dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
	const line = "    Keys generated ............. "
	if _, shown, _ := dialogue(t, here, "show crypto pki trustpoints IOSCA1 status", nil); !strings.Contains(shown, line+"No\n") {
		t.Errorf("before:\n%s", shown)
	}
	if code, _, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers); code != ExitFailed || !strings.Contains(errs, "rejected") {
		t.Fatalf("%d, %q", code, errs)
	}
	if _, shown, _ := dialogue(t, here, "show crypto pki trustpoints IOSCA1 status", nil); !strings.Contains(shown, line+"Yes (General Purpose, non-exportable)\n") || !strings.Contains(shown, "Certificate request(s) ..... None\n") {
		t.Errorf("after:\n%s", shown)
	}
}

// One certificate is requested: not for keys that want two.
func TestUsageKeys(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}, "password secret")
	answers := map[string]string{"accept": "yes", "Request": "yes"}
	dialogue(t, here, "crypto key generate rsa usage-keys label R1 modulus 1024", nil)
	dialogue(t, here, "crypto pki authenticate IOSCA1", answers)
	if code, _, errs := dialogue(t, here, "crypto pki enroll IOSCA1", answers); code != ExitFailed || !strings.HasPrefix(errs, "% the keys R1 are usage-keys, which want two certificates") || strings.Count(errs, "\n") != 1 {
		t.Errorf("%d, %q", code, errs)
	}
}

// Who is enrolled is told what to do before anybody has to look at fingerprints.
func TestAuthenticateEnrolled(t *testing.T) {
	here := scepRouter(t, &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}, "")
	answers := map[string]string{"accept": "yes", "assword": "secret", "Request": "yes", "remove": "yes"}
	for _, c := range []struct {
		line string
		code int
		errs string
	}{
		{"crypto pki authenticate IOSCA1", ExitDone, ""},
		{"crypto pki enroll IOSCA1", ExitDone, ""},
		{"crypto pki authenticate IOSCA1", ExitFailed, "% trustpoint IOSCA1 is enrolled under cn=CA1,o=cisco,o=com: crypto key zeroize rsa R1 removes its certificate, and then another CA may be authenticated\n"},
		{"crypto key zeroize rsa R1", ExitDone, ""},
		{"crypto pki authenticate IOSCA1", ExitDone, ""},
	} {
		code, shown, errs := dialogue(t, here, c.line, answers)
		if code != c.code || errs != c.errs || code == ExitFailed && strings.Contains(shown, "accept") {
			t.Errorf("%s: exit %d, %q\n%s", c.line, code, errs, shown)
		}
	}
}
