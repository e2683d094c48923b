package daemon

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// web is an HTTP server on loopback; hits counts what came.
func web(t *testing.T) (server *httptest.Server, hits *atomic.Int32) {
	hits = new(atomic.Int32)
	over := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/cer", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("asks for %s", r.Header.Get("Accept-Encoding"))
		}
		_, _ = w.Write([]byte("certificate"))
	})
	mux.HandleFunc("/most", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, ike.MaxAnswer)) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, ike.MaxAnswer+1)) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 64<<10))
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte{0x30})
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	mux.Handle("/elsewhere", http.RedirectHandler("/cer", http.StatusFound))
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(over); server.CloseClientConnections(); server.Close() })
	return server, hits
}

// ask is one fetch to its end.
func ask(t *testing.T, f *fetcher, peer netip.Addr, url string) ike.Answer {
	t.Helper()
	answers := make(chan ike.Answer, 1)
	if err := f.put(ike.Lookup{Peer: peer, URL: url}, func(a ike.Answer) { answers <- a }); err != nil {
		t.Fatal(err)
	}
	return <-answers
}

// What a server of the peer's own can do to us has limits.
func TestFetch(t *testing.T) {
	server, hits := web(t)
	for path, c := range map[string]struct {
		data, err string
	}{
		"/cer":       {"certificate", ""},
		"/most":      {string(make([]byte, ike.MaxAnswer)), ""},
		"/large":     {"", "more than 16384 octets"},
		"/endless":   {"", "more than 16384 octets"},
		"/headers":   {"", "header"},
		"/slow":      {"", "not answer in time"},
		"/drip":      {"", "not answer in time"},
		"/elsewhere": {"", "the server answers 302"},
		"/nowhere":   {"", "the server answers 404"},
	} {
		f := newFetcher()
		f.time = time.Minute
		late := c.err == "not answer in time"
		if late {
			f.time = 100 * time.Millisecond
		}
		hits.Store(0)
		a := ask(t, f, loopback, server.URL+path)
		switch {
		case c.err != "" && (a.Err == nil || !strings.Contains(a.Err.Error(), c.err) || strings.Contains(a.Err.Error(), server.URL)):
			t.Errorf("%s: %v", path, a.Err)
		case c.err == "" && (a.Err != nil || !bytes.Equal(a.Data, []byte(c.data))):
			t.Errorf("%s: %d octets, %v", path, len(a.Data), a.Err)
		case hits.Load() > 1, hits.Load() == 0 && !late: // the time may be over before the request
			t.Errorf("%s: %d requests", path, hits.Load())
		}
		f.close()
		if f.total != 0 || len(f.peers) != 0 || len(f.places) != 0 {
			t.Errorf("%s: %d of %d peers are left", path, f.total, len(f.peers))
		}
	}
}

// A peer does not reach this host through us, whatever name it has for it.
func TestNoFetchFromThisHost(t *testing.T) {
	server, hits := web(t)
	f := newFetcher()
	defer f.close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		a := ask(t, f, netip.MustParseAddr("192.0.2.1"), "http://"+host+":"+port+"/cer")
		if a.Err == nil || !strings.Contains(a.Err.Error(), "no certificate is fetched from") {
			t.Errorf("%s: %q, %v", host, a.Data, a.Err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestPermit(t *testing.T) {
	peer := netip.MustParseAddr("169.254.1.1")
	for _, c := range []struct {
		to string
		ok bool
	}{
		{"192.0.2.80", true}, {"10.1.1.1", true}, {"2001:db8::80", true}, {"169.254.1.1", true},
		{"127.0.0.1", false}, {"127.1.2.3", false}, {"::1", false},
		{"169.254.169.254", false}, {"fe80::1", false}, {"0.0.0.0", false}, {"::", false},
		{"224.0.0.1", false}, {"ff02::1", false}, {"255.255.255.255", false},
	} {
		if err := permit(netip.MustParseAddr(c.to), peer); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.to, err)
		}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range own {
		p, err := netip.ParsePrefix(x.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := permit(p.Addr(), peer); err == nil {
			t.Errorf("%s is ours", p.Addr())
		}
	}
}

// Fetches wait for a place among a few; there is an end to those that wait, and to
// those of one peer. The end of the daemon does not wait for them.
func TestFetchesAreLimited(t *testing.T) {
	f := newFetcher()
	f.time = time.Hour
	for range fetchAtOnce {
		f.places <- struct{}{} // as many others go on
	}
	var answers atomic.Int32
	begin := func(i int) error {
		peer := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		return f.put(ike.Lookup{Peer: peer, URL: "http://127.0.0.1:1/"}, func(a ike.Answer) {
			if a.Err != nil {
				answers.Add(1)
			}
		})
	}
	for i := range maxFetches {
		if err := begin(i / maxOfPeer); err != nil {
			t.Fatal(i, err)
		}
		if i%maxOfPeer == maxOfPeer-1 && i < maxFetches-1 {
			if err := begin(i / maxOfPeer); err == nil || !strings.Contains(err.Error(), "4 fetches are under way for this peer") {
				t.Fatal(err)
			}
		}
	}
	if err := begin(maxFetches); err == nil || err.Error() != "64 fetches are under way" {
		t.Error(err)
	}
	f.close()
	if answers.Load() != maxFetches {
		t.Errorf("%d answers", answers.Load())
	}
}
