package daemon

import (
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// slow answers what it is asked at /drip an octet at a time, so often, and anything else
// never. It tells who has asked, and who is not waiting any more.
func slow(t *testing.T, every time.Duration) (server *httptest.Server, asked, left chan string) {
	asked, left = make(chan string, 8), make(chan string, 8)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		defer func() { left <- r.URL.Path }()
		for strings.HasSuffix(r.URL.Path, "/drip") {
			if _, err := w.Write([]byte{0x30}); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(every):
			case <-r.Context().Done():
				return
			}
		}
		<-r.Context().Done()
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server, asked, left
}

// A guarded daemon stands on sockets of loopback. It trusts CA1 without a question, and
// CA2 if a CRL or a responder says so.
type guarded struct {
	*Daemon
	t        *testing.T
	ca1, ca2 *testca.CA
}

func unquestioned(tp *pki.Trustpoint) *pki.Trustpoint {
	tp.RevocationCheck = []pki.RevocationMethod{pki.RevocationNone}
	return tp
}

func newGuarded(t *testing.T, asking time.Duration) *guarded {
	g := &guarded{t: t, ca1: testca.New("CA1", 0), ca2: testca.New("CA2", 1)}
	cfg := compile(t, strings.ReplaceAll(certified, "tunnel destination 127.0.0.1", "tunnel destination 127.0.0.2"))
	sockets, err := netio.ListenDoors(netio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g.Daemon = &Daemon{hub: newHub(), plane: newMemory(), sockets: sockets, log: zap.NewNop()}
	g.config.Store(cfg)
	g.kernel = newKernelQueue(g.plane)
	own := unquestioned(testca.Trustpoint("CA1", g.ca1.Enroll("HUB", "127.0.0.1", "1", 2), 1))
	peers := &pki.Trustpoint{Settings: pki.Settings{Name: "CA2", RevocationCheck: []pki.RevocationMethod{pki.RevocationCRL, pki.RevocationOCSP}}, CA: g.ca2.Cert}
	env := ike.Env{Config: cfg, PKI: pki.NewSnapshot([]*pki.Trustpoint{own, peers}), Rand: rand.Reader}
	g.shard = newShard(engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}}), g.kernel, sockets, g.hub, g.log, g.Daemon)
	g.shard.fetcher.permit, g.shard.fetcher.asking = anyAddress, asking
	received := make(chan error, 1)
	go func() { received <- sockets.Receive(g.shard.deliver) }()
	g.shard.begin()
	t.Cleanup(func() {
		g.shard.stop()
		sockets.Close()
		<-received
	})
	return g
}

// dial is a peer with a certificate, over a socket of its own.
func (g *guarded) dial(id *testca.Identity) *asker {
	port, _ := g.sockets.Ports()
	conn, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	if err != nil {
		g.t.Fatal(err)
	}
	tps := []*pki.Trustpoint{unquestioned(testca.Trustpoint("CA1", id, 1))}
	if id.CA != g.ca1 {
		tps = append(tps, unquestioned(&pki.Trustpoint{Settings: pki.Settings{Name: "CA2"}, CA: g.ca1.Cert}))
	}
	env := ike.Env{Config: compile(g.t, certified), PKI: pki.NewSnapshot(tps), Rand: rand.Reader}
	return &asker{engine: engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}}), conn: conn}
}

// questioned are peers of CA2, about each of which another server is asked: for a CRL
// one that never answers and one that is slow, and a slow responder.
func (g *guarded) questioned(url string) map[string]*asker {
	of := func(key int, where testca.Extension) *asker {
		return g.dial(&testca.Identity{CA: g.ca2, Key: testca.RSA(2048, key), Cert: g.ca2.Issue(testca.Certificate{
			Subject: testca.RouterName("R2", "127.0.0.1", "1").DER(), Key: testca.RSA(2048, key).Public(), Extensions: []testca.Extension{where},
		})})
	}
	return map[string]*asker{
		"/crl/hole":  of(3, issue.CRLDistributionPoint(url+"/crl/hole")),
		"/crl/drip":  of(4, issue.CRLDistributionPoint(url+"/crl/drip")),
		"/ocsp/drip": of(5, issue.OCSPServer(url+"/ocsp/drip")),
	}
}

// Over sockets: a hundred handshakes come to their end while others wait for servers
// that never answer, or an octet a second. test/netns compares how long they take.
func TestNobodyElseWaits(t *testing.T) {
	server, asked, left := slow(t, time.Second)
	g := newGuarded(t, time.Hour)
	waiting := g.questioned(server.URL)
	ended := make(chan error, len(waiting))
	for _, peer := range waiting {
		go func() { ended <- peer.up(time.Hour) }()
		<-asked
	}
	good := g.ca1.Enroll("R3", "127.0.0.1", "1", 6)
	for i := range 100 {
		p := g.dial(good)
		if err := errors.Join(p.up(time.Minute), p.conn.Close()); err != nil {
			t.Fatal(i, err)
		}
	}
	select {
	case path := <-left:
		t.Errorf("the question at %s has not lasted as long as the handshakes", path)
	case err := <-ended:
		t.Errorf("one that waits: %v", err)
	default:
	}
	for _, peer := range waiting {
		peer.conn.Close()
		<-ended
	}
}

// A server that takes longer than an exchange may wait for it has not answered: its peer
// is refused, and the log says what was asked, where, and what became of it.
func TestSlowServers(t *testing.T) {
	server, _, left := slow(t, 20*time.Millisecond)
	g := newGuarded(t, 200*time.Millisecond)
	reports := g.hub.subscribe(1000, everything)
	for path, peer := range g.questioned(server.URL) {
		ended := make(chan error, 1)
		go func() { ended <- peer.up(time.Hour) }()
		var lines []string
		for judged := false; !judged; {
			r := <-reports.reports
			for _, l := range ioslog.Lines(r) {
				lines = append(lines, l.Text)
			}
			e, ok := r.Event.(ikev2.ChainValidated)
			if judged = ok; judged && (e.Verdict.Code != pki.NoCRL || !strings.Contains(e.Verdict.Reason, server.URL+path+": the server did not answer in time")) {
				t.Errorf("%s: %v: %s", path, e.Verdict.Code, e.Verdict.Reason)
			}
		}
		said := func(what string) bool {
			return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, what) })
		}
		failed := "%PKI-3-CRL_FETCH_FAIL: CRL fetch for trustpoint CA2 failed Reason : the server did not answer in time"
		if strings.HasPrefix(path, "/ocsp") {
			failed = server.URL + path + ": the server did not answer in time"
		}
		if !said(failed) || !said("Certificate validation failed: certificate ") || !said("Validation of certificate chain FAILED") {
			t.Errorf("%s:\n%s", path, strings.Join(lines, "\n"))
		}
		<-left
		peer.conn.Close()
		<-ended
	}
}
