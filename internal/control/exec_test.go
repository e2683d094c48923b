package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// router is a daemon that records what the commands want of it.
type router struct {
	mu       sync.Mutex
	view     engine.View
	refuse   error
	commands []ike.Command
	asked    []ipsec.SAID
	snapshot *pki.Snapshot
	store    *store.Store
	dir      string
	config   *policy.Config // running, nil: one with a trustpoint
	startup  string         // the text of the startup-config

	sits    *sits        // who answers questions
	becomes *engine.View // by a command, nil: nothing changes
	reports chan ike.Report
	lost    uint64
	open    int // subscriptions
	on      debugging
}

func newRouter(t *testing.T) *router {
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &router{sits: &sits{}, dir: dir, store: st, snapshot: pki.NewSnapshot(nil), reports: make(chan ike.Report, 10)}
}

func (r *router) Enrolment() *enrol.Work {
	return &enrol.Work{Store: r.store, Change: r.Change, Host: func() pki.Host { return Host(r.Config()) }, Rand: rand.Reader, Now: time.Now, Report: func(pki.Event) {}}
}

func (r *router) Notice() string { return "% a notice" }
func (r *router) Config() *policy.Config {
	if r.config != nil {
		return r.config
	}
	return &policy.Config{Serial: "100", Trustpoints: []pki.Settings{{Name: "IOSCA1"}}}
}
func (r *router) PKI() *pki.Snapshot { return r.snapshot }
func (r *router) Store() string      { return r.dir }

func (r *router) Change(_ context.Context, f func(*store.Store) error) error {
	if err := f(r.store); err != nil {
		return err
	}
	var err error
	r.snapshot, err = r.store.Load([]pki.Settings{{Name: "IOSCA1"}})
	return err
}

func (r *router) View(context.Context) (engine.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view, nil
}

func (r *router) Counters(_ context.Context, ids []ipsec.SAID) (map[ipsec.SAID]ipsec.Counters, error) {
	r.asked = ids
	return nil, nil
}

func (r *router) Command(_ context.Context, cmd ike.Command) error {
	r.commands = append(r.commands, cmd)
	if r.becomes != nil {
		r.view = *r.becomes
	}
	return r.refuse
}

func (r *router) Subscribe() Subscription    { r.open++; return r }
func (r *router) Reports() <-chan ike.Report { return r.reports }
func (r *router) Lost() (n uint64)           { n, r.lost = r.lost, 0; return n }
func (r *router) Close()                     { r.open-- }
func (r *router) report(events ...ike.Event) {
	for _, e := range events {
		r.reports <- ike.Report{At: time.Unix(0, 0).UTC(), Event: e}
	}
}

// do carries out a line in the daemon and gives what the client sees.
func (r *router) do(ctx context.Context, line string, files ...File) (code int, out, errs string) {
	var o, e bytes.Buffer
	cmd, err := Parse(line)
	if err != nil {
		return ExitInvalid, "", err.Error()
	}
	code = cmd.run(&exec{ctx: ctx, request: Request{Line: line, Files: files}, router: r, debugs: &r.on, out: &o, err: &e, asker: r.sits.answer})
	return code, o.String(), e.String()
}

func TestClearCommands(t *testing.T) {
	for line, want := range map[string]ike.Command{
		"clear crypto isakmp":                     ike.ClearISAKMP{},
		"clear crypto isakmp 1001":                ike.ClearISAKMP{ConnID: 1001},
		"clear crypto sa":                         ike.ClearSA{},
		"clear crypto sa peer 192.168.0.2":        ike.ClearSA{Peer: netip.MustParseAddr("192.168.0.2")},
		"clear crypto session":                    ike.ClearSession{},
		"clear crypto session remote 2001:db8::2": ike.ClearSession{Remote: netip.MustParseAddr("2001:db8::2")},
		"clear crypto ikev2 sa":                   ike.ClearIKEv2{},
		"clear crypto pki counters":               ike.ClearPKICounters{},
		"clear crypto ikev2 cert":                 ike.ClearCertificateCache{},
		"crypto pki crl request IOSCA1":           ike.RequestCRL{Trustpoint: "IOSCA1"},
		"cl cry ike sa psh 7":                     ike.ClearIKEv2{ConnID: 7},
		"clear crypto ikev2 sa local 192.168.0.1": ike.ClearIKEv2{Local: netip.MustParseAddr("192.168.0.1")},
		"clear crypto ikev2 sa rem 2001:db8::2":   ike.ClearIKEv2{Remote: netip.MustParseAddr("2001:db8::2")},
		"clear crypto ikev2 sa fast":              ike.ClearIKEv2{Fast: true},
		"clear crypto ikev2 stats":                ike.ClearIKEv2Stats{},
		"clear crypto ikev2 diag err":             ike.ClearIKEv2Errors{},
		"clear crypto session remote 192.168.0.2": ike.ClearSession{Remote: netip.MustParseAddr("192.168.0.2")},
	} {
		r := newRouter(t)
		code, out, errs := r.do(t.Context(), line)
		if code != ExitDone || out+errs != "" {
			t.Errorf("%s: exit %d, %q", line, code, out+errs)
		}
		if d := cmp.Diff([]ike.Command{want}, r.commands, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: %s", line, d)
		}
		r.refuse = errors.New("no ISAKMP SA with conn id 1001")
		if code, _, errs := r.do(t.Context(), line); code != ExitFailed || errs != "% no ISAKMP SA with conn id 1001\n" {
			t.Errorf("%s, refused: exit %d, %q", line, code, errs)
		}
	}
}

func TestShowsStandUnderTheNoticeAndAskForCounters(t *testing.T) {
	in, out := ipsec.SAID{SPI: 1}, ipsec.SAID{SPI: 2}
	for _, line := range []string{"show crypto isakmp sa", "show crypto isakmp sa detail", "show crypto ipsec sa", "show crypto session", "show crypto pki certificates"} {
		r := newRouter(t)
		r.view.Tunnels = []tunnel.View{{Name: "Tunnel1", Children: []tunnel.ChildView{{In: ipsec.SA{SAID: in}, Out: ipsec.SA{SAID: out}}}}}
		code, text, errs := r.do(t.Context(), line)
		if code != ExitDone || errs != "" || !strings.HasPrefix(text, "% a notice\n") {
			t.Errorf("%s: exit %d\n%s%s", line, code, text, errs)
		}
		counted := strings.Contains(line, "ipsec") || strings.Contains(line, "session")
		if asked := slices.Equal(r.asked, []ipsec.SAID{in, out}); asked != counted {
			t.Errorf("%s asked for the counters of %v", line, r.asked)
		}
	}
}

func TestWhatWaitsForATunnel(t *testing.T) {
	up := engine.View{Tunnels: []tunnel.View{{Name: "Tunnel1", Children: make([]tunnel.ChildView, 1)}}}
	peer := netip.MustParseAddr("192.168.0.2")
	under := engine.View{
		Tunnels:  []tunnel.View{{Name: "Tunnel1", Destination: peer}},
		Sessions: []ikev1.View{{Initiator: true, Remote: netip.AddrPortFrom(peer, 500), State: "MM_KEY_EXCH"}},
	}
	underV2 := engine.View{
		Tunnels: []tunnel.View{{Name: "Tunnel1", Destination: peer}},
		IKEv2:   []ikev2.View{{Initiator: true, Remote: netip.AddrPortFrom(peer, 500), State: ikev2.IWaitAuth}},
	}
	other := []ike.Event{ike.ChildUp{Tunnel: "Tunnel2"}, ike.NegotiationFailed{Tunnel: "Tunnel2"}, ike.SessionUp{}}
	for _, test := range []struct {
		name, line string
		view       engine.View
		becomes    *engine.View
		refuse     error
		events     []ike.Event
		code       int
		out, err   string // beginnings
	}{
		{name: "comes up", line: "initiate Tunnel1", events: append(other, ike.ChildUp{Tunnel: "Tunnel1"}), code: ExitDone, out: "Tunnel1 is up after 0.0 s\n"},
		{name: "comes up at once", line: "initiate Tunnel1", becomes: &up, events: []ike.Event{ike.ChildUp{Tunnel: "Tunnel1"}}, code: ExitDone, out: "Tunnel1 is up after 0.0 s\n"},
		{name: "fails", line: "initiate Tunnel1", events: append(other, ike.NegotiationFailed{Tunnel: "Tunnel1", Stage: "MM5", Reason: "the peer is silent"}),
			code: ExitFailed, err: "% Tunnel1: MM5: the peer is silent\n"},
		{name: "is up", line: "initiate Tunnel1", view: up, code: ExitDone, out: "Tunnel1 is up already\n"},
		{name: "unknown", line: "initiate Tunnel9", refuse: &engine.NoTunnelError{Tunnel: "Tunnel9"}, code: ExitInvalid, err: "% no such tunnel: Tunnel9\n"},
		{name: "refused", line: "initiate Tunnel1", refuse: &engine.RefusedError{Tunnel: "Tunnel1", Reason: "responder-only"}, code: ExitFailed, err: "% Tunnel1: responder-only\n"},
		{name: "no wait", line: "initiate Tunnel1 wait 0", code: ExitDone},
		{name: "silence", line: "initiate Tunnel1 wait 1", code: ExitFailed, err: "% Tunnel1: not up after 1 s\n"},
		{name: "still under way", line: "initiate Tunnel1 wait 1", view: under, code: ExitFailed, err: "% Tunnel1: not up after 1 s: still negotiating with 192.168.0.2, in MM_KEY_EXCH\n"},
		{name: "still under way in IKEv2", line: "initiate Tunnel1 wait 1", view: underV2, code: ExitFailed, err: "% Tunnel1: not up after 1 s: still negotiating with 192.168.0.2, in I_WAIT_AUTH\n"},
		{name: "rekeys", line: "rekey ipsec Tunnel1", view: up, events: append(other, engine.Rekeyed{Tunnel: "Tunnel1"}, ike.ChildUp{Tunnel: "Tunnel1"}), code: ExitDone, out: "Tunnel1 is rekeyed after 0.0 s\n"},
		{name: "rekeys IKE", line: "rekey ike Tunnel1", view: up, events: append(other, ike.ChildUp{Tunnel: "Tunnel1"}, engine.Rekeyed{Tunnel: "Tunnel2"}, engine.Rekeyed{Tunnel: "Tunnel1"}),
			code: ExitDone, out: "Tunnel1 is rekeyed after 0.0 s\n"},
		{name: "is not rekeyed", line: "rekey ike Tunnel1", view: up, events: append(other, ike.NegotiationFailed{Tunnel: "Tunnel1", Stage: "IKE", Reason: "Received no proposal chosen notify"}),
			code: ExitFailed, err: "% Tunnel1: IKE: Received no proposal chosen notify\n"},
		{name: "nothing to rekey", line: "rekey ipsec Tunnel1", refuse: &engine.RefusedError{Tunnel: "Tunnel1", Reason: "it has no IPsec SA"}, code: ExitFailed, err: "% Tunnel1: it has no IPsec SA\n"},
		{name: "nobody waits for the rekey", line: "rekey ike Tunnel1 wait 0", view: up, code: ExitDone},
		{name: "the rekey takes long", line: "rekey ike Tunnel1 wait 1", view: up, code: ExitFailed, err: "% Tunnel1: not rekeyed after 1 s\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				r.view, r.becomes, r.refuse = test.view, test.becomes, test.refuse
				r.report(test.events...)
				code, out, errs := r.do(t.Context(), test.line)
				if code != test.code || out != test.out || errs != test.err {
					t.Errorf("exit %d, out %q, err %q", code, out, errs)
				}
				if r.open != 0 {
					t.Error("the subscription stays")
				}
			})
		})
	}
}

func TestDebugStreamsItsFacilityAndSyslog(t *testing.T) {
	r := newRouter(t)
	r.lost = 3
	r.report(
		ikev1.Authenticated{SA: ikev1.SA{ConnID: 1001, Remote: netip.MustParseAddrPort("192.168.0.2:500")}},
		ikev1.CertRefused{SA: ikev1.SA{ConnID: 1001, Remote: netip.MustParseAddrPort("192.168.0.2:500")}},
		ikev1.SPIAllocated{SA: ikev1.SA{ConnID: 1001}},
	)
	close(r.reports) // the daemon stops
	code, out, errs := r.do(t.Context(), "debug crypto isakmp")
	if code != ExitDone || errs != "% 3 reports lost: they are not read fast enough\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	for _, want := range []string{"*Jan  1 00:00:00.000: ISAKMP:(1001):SA authentication status:", ": %CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !strings.HasPrefix(out, "Crypto ISAKMP debugging is on\n*") {
		t.Errorf("the answer does not come first:\n%s", out)
	}
	if strings.Contains(out, "IPSEC") {
		t.Errorf("lines of another facility in\n%s", out)
	}
	if r.open != 0 {
		t.Error("the subscription stays")
	}
}

// TestDebugIKEv2: debug crypto ikev2 has the errors too, but neither the trace of
// the machine nor the packets' headers.
func TestDebugIKEv2(t *testing.T) {
	sa := ikev2.SA{ConnID: 7, Role: ikev2.Initiator}
	for line, want := range map[string]string{
		"debug crypto ikev2":          "IKEv2 default debugging is on\nKeys, Error",
		"debug crypto ikev2 error":    "IKEv2 error debugging is on\nError",
		"debug crypto ikev2 internal": "IKEv2 internal debugging is on\nTrace",
		"debug crypto ikev2 int pa":   "IKEv2 internal debugging is on\nIKEv2 packet debugging is on\nTrace, Header",
		"debug crypto ikev2 pki":      "IKEv2 default debugging is on\nKeys, Error",
	} {
		r := newRouter(t)
		r.report(
			ikev2.StateChange{SA: sa, New: ikev2.IWaitInit},
			ikev2.PacketReceived{SA: sa, Exchange: wire.ExchangeAuth},
			ikev2.InitCompleted{SA: sa},
			ikev2.PeerDead{SA: sa},
		)
		close(r.reports)
		_, out, _ := r.do(t.Context(), line)
		answer, lines := "", []string{}
		for l := range strings.Lines(out) {
			if !strings.HasPrefix(l, "*") {
				answer += l
			}
		}
		for _, l := range []struct{ word, text string }{
			{"Keys", "IKEv2:(SA ID = 7):Completed SA init exchange"}, {"Error", "IKEv2-ERROR:(SA ID = 7):"},
			{"Trace", "IKEv2:(SA ID = 7):SM Trace"}, {"Header", "IKEv2-PAK:(SA ID = 7):"},
		} {
			if strings.Contains(out, l.text) {
				lines = append(lines, l.word)
			}
		}
		if got := answer + strings.Join(lines, ", "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestDebugEndsWithItsClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, out, errs := newRouter(t).do(ctx, "debug crypto ipsec isakmp pki"); code != ExitDone || out+errs != "Crypto ISAKMP debugging is on\nCrypto IPSEC debugging is on\n" {
		t.Errorf("exit %d, %q", code, out+errs)
	}
}

// What one client has switched on all see, and any switches off: a stream goes on with
// what is left of it, and ends with the last.
func TestUndebug(t *testing.T) {
	const notice = "% a notice\n"
	r := newRouter(t)
	says := func(line, want string) {
		t.Helper()
		if code, out, errs := r.do(t.Context(), line); code != ExitDone || out != want || errs != "" {
			t.Errorf("%s: exit %d, %q %q, want %q", line, code, out, errs, want)
		}
	}
	says("show debugging", notice)
	over := make(chan string)
	for _, line := range []string{"debug crypto isakmp pki", "debug crypto ikev2 error packet"} {
		go func() {
			other := &router{reports: make(chan ike.Report)}
			var out bytes.Buffer
			cmd, _ := Parse(line)
			cmd.run(&exec{ctx: t.Context(), router: other, debugs: &r.on, out: &out, err: &out})
			over <- line
		}()
	}
	for len(r.on.all()) != 4 {
		time.Sleep(time.Millisecond)
	}
	says("show debugging", notice+"Cryptographic Subsystem:\n  Crypto ISAKMP debugging is on\n\nPKI:\n  debug crypto pki is on\n\n"+
		"IKEV2:\n  IKEv2 error debugging is on\n  IKEv2 packet debugging is on\n")
	says("no debug crypto isakmp ipsec", "Crypto ISAKMP debugging is off\nCrypto IPSEC debugging is off\n")
	says("undebug crypto ikev2 packet", "IKEv2 packet debugging is off\n")
	says("show deb", notice+"PKI:\n  debug crypto pki is on\n\nIKEV2:\n  IKEv2 error debugging is on\n")
	says("undebug crypto pki", "")
	if line := <-over; line != "debug crypto isakmp pki" {
		t.Errorf("%s has ended", line)
	}
	says("un all", "All possible debugging has been turned off\n")
	<-over
	says("show debugging", notice)
}

func TestImportThroughTheDaemonAndAlone(t *testing.T) {
	ca := testca.New("CA1", 1)
	id := ca.Enroll("R1", "192.168.0.1", "100", 3)
	files := []File{{"ca", testca.CertPEM(ca.Cert)}, {"cert", testca.CertPEM(id.Cert)}, {"key", id.KeyPEM()}}
	says := []string{"Trustpoint IOSCA1 imported\n", "CA certificate cn=CA1,o=cisco,o=com\n",
		"serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1"}
	const line = "crypto pki import IOSCA1 pem"

	r := newRouter(t)
	code, out, errs := r.do(t.Context(), line, files...)
	for _, want := range append(says, "The serial number of this router is 100 (!obol serial-number)\n") {
		if !strings.Contains(out, want) {
			t.Errorf("with a daemon: no %q in\n%s", want, out)
		}
	}
	if tp := r.snapshot.Lookup("IOSCA1"); code != ExitDone || errs != "" || tp == nil || tp.Identity == nil {
		t.Errorf("with a daemon: exit %d, %q, adopted %v", code, errs, tp)
	}

	code, _, errs = r.do(t.Context(), "crypto pki import IOSCA11 pem", files...)
	if want := "% Warning: the running configuration has no crypto pki trustpoint IOSCA11: it is kept, and not used\n"; code != ExitDone || errs != want {
		t.Errorf("a name that is not configured: exit %d, %q", code, errs)
	}

	dir := filepath.Join(t.TempDir(), "store")
	offline := func(line string, files ...File) (int, string, string) {
		cmd, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := cmd.Offline(t.Context(), Offline{Store: dir}, Request{Line: line, Files: files}, Terminal{Out: &out, Err: &errs})
		return code, out.String(), errs.String()
	}
	code, out, errs = offline(line, files...)
	for _, want := range says {
		if !strings.Contains(out, want) {
			t.Errorf("alone: no %q in\n%s", want, out)
		}
	}
	if code != ExitDone || errs != "" {
		t.Errorf("alone: exit %d, %q", code, errs)
	}
	if code, out, errs = offline("crypto pki crl import IOSCA1 x", File{"crl", testca.CRLPEM(ca.CRL())}); code != ExitDone || !strings.HasPrefix(out, "CRL of trustpoint IOSCA1 imported\n") {
		t.Errorf("CRL: exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = offline("show crypto pki certificates")
	if code != ExitDone || errs != "" || !strings.Contains(out, "Associated Trustpoints: IOSCA1") {
		t.Errorf("show: exit %d\n%s%s", code, out, errs)
	}

	before := listing(t, dir)
	code, out, errs = offline(line, File{"ca", []byte("no PEM")})
	if code != ExitFailed || out != "" || !strings.HasPrefix(errs, "% ") || strings.Count(errs, "\n") != 1 {
		t.Errorf("a bad one: exit %d, %q, %q", code, out, errs)
	}
	if d := cmp.Diff(before, listing(t, dir)); d != "" {
		t.Errorf("a failed import changed the store: %s", d)
	}
}

// listing gives every file of a directory with what it holds.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRequestForAnotherStoreIsNotOurs(t *testing.T) {
	r := newRouter(t)
	path := serving(t, Handle(r))
	for dir, want := range map[string]int{r.dir: ExitDone, "/elsewhere": ExitNoDaemon} {
		var out, errs bytes.Buffer
		code, err := Do(t.Context(), path, Request{Line: "show crypto pki certificates", Files: []File{{"store", []byte(dir)}}}, Terminal{Out: &out, Err: &errs})
		if code != want || err != nil || errs.Len() != 0 {
			t.Errorf("%s: exit %d, %v, %q", dir, code, err, errs.String())
		}
	}
	var out, errs bytes.Buffer
	code, err := Do(t.Context(), path, Request{Line: "show bogus"}, Terminal{Out: &out, Err: &errs})
	if code != ExitInvalid || err != nil || !strings.Contains(errs.String(), "% Invalid input detected at '^' marker.") {
		t.Errorf("invalid: exit %d, %v, %q", code, err, errs.String())
	}
}
