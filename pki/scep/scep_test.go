package scep_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

var host = pki.Host{Hostname: "R1", Domain: "cisco.com", Serial: "100"}

// settings are the note's, for a server.
func settings(url string) pki.Settings {
	return pki.Settings{
		Name: "IOSCA1", EnrollmentURL: url, SubjectName: "CN=R1,OU=IT,O=cisco,O=com", SerialNumber: true,
		FQDN: "R1.cisco.com", IPAddress: netip.MustParseAddr("192.168.0.1"),
	}
}

// serve starts a server and gives the trustpoint that it belongs to.
func serve(t *testing.T, h http.Handler) (*scep.Client, *pki.Trustpoint) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	tp := &pki.Trustpoint{Settings: settings(server.URL)}
	if s, ok := h.(*scepserver.Server); ok {
		tp.CA = s.CA.Cert
		tp.EnrollmentRA = s.RA != nil
	}
	client, err := scep.New(tp.Settings, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return client, tp
}

// exchange prepares an enrolment with the n-th key.
func exchange(t *testing.T, client *scep.Client, tp *pki.Trustpoint, n int, password string) (*scep.Exchange, []byte) {
	t.Helper()
	a, err := client.Authority(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Under(tp); err != nil {
		t.Fatal(err)
	}
	caps, err := client.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := testca.RSA(2048, n)
	request, err := pki.NewRequest(tp.Settings, host, password)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := request.Sign(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	id, err := scep.SelfSigned(request.Subject, key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	transaction, err := scep.TransactionID(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &scep.Exchange{Client: client, Authority: a, Caps: caps, From: id, Transaction: transaction}, csr
}

func granted(t *testing.T, r *scep.Reply, err error) *pki.Certificate {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != scep.Granted || len(r.Certificates) != 1 {
		t.Fatalf("%+v", r)
	}
	return r.Certificates[0]
}

func TestEnrol(t *testing.T) {
	ca := testca.New("CA1", 0)
	for name, c := range map[string]struct {
		server *scepserver.Server
		method string
	}{
		"of today":        {&scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities, Password: "secret"}, http.MethodPost},
		"without answers": {&scepserver.Server{CA: ca}, http.MethodGet},
		"SHA-1 and 3DES":  {&scepserver.Server{CA: ca, Capabilities: "SHA-1\nDES3"}, http.MethodGet},
		"behind an RA":    {&scepserver.Server{CA: ca, RA: ca.EnrollWith(testca.DN("CN=RA,O=cisco,O=com"), testca.RSA(2048, 6)), Capabilities: "AES"}, http.MethodGet},
		"a CA below a CA": {&scepserver.Server{CA: ca.Sub("CA3", 1), Capabilities: "POSTPKIOperation\nSHA-512"}, http.MethodPost},
	} {
		t.Run(name, func(t *testing.T) {
			client, tp := serve(t, c.server)
			x, csr := exchange(t, client, tp, 2, "secret")
			r, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
			cert := granted(t, r, err)
			if want := "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"; cert.Subject.String() != want {
				t.Errorf("subject %s", cert.Subject)
			}
			if err := cert.SignedBy(c.server.CA.Cert); err != nil {
				t.Error(err)
			}
			in := c.server.Log()[2]
			if in.Method != c.method || in.Type != "19" || in.Password != "secret" || in.Transaction != x.Transaction {
				t.Errorf("%+v", in)
			}
		})
	}
}

func TestPendingThenGranted(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 2}
	client, tp := serve(t, server)
	x, csr := exchange(t, client, tp, 2, "")
	r, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
	for range 2 {
		if err != nil || r.Status != scep.Pending {
			t.Fatalf("%+v, %v", r, err)
		}
		r, err = x.Poll(t.Context(), x.From.Certificate.Subject)
	}
	granted(t, r, err)
}

func TestRenewal(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}
	client, tp := serve(t, server)
	x, csr := exchange(t, client, tp, 2, "")
	r, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
	old := granted(t, r, err)
	renewal, csr := exchange(t, client, tp, 3, "")
	renewal.From = scep.Identity{Certificate: old, Key: x.From.Key}
	r, err = renewal.Enrol(t.Context(), scep.RenewalReq, csr)
	fresh := granted(t, r, err)
	if fresh.X509.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(old.X509.PublicKey) {
		t.Error("the new certificate is for the old key")
	}
}

func TestQuestions(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Next: testca.New("CA1", 4), Capabilities: scepserver.DefaultCapabilities}
	client, tp := serve(t, server)
	x, csr := exchange(t, client, tp, 2, "")
	r, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
	cert := granted(t, r, err)
	server.Revoke(cert.X509.SerialNumber)
	if r, err = x.CRL(t.Context(), cert); err != nil || len(r.CRLs) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	crl, err := pki.ParseCRL(r.CRLs[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, revoked := crl.Revoked(cert.X509.SerialNumber); !revoked {
		t.Error("the CRL does not have the certificate")
	}
	r, err = x.Certificate(t.Context(), cert)
	if again := granted(t, r, err); !again.Equal(cert) {
		t.Errorf("GetCert brings %s", again.Serial)
	}
	next, err := client.NextAuthority(t.Context(), tp.CA)
	if err != nil || !next.CA.Equal(server.Next.Cert) {
		t.Fatalf("%+v, %v", next, err)
	}
	if _, err := client.NextAuthority(t.Context(), server.Next.Cert); err == nil {
		t.Error("the next CA vouches for itself")
	}
}

func TestRejected(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Password: "secret"}
	client, tp := serve(t, server)
	x, csr := exchange(t, client, tp, 2, "guess")
	r, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
	if err != nil || r.Status != scep.Rejected || !strings.Contains(r.Why(), "badRequest") {
		t.Fatalf("%+v, %v", r, err)
	}
}

// TestUnauthenticated: who answers has to be the CA that the operator has accepted.
func TestUnauthenticated(t *testing.T) {
	ca := testca.New("CA1", 0)
	server := &scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities, RA: ca.EnrollWith(testca.DN("CN=R9"), testca.RSA(2048, 6))}
	client, tp := serve(t, server)
	a, err := client.Authority(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tp.EnrollmentRA = false
	if err := a.Under(tp); err == nil || !strings.Contains(err.Error(), "enrollment mode ra") {
		t.Errorf("a router's certificate passes for an RA's: %v", err)
	}
	tp.CA = testca.New("CA1", 5).Cert
	if err := a.Under(tp); err == nil || !strings.Contains(err.Error(), "another CA") {
		t.Errorf("a CA of the same name passes: %v", err)
	}
}

// TestLies: every answer is changed, and refused in one line.
func TestLies(t *testing.T) {
	ca, other := testca.New("CA1", 0), testca.New("CA1", 5)
	var before []byte
	for name, c := range map[string]struct {
		server *scepserver.Server
		lie    func(body []byte) []byte
		want   string
	}{
		"HTML":           {nil, func([]byte) []byte { return []byte("<html><body>Please log in</body></html>") }, "refused"},
		"nothing":        {nil, func([]byte) []byte { return nil }, "ends before its time"},
		"one bit":        {nil, func(b []byte) []byte { b[len(b)-20] ^= 1; return b }, "does not verify"},
		"without an end": {nil, func([]byte) []byte { return make([]byte, 1<<20) }, "more than"},
		"a replay": {nil, func(b []byte) []byte {
			if before == nil {
				before = b
			}
			return before
		}, "recipientNonce"},
		"a certificate": {nil, func([]byte) []byte { return ca.Cert.Raw() }, "no SignedData"},
		"another CA":    {&scepserver.Server{CA: other, Capabilities: scepserver.DefaultCapabilities}, nil, "the server answers 404"},
	} {
		t.Run(name, func(t *testing.T) {
			honest := &scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities}
			client, tp := serve(t, honest)
			x, csr := exchange(t, client, tp, 2, "")
			if name == "a replay" { // the same request once more, another nonce
				if _, err := x.Enrol(t.Context(), scep.PKCSReq, csr); err != nil {
					t.Fatal(err)
				}
			}
			if c.server != nil {
				impostor, _ := serve(t, c.server)
				x.Client = impostor
			}
			honest.Sent = func(operation string, b []byte) []byte {
				if c.lie == nil || operation != "PKIOperation" {
					return b
				}
				return c.lie(b)
			}
			if name == "a replay" {
				if _, err := x.Enrol(t.Context(), scep.PKCSReq, csr); err != nil {
					t.Fatal(err)
				}
			}
			_, err := x.Enrol(t.Context(), scep.PKCSReq, csr)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestServers are what an HTTP server may do.
func TestServers(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, "sends elsewhere"},
		"refuses": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }, "answers 403"},
		"breaks off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("x"))
		}, "unexpected EOF"},
		"is slow": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte{0x30})
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, "did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, c.handle)
			patience := time.Minute
			if name == "is slow" {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := client.Authority(ctx)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestPath: IOS puts its program's name after whatever path is configured.
func TestPath(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI() + " " + r.UserAgent()
	}))
	defer server.Close()
	for path, want := range map[string]string{
		"":                           "/cgi-bin/pkiclient.exe",
		"/":                          "/cgi-bin/pkiclient.exe",
		"/scep/scep":                 "/scep/scep/pkiclient.exe",
		"/certsrv/mscep/mscep.dll":   "/certsrv/mscep/mscep.dll/pkiclient.exe",
		"/other/place/pkiclient.exe": "/other/place/pkiclient.exe",
	} {
		client, err := scep.New(settings(server.URL+path), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		client.Authority(t.Context())
		if want += "?operation=GetCACert&message=IOSCA1 Mozilla/4.0 (compatible; MSIE 5.0; Cisco PKI)"; asked != want {
			t.Errorf("%q asks %s, want %s", path, asked, want)
		}
	}
	if _, err := scep.New(settings("tftp://192.0.2.1"), rand.Reader); err == nil {
		t.Error("tftp is spoken")
	}
}

// TestTransactionID: openssl pkey -pubin -outform DER | md5sum says the same.
func TestTransactionID(t *testing.T) {
	id, err := scep.TransactionID(testca.RSA(2048, 0).Public())
	if want := "A6D785B684553105F5791E89112BCEB2"; err != nil || id != want {
		t.Errorf("%q, %v, want %s", id, err, want)
	}
}
