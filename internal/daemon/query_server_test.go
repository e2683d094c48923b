package daemon

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

var anyAddress = func(netip.Addr, bool) error { return nil }

// publishing is a server on loopback of what a CA publishes, and of what is not it.
func publishing(t *testing.T, ca *testca.CA) *httptest.Server {
	over := make(chan struct{})
	crl := ca.CRLAt(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	mux := http.NewServeMux()
	mux.HandleFunc("/crl", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(crl) })
	mux.HandleFunc("/rogue", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(testca.New("CA1", 7).CRLAt(time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Please log in")) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for _, octet := range crl {
			select {
			case <-over:
				return
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
			_, _ = w.Write([]byte{octet})
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/hole", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/ocsp", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/ocsp-request" {
			t.Errorf("%s, %v", r.Header.Get("Content-Type"), err)
		}
		_, _ = w.Write(ca.Responder(time.Now(), body, nil))
	})
	mux.Handle("/moved-ocsp", http.RedirectHandler("/ocsp", http.StatusTemporaryRedirect))
	mux.Handle("/moved", http.RedirectHandler("/crl", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/secure", http.RedirectHandler("https://127.0.0.1/crl", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	server := httptest.NewServer(mux)
	t.Cleanup(func() { close(over); server.CloseClientConnections(); server.Close() })
	return server
}

// queryTo is what a certificate with such URLs has asked.
func queryTo(t *testing.T, ca *testca.CA, set pki.Settings, url string) *pki.Query {
	t.Helper()
	leaf := ca.EnrollAt(url, "R2", "192.168.0.2", "101", 2).Cert
	set.Name = "TP"
	v := pki.NewSnapshot([]*pki.Trustpoint{{Settings: set, CA: ca.Cert}}).Verify([]*pki.Certificate{leaf}, nil, time.Now())
	if len(v.Queries) != 1 {
		t.Fatal(v.Reason)
	}
	if err := v.Queries[0].Draw(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return &v.Queries[0]
}

// What a server may do to whoever asks it about revocation.
func TestQuery(t *testing.T) {
	ca := testca.New("CA1", 0)
	server := publishing(t, ca)
	for path, want := range map[string]string{
		"/crl": "", "/moved": "",
		"/rogue": "does not verify", "/page": "answers with a page", "/huge": "more than 8388608 octets", "/nothing": "the server answers 404",
		"/drip": "did not answer in time", "/hole": "did not answer in time",
		"/loop": "the server answers 302", "/secure": "only http is fetched", "/file": "only http is fetched",
	} {
		f := newFetcher()
		f.permit = anyAddress
		if strings.Contains(want, "in time") {
			f.asking = 1500 * time.Millisecond
		} else {
			f.asking = time.Minute
		}
		a := f.query(queryTo(t, ca, pki.Settings{}, server.URL+path))
		if (a.Err == nil) != (want == "") || a.Err != nil && !strings.Contains(a.Err.Error(), want) || (a.Finding == nil) != (a.Err != nil) {
			t.Errorf("%s: %v", path, a.Err)
		}
		f.close()
	}
	ocsp := pki.Settings{OCSPURL: server.URL + "/ocsp", RevocationCheck: []pki.RevocationMethod{pki.RevocationOCSP}}
	f := newFetcher()
	defer f.close()
	// The operator's own responder may stand on loopback, a distribution point may not.
	if a := f.query(queryTo(t, ca, ocsp, server.URL+"/crl")); a.Err != nil {
		t.Error(a.Err)
	}
	if a := f.query(queryTo(t, ca, pki.Settings{}, server.URL+"/crl")); a.Err == nil || !strings.Contains(a.Err.Error(), "nothing is fetched from 127.0.0.1") {
		t.Error(a.Err)
	}
}

// The operator's own server may be on loopback, and move within itself; whom else it
// sends to is held to what holds for servers that he has not named.
func TestQueryRedirect(t *testing.T) {
	ca := testca.New("CA1", 0)
	inner := publishing(t, ca)
	outer := httptest.NewServer(http.RedirectHandler(inner.URL+"/ocsp", http.StatusTemporaryRedirect))
	defer outer.Close()
	for url, want := range map[string]string{
		inner.URL + "/ocsp": "", inner.URL + "/moved-ocsp": "", outer.URL: "nothing is fetched from 127.0.0.1",
	} {
		f := newFetcher()
		f.asking = time.Minute
		set := pki.Settings{OCSPURL: url, RevocationCheck: []pki.RevocationMethod{pki.RevocationOCSP}}
		a := f.query(queryTo(t, ca, set, ""))
		if (a.Err == nil) != (want == "") || a.Err != nil && !strings.Contains(a.Err.Error(), want) {
			t.Errorf("%s: %v", url, a.Err)
		}
		f.close()
	}
}

// Without a distribution point the trustpoint's own CA is asked, by SCEP.
func TestQueryBySCEP(t *testing.T) {
	ca := testca.New("CA1", 0)
	scep := &scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities}
	server := httptest.NewServer(scep)
	defer server.Close()
	leaf := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert
	for _, revoked := range []bool{false, true} {
		if revoked {
			scep.Revoke(leaf.X509.SerialNumber)
		}
		tp := testca.Trustpoint("TP", ca.Enroll("R1", "192.168.0.1", "100", 3), 1)
		tp.Settings, tp.CRLs = pki.Settings{Name: "TP", EnrollmentURL: server.URL}, nil
		s := pki.NewSnapshot([]*pki.Trustpoint{tp})
		v := s.Verify([]*pki.Certificate{leaf}, nil, time.Now())
		if len(v.Queries) != 1 || !v.Queries[0].SCEP {
			t.Fatal(v.Reason)
		}
		f := newFetcher()
		f.asking = time.Minute
		a := f.query(&v.Queries[0])
		f.close()
		s.Learn(&v.Queries[0], a.Finding, a.Err, time.Now())
		if v := s.Verify([]*pki.Certificate{leaf}, nil, time.Now()); v.OK == revoked {
			t.Errorf("revoked %v: %s", revoked, v.Reason)
		}
	}
}

const certified = `
crypto pki trustpoint CA1
 revocation-check none
crypto pki trustpoint CA2
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 19
crypto ikev2 policy P
 proposal P
crypto ikev2 profile V2
 match identity remote address 0.0.0.0
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint CA1
 pki trustpoint CA2 verify
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile prof1
 set transform-set TS
 set ikev2-profile V2
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 127.0.0.1
 tunnel destination 127.0.0.1
 tunnel protection ipsec profile prof1
`

// An asker wants a session of a daemon, over a socket of its own. The daemon's ports are
// those that were free; the engine knows none but 500 and 4500.
type asker struct {
	engine *engine.Engine
	conn   *net.UDPConn
	last   ike.Datagram
}

// up asks until there is a session, or for so long.
func (a *asker) up(patience time.Duration) error {
	if err := a.engine.Command(time.Now(), ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for o, ok := a.engine.Poll(); ok; o, ok = a.engine.Poll() {
			switch o := o.(type) {
			case ike.Send:
				a.last = o.Datagram
				if _, err := a.conn.Write(o.Datagram.Data); err != nil {
					return err
				}
			case ike.Report:
				if _, up := o.Event.(ike.SessionUp); up {
					return nil
				}
			}
		}
		if err := a.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return err
		}
		n, err := a.conn.Read(buf)
		if err != nil {
			a.engine.HandleTimeout(time.Now())
			continue
		}
		a.engine.HandleDatagram(time.Now(), ike.Datagram{Local: a.last.Local, Remote: a.last.Remote, Data: buf[:n]})
	}
	return errors.New("no session")
}
