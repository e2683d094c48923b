package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

const (
	spokes  = 100
	goodCDP = "http://192.0.2.1/ca1.crl"
	holeCDP = "http://192.0.2.2/ca2.crl"
)

// hubAndSpokes is a world with a hub that has no CRL, and spokes that begin, each with
// a certificate of the CA and the distribution point that of gives. changes are those of
// the hub's trustpoint.
func hubAndSpokes(t *testing.T, version, n int, of func(spoke int) (ca *testca.CA, cdp string), changes ...func(*pki.Trustpoint)) (w *sim.World, hub *sim.Router) {
	t.Helper()
	w = sim.New(1)
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	w.Servers = map[string]func([]byte) []byte{goodCDP: func([]byte) []byte { return ca1.CRL() }, holeCDP: func([]byte) []byte { return ca2.CRL() }}
	own := testca.Trustpoint("CA1", ca1.Enroll("HUB", "10.0.0.1", "1", 2), 1)
	own.CRLs = nil
	for _, change := range changes {
		change(own)
	}
	hub = addRouter(t, w, version, "HUB", "10.0.0.1", func(yield func(string)) {
		for i := range n {
			yield(fmt.Sprintf("10.1.%d.1", i))
		}
	}, own, &pki.Trustpoint{Settings: pki.Settings{Name: "CA2"}, CA: ca2.Cert})
	for i := range n {
		ca, cdp := of(i)
		address := fmt.Sprintf("10.1.%d.1", i)
		tp := testca.Trustpoint("CA1", ca.EnrollAt(cdp, fmt.Sprintf("R%d", i), address, "1", 3+i%5), 1)
		hubs := &pki.Trustpoint{Settings: pki.Settings{Name: "HUB", RevocationCheck: []pki.RevocationMethod{pki.RevocationNone}}, CA: ca1.Cert}
		if ca.Name.Equal(ca1.Name) {
			tp.RevocationCheck, hubs = []pki.RevocationMethod{pki.RevocationNone}, nil
		}
		addRouter(t, w, version, fmt.Sprintf("R%d", i), address, func(yield func(string)) { yield("10.0.0.1") }, tp, hubs)
	}
	return w, hub
}

func addRouter(t *testing.T, w *sim.World, version int, name, address string, peers func(func(string)), tps ...*pki.Trustpoint) *sim.Router {
	t.Helper()
	text := "hostname " + name + "\nip domain name cisco.com\ncrypto pki trustpoint CA1\ncrypto pki trustpoint CA2\ncrypto pki trustpoint HUB\ncrypto isakmp policy 10\n encryption aes 128\n hash sha256\n group 19\n authentication rsa-sig\n" +
		"crypto isakmp profile V1\n match identity address 0.0.0.0\n" +
		"crypto ikev2 proposal P\n encryption aes-cbc-128\n integrity sha256\n group 19\ncrypto ikev2 policy P\n proposal P\n" +
		"crypto ikev2 profile V2\n match identity remote address 0.0.0.0\n authentication remote rsa-sig\n authentication local rsa-sig\n pki trustpoint CA1\n pki trustpoint CA2 verify\n pki trustpoint HUB verify\n" +
		"crypto ipsec transform-set TS esp-aes esp-sha256-hmac\n mode tunnel\ncrypto ipsec profile IP\n set transform-set TS\n"
	if version == 1 {
		text += " set isakmp-profile V1\n"
	} else {
		text += " set ikev2-profile V2\n"
	}
	text += "interface Ethernet0/0\n ip address " + address + " 255.0.0.0\n"
	i := 0
	peers(func(peer string) {
		text += fmt.Sprintf("interface Tunnel%d\n ip address 172.%d.%d.1 255.255.255.0\n tunnel source Ethernet0/0\n tunnel destination %s\n tunnel protection ipsec profile IP\n", i, 16+i/200, i%200, peer)
		i++
	})
	config, errs := policy.Compile(policy.Source{Name: name, Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	tps = slices.DeleteFunc(tps, func(tp *pki.Trustpoint) bool { return tp == nil })
	return w.Add(name, config, pki.NewSnapshot(tps), engine.Options{Options: tunnel.Options{Manual: name == "HUB"}})
}

// up counts the hub's sessions that stand.
func up(hub *sim.Router) (n int) {
	for _, r := range hub.Reports {
		if _, ok := r.Event.(ike.SessionUp); ok {
			n++
		}
	}
	return n
}

// Handshakes take as long while sixty others wait for a server that hangs, more than
// may negotiate at once, as they take when it answers.
func TestNobodyElseWaits(t *testing.T) {
	t.Parallel()
	const holes = 60
	for version := 1; version <= 2; version++ {
		took := func(hangs bool) time.Duration {
			w, hub := hubAndSpokes(t, version, spokes+holes, func(i int) (*testca.CA, string) {
				if i < holes {
					return testca.New("CA2", 1), holeCDP
				}
				return testca.New("CA1", 0), goodCDP
			})
			w.Hanging = map[string]bool{holeCDP: hangs}
			want := spokes + holes
			if hangs {
				want = spokes
			}
			begun := w.Now
			if !w.Until(time.Minute, func() bool { return up(hub) == want }) {
				t.Fatalf("IKEv%d, hangs %v: %d are up", version, hangs, up(hub))
			}
			d := w.Now.Sub(begun)
			if hangs {
				w.Run(ike.LookupTime)
				if up(hub) != want || !refused(hub, "did not answer in time") {
					t.Errorf("IKEv%d: %d are up at the end", version, up(hub))
				}
			}
			return d
		}
		with, without := took(true), took(false)
		t.Logf("IKEv%d: %v with a server that hangs, %v without", version, with, without)
		if with > without+10*time.Millisecond {
			t.Errorf("IKEv%d: %v with a server that hangs, %v without", version, with, without)
		}
	}
}

// refused says whether the hub refused a certificate for a reason.
func refused(hub *sim.Router, reason string) bool {
	return slices.ContainsFunc(hub.Reports, func(r ike.Report) bool {
		switch e := r.Event.(type) {
		case ikev1.CertRefused:
			return e.Verdict.Code == pki.NoCRL && strings.Contains(e.Verdict.Reason, reason)
		case ikev2.ChainValidated:
			return e.Verdict.Code == pki.NoCRL && strings.Contains(e.Verdict.Reason, reason)
		}
		return false
	})
}

// A hundred exchanges that wait for one CRL ask for it once, and the store gets it.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	w, hub := hubAndSpokes(t, 2, spokes, func(int) (*testca.CA, string) { return testca.New("CA1", 0), goodCDP })
	if !w.Until(time.Minute, func() bool { return up(hub) == spokes }) {
		t.Fatalf("%d are up", up(hub))
	}
	asked := 0
	for _, r := range hub.Reports {
		if _, ok := r.Event.(engine.RevocationAsked); ok {
			asked++
		}
	}
	if asked != 1 || len(hub.StoredCRLs) != 1 || hub.StoredCRLs[0].Trustpoint != "CA1" {
		t.Errorf("asked %d times, %d CRLs for the store", asked, len(hub.StoredCRLs))
	}
}

// A hundred exchanges that wait for a hundred CRLs all get theirs: questions beyond
// those that are under way at once wait for their turn.
func TestManyQuestions(t *testing.T) {
	t.Parallel()
	ca := testca.New("CA1", 0)
	at := func(i int) string { return fmt.Sprintf("http://192.0.2.1/%d.crl", i) }
	w, hub := hubAndSpokes(t, 1, spokes, func(i int) (*testca.CA, string) { return ca, at(i) })
	for i := range spokes {
		w.Servers[at(i)] = func([]byte) []byte { return ca.CRL() }
	}
	if !w.Until(time.Second, func() bool { return up(hub) == spokes }) || refused(hub, "too many servers") {
		t.Fatalf("%d are up", up(hub))
	}
}

// A responder that hangs while it is asked about each of seventy peers, more than may be
// asked about at once, leaves the peers of another CA alone: they are up before the
// first question is given up, though some have to repeat their first message.
func TestResponderHangs(t *testing.T) {
	t.Parallel()
	const responder, others = "http://192.0.2.3/ocsp", 10
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	at := func(i int) string { return fmt.Sprintf("http://192.0.2.2/%d.crl", i) }
	for version := 1; version <= 2; version++ {
		w, hub := hubAndSpokes(t, version, 70+others, func(i int) (*testca.CA, string) {
			if i < 70 {
				return ca1, goodCDP
			}
			return ca2, at(i)
		}, func(own *pki.Trustpoint) {
			own.OCSPURL, own.RevocationCheck = responder, []pki.RevocationMethod{pki.RevocationOCSP}
		})
		for i := range 70 + others {
			w.Servers[at(i)] = func([]byte) []byte { return ca2.CRL() }
		}
		w.Hanging = map[string]bool{responder: true}
		if !w.Until(3*time.Second, func() bool { return up(hub) == others }) {
			t.Errorf("IKEv%d: %d of %d are up", version, up(hub), others)
		}
	}
}

// A CRL that was used is fetched anew before it runs out, and nobody has to wait.
func TestPrefetched(t *testing.T) {
	w, hub := hubAndSpokes(t, 2, 1, func(int) (*testca.CA, string) { return testca.New("CA1", 0), goodCDP })
	ca := testca.New("CA1", 0)
	w.Servers[goodCDP] = func([]byte) []byte { return ca.CRLAt(w.Now, w.Now.Add(10*time.Hour)) }
	asked := func() (at []time.Duration) {
		for _, r := range hub.Reports {
			if _, ok := r.Event.(engine.RevocationAsked); ok {
				at = append(at, r.At.Sub(sim.Epoch).Truncate(time.Minute))
			}
		}
		return at
	}
	w.Run(9*time.Hour - time.Minute)
	if got := asked(); up(hub) != 1 || len(got) != 1 {
		t.Fatalf("%d are up, asked at %v", up(hub), got)
	}
	w.Run(2 * time.Minute)
	if got := asked(); len(got) != 2 || got[1] != 9*time.Hour {
		t.Errorf("asked at %v", got)
	}
	if n := len(hub.StoredCRLs); n != 2 {
		t.Errorf("%d CRLs for the store", n)
	}
}

// show crypto pki counters: what is validated, what waits, and what was asked for.
func TestPKICounters(t *testing.T) {
	for version := 1; version <= 2; version++ {
		w, hub := hubAndSpokes(t, version, 2, func(i int) (*testca.CA, string) {
			if i == 0 {
				return testca.New("CA2", 1), holeCDP
			}
			return testca.New("CA1", 0), goodCDP
		})
		w.Hanging = map[string]bool{holeCDP: true}
		check := func(when string, want engine.PKIStats) {
			t.Helper()
			if got := hub.Views().PKI; got != want {
				t.Errorf("IKEv%d, %s: %+v, want %+v", version, when, got, want)
			}
		}
		if !w.Until(time.Minute, func() bool { return up(hub) == 1 && hub.Views().PKI.Active == 1 }) {
			t.Fatalf("IKEv%d: %+v", version, hub.Views().PKI)
		}
		check("while a server hangs", engine.PKIStats{Started: 2, Active: 1, Succeeded: 1, CRLs: 1, Fetches: 2})
		if err := hub.Command(ike.ClearPKICounters{}); err != nil {
			t.Fatal(err)
		}
		check("cleared", engine.PKIStats{Started: 1, Active: 1})
		if !w.Until(ike.LookupTime, func() bool { return refused(hub, "did not answer in time") }) {
			t.Fatalf("IKEv%d: nobody is refused", version)
		}
		check("at the end", engine.PKIStats{Started: 1, Failed: 1, Refused: 1})
	}
}
