//go:build netns

package netns

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// Namespaces of the router and of micromdm's CA.
const (
	scepRouter = "obol-scep-r"
	scepCA     = "obol-scep-ca"
)

// recorder keeps what passes between a client and the server: it stands before the server, for
// this one answers under one path alone.
type recorder struct {
	mu        sync.Mutex
	questions [][]byte // messages of PKIOperation
	answers   [][]byte
}

func (w *recorder) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	message := body
	if r.Method == http.MethodGet {
		message, _ = base64.StdEncoding.DecodeString(r.URL.Query().Get("message"))
	}
	operation := r.URL.Query().Get("operation") == "PKIOperation"
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.URL.Path = "http", "192.168.0.3:8080", "/scep"
		},
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				return routers.DialIn(scepCA, "192.168.0.3:8080")
			},
		},
		ModifyResponse: func(answer *http.Response) error {
			data, err := io.ReadAll(answer.Body)
			answer.Body = io.NopCloser(bytes.NewReader(data))
			if operation {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.questions, w.answers = append(w.questions, message), append(w.answers, data)
			}
			return err
		},
	}
	proxy.ServeHTTP(rw, r)
}

// last writes the newest question and answer into files.
func (w *recorder) last(t *testing.T, dir, name string) (question, answer string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.questions) - 1
	if n < 0 {
		t.Fatal("nothing has passed")
	}
	question, answer = filepath.Join(dir, name+".req"), filepath.Join(dir, name+".rep")
	must(t, os.WriteFile(question, w.questions[n], 0o600))
	must(t, os.WriteFile(answer, w.answers[n], 0o600))
	return question, answer
}

// output runs a command, which has to succeed.
func output(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// micromdm starts its scepserver behind a recorder, and gives the CA's certificate and key.
func micromdm(t *testing.T, dir string) (*recorder, string, string) {
	t.Helper()
	install := exec.Command("go", "install", "github.com/micromdm/scep/v2/cmd/scepserver@v2.3.0")
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	depot := filepath.Join(dir, "depot")
	scepserver := filepath.Join(dir, "scepserver")
	output(t, scepserver, "ca", "-init", "-depot", depot, "-keySize", "2048", "-common_name", "CA1", "-organization", "cisco", "-key-password", "depot")
	t.Cleanup(func() {
		for _, ns := range []string{scepRouter, scepCA} {
			output(t, "ip", "netns", "del", ns)
		}
	})
	for _, line := range []string{
		"ip netns add " + scepRouter,
		"ip netns add " + scepCA,
		"ip link add e0 netns " + scepRouter + " type veth peer name e0 netns " + scepCA,
		"ip -n " + scepRouter + " address add 192.168.0.1/24 dev e0",
		"ip -n " + scepCA + " address add 192.168.0.3/24 dev e0",
		"ip -n " + scepRouter + " link set lo up", "ip -n " + scepCA + " link set lo up",
		"ip -n " + scepRouter + " link set e0 up", "ip -n " + scepCA + " link set e0 up",
	} {
		output(t, strings.Fields(line)...)
	}
	// Its certificates end as they are issued: a renewal is due at once.
	server := exec.Command("ip", "netns", "exec", scepCA, scepserver, "-depot", depot, "-http-addr", "192.168.0.3:8080",
		"-capass", "depot", "-challenge", "secret", "-crtvalid", "0", "-allowrenew", "0")
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	must(t, server.Start())
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		c, err := routers.DialIn(scepCA, "192.168.0.3:8080")
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	l, err := routers.ListenIn(scepCA, "192.168.0.3:80")
	must(t, err)
	w := &recorder{}
	front := &http.Server{Handler: w}
	go front.Serve(l)
	t.Cleanup(func() { front.Close() })
	return w, filepath.Join(depot, "ca.pem"), filepath.Join(depot, "ca.key")
}

const scepConfig = `hostname R1
ip domain name cisco.com
!obol serial-number 100
crypto pki trustpoint IOSCA1
 enrollment url http://192.168.0.3:80
 serial-number
 fqdn R1.cisco.com
 ip-address 192.168.0.1
 subject-name CN=R1,OU=IT,O=cisco,O=com
 revocation-check none
 rsakeypair R1 2048
 password secret
 auto-enroll 90
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
`

// TestSCEPWithMicroMDM enrols and renews with a server of other people's, and has
// openssl open what passed, beside what strongSwan sends to the same server.
func TestSCEPWithMicroMDM(t *testing.T) {
	dir := t.TempDir()
	w, ca, caKey := micromdm(t, dir)
	config, store, socket := filepath.Join(dir, "r1.cfg"), filepath.Join(dir, "store"), filepath.Join(dir, "sock")
	must(t, os.WriteFile(config, []byte(scepConfig), 0o600))
	obol := func(words ...string) string {
		t.Helper()
		return output(t, append([]string{"ip", "netns", "exec", scepRouter, filepath.Join(bin, "obol"), "--socket", socket, "--store", store, "-c", config}, words...)...)
	}
	obol("crypto", "pki", "authenticate", "IOSCA1", "--yes")
	if out := obol("crypto", "pki", "enroll", "IOSCA1", "--yes"); !strings.Contains(out, "%PKI-6-CERTRET") {
		t.Fatal(out)
	}
	question, answer := w.last(t, dir, "obol")
	ours := dissect(t, dir, question, ca, caKey)
	checkRequest(t, ours, "19")
	for _, want := range []string{"challengePassword", ":secret", "DNS:R1.cisco.com", "Digital Signature, Key Encipherment", "unstructuredName", "unstructuredAddress", "serialNumber"} {
		if !strings.Contains(ours.csr, want) {
			t.Errorf("no %s in the request\n%s", want, ours.csr)
		}
	}
	checkReply(t, answer, ca, ours, filepath.Join(store, "keys", "rsa.R1.pem"), "CN = R1")
	first := identity(obol("show", "crypto", "pki", "certificates"))

	// Renewal: the daemon finds a certificate that has ended.
	daemon := exec.Command("ip", "netns", "exec", scepRouter, filepath.Join(bin, "obold"), "-c", config, "--store", store, "--socket", socket, "--dataplane", "none")
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	defer log.Close()
	daemon.Stderr = log
	logged := func() string {
		text, err := os.ReadFile(log.Name())
		must(t, err)
		return string(text)
	}
	must(t, daemon.Start())
	t.Cleanup(func() {
		daemon.Process.Signal(os.Interrupt)
		daemon.Wait()
		if t.Failed() {
			t.Log(logged())
		}
	})
	renewed := ""
	for deadline := time.Now().Add(2 * time.Minute); renewed == "" || renewed == first; time.Sleep(300 * time.Millisecond) {
		if out, err := exec.Command(filepath.Join(bin, "obol"), "--socket", socket, "show", "crypto", "pki", "certificates").Output(); err == nil {
			renewed = identity(string(out))
		}
		if time.Now().After(deadline) {
			t.Fatalf("certificate %s was not renewed", first)
		}
	}
	question, answer = w.last(t, dir, "renewal")
	renewal := dissect(t, dir, question, ca, caKey)
	checkRequest(t, renewal, "17")
	if renewal.transaction != ours.transaction {
		t.Errorf("transaction %s for the key of %s", renewal.transaction, ours.transaction)
	}

	checkReply(t, answer, ca, renewal, filepath.Join(store, "keys", "rsa.R1.pem"), "CN = R1")

	// The server has no CRL. It is asked for it as a CA is, and that it gives none is told;
	// one of its CA from elsewhere counts.
	obol("crypto", "pki", "crl", "request", "IOSCA1")
	eventually(t, "no CRL is told of", func() bool { return strings.Contains(logged(), "%PKI-3-CRL_FETCH_FAIL") })
	question, _ = w.last(t, dir, "crl")
	kind, name := openGetCRL(t, question, ca, caKey)
	if kind != "22" || !strings.Contains(name, ":CA1") {
		t.Errorf("messageType %q about\n%s", kind, name)
	}
	obol("crypto", "pki", "crl", "import", "IOSCA1", revocationList(t, dir, ca, caKey))
	if shown := obol("show", "crypto", "pki", "crls"); !strings.Contains(shown, "CA1") {
		t.Errorf("no CRL in\n%s", shown)
	}

	// strongSwan, beside.
	key, der := filepath.Join(dir, "ss.key"), filepath.Join(dir, "ca.der")
	output(t, "openssl", "genrsa", "-traditional", "-out", key, "2048")
	output(t, "openssl", "x509", "-in", ca, "-outform", "DER", "-out", der)
	before := len(w.questions)
	out, err := exec.Command("ip", "netns", "exec", scepRouter, "pki", "--scep", "--url", "http://192.168.0.3/scep", "--in", key, "--dn", "C=CH, O=cisco, CN=R3",
		"--san", "R3.cisco.com", "--cipher", "des3", "--password", "secret", "--cacert-enc", der, "--cacert-sig", der, "--cacert", der).CombinedOutput()
	if len(w.questions) == before {
		t.Fatalf("strongSwan's pki has sent nothing: %v\n%s", err, out)
	}
	question, answer = w.last(t, dir, "strongswan")
	theirs := dissect(t, dir, question, ca, caKey)
	checkRequest(t, theirs, "19")
	checkReply(t, answer, ca, theirs, key, "CN = R3")
	for _, both := range []string{"challengePassword", ":secret", "X509v3 Subject Alternative Name", "DNS:R", "Signature Algorithm: sha256WithRSAEncryption"} {
		if !strings.Contains(ours.csr, both) || !strings.Contains(theirs.csr, both) {
			t.Errorf("%s is not in both requests\n%s\n%s", both, ours.csr, theirs.csr)
		}
	}
}

var serialLine = regexp.MustCompile(`(?s)Certificate\n.*?Serial Number[^:]*: (\S+)`)

// identity is the serial number of the first certificate shown.
func identity(shown string) string {
	if m := serialLine.FindStringSubmatch(shown); m != nil {
		return m[1]
	}
	return ""
}

// dissected is a pkiMessage as openssl reads it.
type dissected struct {
	kind, transaction, nonce string
	signer                   string // file with the signer's certificate
	csr                      string // text of the request inside
}

func dissect(t *testing.T, dir, message, ca, caKey string) dissected {
	t.Helper()
	d := dissected{signer: message + ".signer"}
	envelope, csr := message+".env", message+".csr"
	output(t, "openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", message, "-out", envelope, "-signer", d.signer)
	output(t, "openssl", "cms", "-decrypt", "-inform", "DER", "-in", envelope, "-binary", "-recip", ca, "-inkey", caKey, "-passin", "pass:depot", "-out", csr)
	d.csr = output(t, "openssl", "req", "-inform", "DER", "-in", csr, "-noout", "-text", "-verify")
	tree := output(t, "openssl", "asn1parse", "-inform", "DER", "-in", message)
	d.kind, d.transaction, d.nonce = attribute(tree, "2"), attribute(tree, "7"), attribute(tree, "5")
	return d
}

// attribute is the value of a signed attribute 2.16.840.1.113733.1.9.N in a tree.
func attribute(tree, n string) string {
	_, rest, _ := strings.Cut(tree, "OBJECT            :2.16.840.1.113733.1.9."+n+"\n")
	lines := strings.SplitN(rest, "\n", 3)
	if len(lines) < 2 {
		return ""
	}
	_, value, _ := strings.Cut(lines[1], "STRING")
	_, value, _ = strings.Cut(value, ":")
	return strings.TrimSpace(value)
}

// openGetCRL gives a pkiMessage's type and, as a tree, the IssuerAndSerialNumber inside.
func openGetCRL(t *testing.T, message, ca, caKey string) (kind, about string) {
	t.Helper()
	envelope, content := message+".env", message+".isn"
	output(t, "openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", message, "-out", envelope)
	output(t, "openssl", "cms", "-decrypt", "-inform", "DER", "-in", envelope, "-binary", "-recip", ca, "-inkey", caKey, "-passin", "pass:depot", "-out", content)
	return attribute(output(t, "openssl", "asn1parse", "-inform", "DER", "-in", message), "2"), output(t, "openssl", "asn1parse", "-inform", "DER", "-in", content)
}

// revocationList is a file with a CRL of the CA, which openssl signs.
func revocationList(t *testing.T, dir, ca, caKey string) string {
	t.Helper()
	config, index, crl := filepath.Join(dir, "ca.cnf"), filepath.Join(dir, "index.txt"), filepath.Join(dir, "crl.pem")
	must(t, os.WriteFile(index, nil, 0o600))
	must(t, os.WriteFile(config, []byte("[ca]\ndefault_ca = a\n[a]\ndatabase = "+index+"\ndefault_md = sha256\ndefault_crl_days = 1\n"), 0o600))
	output(t, "openssl", "ca", "-gencrl", "-config", config, "-cert", ca, "-keyfile", caKey, "-passin", "pass:depot", "-out", crl)
	return crl
}

func checkRequest(t *testing.T, d dissected, kind string) {
	t.Helper()
	if d.kind != kind || d.transaction == "" || len(d.nonce) != 32 {
		t.Errorf("messageType %q, transactionID %q, senderNonce %q", d.kind, d.transaction, d.nonce)
	}
}

// checkReply opens a CertRep: it answers this request and brings a certificate of the CA
// for the subject.
func checkReply(t *testing.T, reply, ca string, to dissected, key, subject string) {
	t.Helper()
	envelope, certs := reply+".env", reply+".p7"
	output(t, "openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", reply, "-certfile", ca, "-out", envelope)
	output(t, "openssl", "cms", "-decrypt", "-provider", "legacy", "-provider", "default", "-inform", "DER", "-in", envelope, "-binary", "-recip", to.signer, "-inkey", key, "-out", certs)
	if text := output(t, "openssl", "pkcs7", "-inform", "DER", "-in", certs, "-print_certs", "-noout"); !strings.Contains(text, subject) {
		t.Errorf("the CertRep brings\n%s", text)
	}
	tree := output(t, "openssl", "asn1parse", "-inform", "DER", "-in", reply)
	if attribute(tree, "2") != "3" || attribute(tree, "3") != "0" || attribute(tree, "7") != to.transaction || attribute(tree, "6") != to.nonce {
		t.Errorf("messageType %q, pkiStatus %q, transactionID %q, recipientNonce %q", attribute(tree, "2"), attribute(tree, "3"), attribute(tree, "7"), attribute(tree, "6"))
	}
}

// TestSCEPPending: two CAs take their time. What the first one holds survives the end
// of the daemon; for the second one's decision the operator waits.
func TestSCEPPending(t *testing.T) {
	t.Parallel()
	p := stand(t, root+"/configs/note/ikev1-r1.cfg", root+"/configs/note/ikev1-r2.cfg")
	cas, err := p.Serve()
	must(t, err)
	cas.CA1.Polls, cas.CA2.Polls = 1, 1
	must(t, p.R1.Start("--initiate", "manual", "--dataplane", "none"))
	shown, err := p.R1.Authenticate("IOSCA1", "IOSCA2")
	must(t, err)
	if n := strings.Count(shown, "Trustpoint CA certificate accepted."); n != 2 {
		t.Fatal(shown)
	}
	shown, err = p.R1.Enroll("IOSCA1")
	must(t, err)
	if !strings.Contains(shown, "has not decided") {
		t.Fatal(shown)
	}
	must(t, p.R1.Stop())
	info, err := os.Stat(filepath.Join(p.R1.Store, "enrolling.IOSCA1.pem"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	must(t, p.R1.Start("--initiate", "manual", "--dataplane", "none"))
	out, err := p.R1.Obol("crypto", "pki", "enroll", "IOSCA2", "--yes", "--wait", "100s")
	if err != nil || !strings.Contains(out, "%PKI-6-CERTRET") {
		t.Fatalf("%v\n%s\n%s", err, out, p.R1.Log())
	}
	out, err = p.R1.Obol("show", "crypto", "pki", "certificates")
	must(t, err)
	newest, older := strings.Index(out, "Associated Trustpoints: IOSCA2"), strings.Index(out, "Associated Trustpoints: IOSCA1")
	if newest < 0 || older < newest {
		t.Errorf("not both, the last enrolled first\n%s", out)
	}
}
