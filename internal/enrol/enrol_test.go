package enrol_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

// router is a store and what works on it.
type router struct {
	*enrol.Work
	t        *testing.T
	dir      string
	settings pki.Settings
	now      time.Time
	events   []pki.Event
}

// start makes a router whose trustpoint has authenticated the server's CA.
func start(t *testing.T, server *scepserver.Server, change func(*pki.Settings)) *router {
	t.Helper()
	h := httptest.NewServer(server)
	t.Cleanup(h.Close)
	r := &router{t: t, dir: filepath.Join(t.TempDir(), "store"), now: time.Now(), settings: pki.Settings{
		Name: "IOSCA1", EnrollmentURL: h.URL, SubjectName: "CN=R1,OU=IT,O=cisco,O=com", FQDN: "R1.cisco.com", SerialNumber: true,
		IPAddress: netip.MustParseAddr("192.168.0.1"), RSAKeypair: "R1", RSABits: 1024, EnrollmentRA: server.RA != nil,
	}}
	if change != nil {
		change(&r.settings)
	}
	r.restart()
	a, err := r.Authority(t.Context(), r.settings)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Trust(t.Context(), r.settings.Name, a.CA); err != nil {
		t.Fatal(err)
	}
	return r
}

// restart forgets everything but the store.
func (r *router) restart() {
	r.t.Helper()
	st, err := store.Open(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Work = &enrol.Work{
		Store: st, Host: func() pki.Host { return pki.Host{Hostname: "R1", Domain: "cisco.com", Serial: "100"} }, Rand: rand.Reader,
		Change: func(_ context.Context, f func(*store.Store) error) error { return f(st) },
		Now:    func() time.Time { return r.now },
		Report: func(e pki.Event) { r.events = append(r.events, e) },
	}
}

// state is what the store has for the trustpoint.
func (r *router) state() (*pki.Trustpoint, *pki.Enrolling) {
	r.t.Helper()
	snapshot, err := r.Store.Load([]pki.Settings{r.settings})
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := r.Store.Enrolling(r.settings.Name)
	if err != nil {
		r.t.Fatal(err)
	}
	return snapshot.Lookup(r.settings.Name), e
}

// step carries out what is next, at its time.
func (r *router) step(want pki.Step) error {
	r.t.Helper()
	tp, e := r.state()
	step, at := tp.NextStep(e)
	if step != want {
		r.t.Fatalf("the next step is %s, want %s", step, want)
	}
	if at.After(r.now) {
		r.now = at
	}
	return r.Do(r.t.Context(), step, tp, e)
}

func (r *router) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestEnrolAndRenew(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Password: "secret", Lifetime: 100 * time.Hour}
	r := start(t, server, func(s *pki.Settings) { s.AutoEnroll, s.Regenerate, s.Password = 70, true, []byte("secret") })
	r.must(r.step(pki.StepEnroll))
	first, e := r.state()
	if first.Identity == nil || first.Signer == nil || e != nil {
		t.Fatalf("%+v, %+v", first, e)
	}
	if _, at := first.NextStep(nil); at.Sub(first.Identity.X509.NotBefore) != 70*time.Hour {
		t.Errorf("renewal after %v", at.Sub(first.Identity.X509.NotBefore))
	}
	r.must(r.step(pki.StepRenew))
	second, _ := r.state()
	if second.Identity.Equal(first.Identity) || second.Enrolled <= first.Enrolled {
		t.Error("the certificate is not newer")
	}
	if same(second.Signer, first.Signer) {
		t.Error("regenerate has kept the key")
	}
	if second.Key.Label != "R1" {
		t.Errorf("the new key is called %s", second.Key.Label)
	}
	log := server.Log()
	last := log[len(log)-1]
	if last.Type != "17" || last.Signer.SerialNumber.Cmp(first.Identity.X509.SerialNumber) != 0 {
		t.Errorf("the renewal was a message %s signed by %s", last.Type, last.Signer.Subject)
	}
	if _, ok := r.events[len(r.events)-1].(pki.EnrolmentGranted); !ok {
		t.Errorf("%T was reported last", r.events[len(r.events)-1])
	}
}

func same(a, b crypto.Signer) bool {
	return a.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(b.Public())
}

// TestPendingSurvivesRestart: the CA's operator takes his time.
func TestPendingSurvivesRestart(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 2}
	r := start(t, server, func(s *pki.Settings) { s.RetryMinutes = 5 })
	tp, _ := r.state()
	out, err := r.Enroll(t.Context(), tp, "")
	if err != nil || out.Status != scep.Pending || out.Under.Next.Sub(r.now) != 5*time.Minute {
		t.Fatalf("%+v, %v", out, err)
	}
	info, err := os.Stat(filepath.Join(r.dir, "enrolling.IOSCA1.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	r.restart()
	r.must(r.step(pki.StepContinue))
	r.restart()
	r.must(r.step(pki.StepContinue))
	if tp, e := r.state(); tp.Identity == nil || e != nil {
		t.Fatalf("%+v, %+v", tp, e)
	}
	var types []string
	for _, in := range server.Log() {
		if in.Type != "" {
			types = append(types, in.Type)
		}
	}
	if strings.Join(types, " ") != "19 20 20" {
		t.Errorf("messages %q", types)
	}
}

func TestGivesUp(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Polls: 100}
	r := start(t, server, func(s *pki.Settings) { s.RetryCount, s.AutoEnroll = 3, 90 })
	r.must(r.step(pki.StepEnroll))
	r.must(r.step(pki.StepContinue))
	r.must(r.step(pki.StepContinue))
	_, e := r.state()
	if e == nil || !e.GaveUp {
		t.Fatalf("%+v", e)
	}
	before := r.now
	r.must(r.step(pki.StepEnroll))
	if r.now.Sub(before) != time.Hour {
		t.Errorf("auto-enroll begins again after %v", r.now.Sub(before))
	}
}

// TestServerDown: a server that does not even say what it can is asked again by the
// configured period and count, as one that does not answer the request.
func TestServerDown(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}
	r := start(t, server, func(s *pki.Settings) { s.RetryMinutes, s.RetryCount = 5, 3 })
	up := r.settings.EnrollmentURL
	r.settings.EnrollmentURL = "http://127.0.0.1:1"
	tp, _ := r.state()
	if _, err := r.Enroll(t.Context(), tp, ""); err == nil {
		t.Fatal("a server that is not there has answered")
	}
	_, e := r.state()
	if e == nil || e.Tries != 1 || e.Next.Sub(r.now).Round(time.Minute) != 5*time.Minute {
		t.Fatalf("kept: %+v", e)
	}
	if err := r.step(pki.StepContinue); err == nil {
		t.Fatal("a server that is not there has answered")
	}
	r.settings.EnrollmentURL = up
	r.restart()
	r.must(r.step(pki.StepContinue))
	if tp, e := r.state(); tp.Identity == nil || e != nil {
		t.Errorf("%+v, %+v", tp, e)
	}
}

// TestServerDownAtRenewal: so is one that is down when a renewal is due, and what it
// can is learned then: one that does not renew on a signature is asked as by a newcomer.
func TestServerDownAtRenewal(t *testing.T) {
	for want, capabilities := range map[string]string{"17": scepserver.DefaultCapabilities, "19": "AES\nPOSTPKIOperation\nSHA-256\n"} {
		server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: capabilities, Lifetime: 100 * time.Hour}
		r := start(t, server, func(s *pki.Settings) { s.AutoEnroll, s.RetryMinutes, s.RetryCount = 70, 5, 3 })
		r.must(r.step(pki.StepEnroll))
		first, _ := r.state()
		up := r.settings.EnrollmentURL
		r.settings.EnrollmentURL = "http://127.0.0.1:1"
		if err := r.step(pki.StepRenew); err == nil {
			t.Fatal("a server that is not there has answered")
		}
		if _, e := r.state(); e == nil || e.Tries != 1 || e.Next.Sub(r.now).Round(time.Minute) != 5*time.Minute {
			t.Fatalf("kept: %+v", e)
		}
		r.settings.EnrollmentURL = up
		r.restart()
		r.must(r.step(pki.StepContinue))
		second, e := r.state()
		if second.Identity.Equal(first.Identity) || e != nil {
			t.Errorf("%+v, %+v", second, e)
		}
		log := server.Log()
		if last := log[len(log)-1]; last.Type != want {
			t.Errorf("the renewal was a message %s, want %s", last.Type, want)
		}
	}
}

// A disk that is full when the CA has granted: what stood stands, and the CA is asked for
// the same certificate again.
func TestFullDisk(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Lifetime: 100 * time.Hour}
	r := start(t, server, func(s *pki.Settings) { s.AutoEnroll = 70 })
	r.must(r.step(pki.StepEnroll))
	first, _ := r.state()
	change := r.Change
	r.Change = func(context.Context, func(*store.Store) error) error { return syscall.ENOSPC }
	if err := r.step(pki.StepRenew); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("with a full disk: %v", err)
	}
	if tp, _ := r.state(); !tp.Identity.Equal(first.Identity) || !same(tp.Signer, first.Signer) {
		t.Error("the identity has changed")
	}
	if failed, ok := r.events[len(r.events)-1].(pki.EnrolmentFailed); !ok || failed.Reason != syscall.ENOSPC.Error() {
		t.Errorf("reported last: %+v", r.events[len(r.events)-1])
	}
	r.Change = change
	r.must(r.step(pki.StepContinue))
	if tp, e := r.state(); tp.Identity.Equal(first.Identity) || e != nil {
		t.Errorf("with room again: %+v", e)
	}
}

// TestRollover: the certificate ends with its CA, so that the next CA is asked; both
// take over when the present ones end.
func TestRollover(t *testing.T) {
	ca, next := testca.New("CA1", 0), testca.New("CA1", 4)
	server := &scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities, Next: next}
	r := start(t, server, func(s *pki.Settings) { s.AutoEnroll = 90 })
	r.must(r.step(pki.StepEnroll))
	first, _ := r.state()
	r.must(r.step(pki.StepRenew))
	tp, e := r.state()
	if !tp.Identity.Equal(first.Identity) || e == nil || len(e.Shadow) != 1 {
		t.Fatalf("%+v, %+v", tp, e)
	}
	r.restart()
	r.must(r.step(pki.StepRollover))
	if r.now.Before(first.Identity.X509.NotAfter) {
		t.Errorf("it took over on %v, before the end", r.now)
	}
	if tp, e = r.state(); !tp.CA.Equal(next.Cert) || tp.Identity.SignedBy(next.Cert) != nil || e != nil {
		t.Errorf("%+v, %+v", tp, e)
	}
}

// TestUnwanted is what must not get into the store.
func TestUnwanted(t *testing.T) {
	ca := testca.New("CA1", 0)
	for name, c := range map[string]struct {
		server *scepserver.Server
		change func(*pki.Settings)
		want   string
	}{
		"rejected":          {&scepserver.Server{CA: ca, Capabilities: scepserver.DefaultCapabilities, Password: "other"}, nil, ""},
		"EC":                {&scepserver.Server{CA: ca}, func(s *pki.Settings) { s.ECKeypair = "E" }, "wants an RSA key"},
		"no enrollment url": {&scepserver.Server{CA: ca}, func(s *pki.Settings) {}, "no enrollment url"},
		"nobody there":      {&scepserver.Server{CA: ca}, func(s *pki.Settings) {}, "connection refused"},
		"garbage": {&scepserver.Server{CA: ca, Sent: func(op string, b []byte) []byte {
			if op == "PKIOperation" {
				return []byte("sorry")
			}
			return b
		}}, nil, "the answer is refused"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, c.server, c.change)
			switch name {
			case "no enrollment url":
				r.settings.EnrollmentURL = ""
			case "nobody there":
				r.settings.EnrollmentURL = "http://127.0.0.1:1"
			}
			tp, _ := r.state()
			out, err := r.Enroll(t.Context(), tp, "guess")
			switch {
			case c.want == "" && (err != nil || out.Status != scep.Rejected):
				t.Errorf("%+v, %v", out, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			}
			if tp, _ := r.state(); tp.Identity != nil {
				t.Error("a certificate came into the store")
			}
		})
	}
}

func TestOneAtATime(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities, Sent: func(op string, b []byte) []byte {
		if op == "PKIOperation" {
			close(asked)
			<-goOn
		}
		return b
	}}
	r := start(t, server, nil)
	tp, _ := r.state()
	done := make(chan error, 1)
	go func() {
		_, err := r.Enroll(context.Background(), tp, "")
		done <- err
	}()
	<-asked
	if _, err := r.Enroll(t.Context(), tp, ""); err == nil || !strings.Contains(err.Error(), "is being enrolled") {
		t.Errorf("two at once: %v", err)
	}
	close(goOn)
	r.must(<-done)
}

// A key that another process has made while this one made its own stays: its
// certificate is on the way.
func TestKeyMadeMeanwhile(t *testing.T) {
	server := &scepserver.Server{CA: testca.New("CA1", 0), Capabilities: scepserver.DefaultCapabilities}
	r := start(t, server, nil)
	other, err := store.GenerateRSA("R1", 1024, pki.GeneralKey, false)
	r.must(err)
	change := r.Change
	r.Change = func(ctx context.Context, f func(*store.Store) error) error {
		r.Change = change
		r.must(r.Store.PutKeys(other))
		return change(ctx, f)
	}
	tp, _ := r.state()
	_, err = r.Enroll(t.Context(), tp, "")
	r.must(err)
	if tp, _ := r.state(); tp.Signer == nil || !same(tp.Signer, other.Signer) {
		t.Error("the other process's key is gone")
	}
}
