package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/pki/store"
)

// enrolment is what enrols over the network: the daemon's, or one on the store
// alone.
func (e *exec) enrolment(host pki.Host) (*enrol.Work, error) {
	if e.router != nil {
		return e.router.Enrolment(), nil
	}
	st, err := e.openHere()
	if err != nil {
		return nil, err
	}
	return &enrol.Work{
		Store: st, Host: func() pki.Host { return host }, Rand: rand.Reader, Now: time.Now,
		Change: func(_ context.Context, f func(*store.Store) error) error { return f(st) },
		Report: func(pki.Event) {}, // what the console has of it comes with the outcome
	}, nil
}

// log shows what a router's console shows of an event.
func (e *exec) log(event ike.Event) {
	for _, line := range ioslog.Lines(ike.Report{Event: event}) {
		if line.Facility == ioslog.Syslog {
			fmt.Fprintln(e.out, line.Text)
		}
	}
}

// authenticateSCEP asks the server of a trustpoint for its CA.
func (e *exec) authenticateSCEP(s pki.Settings, host pki.Host) error {
	w, err := e.enrolment(host)
	if err != nil {
		return err
	}
	a, err := w.Authority(e.ctx, s)
	if err != nil {
		return err
	}
	if err := e.accept(s, a.CA); err != nil {
		return err
	}
	imported, err := w.Trust(e.ctx, s.Name, a.CA)
	if err == nil {
		e.warn(imported.Warnings)
	}
	return err
}

// supersede asks whether a new request shall take the place of one that the CA has not
// decided. The words are ours.
func (e *exec) supersede(st *store.Store, name string) (bool, error) {
	pending, err := st.Enrolling(name)
	if err != nil || pending == nil || pending.GaveUp {
		return err == nil, err
	}
	fmt.Fprintf(e.out, "%% Trustpoint %s has a pending certificate request since %s\n", name, pending.Began.UTC().Format("15:04:05 UTC Jan 2 2006"))
	return e.confirm("Do you want to send another one in its place? [yes/no]: ")
}

// enrollSCEP requests a certificate from the server of a trustpoint, and waits so many
// seconds for one that is not granted at once.
func (e *exec) enrollSCEP(tp *pki.Trustpoint, host pki.Host, seconds int) error {
	if tp.CA == nil {
		return fmt.Errorf("trustpoint %s has no CA certificate: crypto pki authenticate %s comes first", tp.Name, tp.Name)
	}
	w, err := e.enrolment(host)
	if err != nil {
		return err
	}
	if yes, err := e.supersede(w.Store, tp.Name); err != nil || !yes {
		return err
	}
	fmt.Fprint(e.out, "%\n% Start certificate enrollment ..\n")
	password, err := e.challenge(tp.Settings)
	if err != nil {
		return err
	}
	asked := *tp
	if asked.Settings, err = e.subject(tp.Settings, host); err != nil {
		return err
	}
	if yes, err := e.confirm("Request certificate from CA? [yes/no]: "); err != nil || !yes {
		return err
	}
	out, err := w.Enroll(e.ctx, &asked, password)
	if err != nil {
		return e.again(w, tp.Name, err)
	}
	fmt.Fprintf(e.out, "%% Certificate request sent to Certificate Authority\n%% The 'show crypto pki certificate verbose %s' commandwill show the fingerprint.\n\n", tp.Name)
	for _, line := range ioslog.Lines(ike.Report{Event: pki.RequestMade{Trustpoint: tp.Name, DER: out.Request}}) {
		fmt.Fprintln(e.out, line.Text)
	}
	if out.Status == scep.Pending {
		if out, err = e.await(w, &asked, out, seconds); err != nil {
			return err
		}
	}
	switch out.Status {
	case scep.Rejected:
		e.log(pki.EnrolmentRejected{Trustpoint: tp.Name, Reason: out.Why})
		return fmt.Errorf("the CA has rejected the request: %s", out.Why)
	case scep.Granted:
		e.log(pki.EnrolmentGranted{Trustpoint: tp.Name})
	}
	e.warn(out.Imported.Warnings)
	return nil
}

// again says of a request without an answer when a daemon sends it again.
func (e *exec) again(w *enrol.Work, name string, why error) error {
	under, err := w.Store.Enrolling(name)
	if err != nil || under == nil || under.GaveUp || e.router == nil {
		return why
	}
	return fmt.Errorf("%w; the request is sent again at %s", why, under.Next.UTC().Format(time.DateTime))
}

// challenge is the configured password, or the one that the operator makes up.
func (e *exec) challenge(s pki.Settings) (string, error) {
	if len(s.Password) > 0 {
		return string(s.Password), nil
	}
	fmt.Fprint(e.out, `% Create a challenge password. You will need to verbally provide this
   password to the CA Administrator in order to revoke your certificate.
   For security reasons your password will not be saved in the configuration.
   Please make a note of it.

`)
	first, err := e.ask(Question{Secret, "Password: "})
	if err != nil {
		return "", err
	}
	second, err := e.ask(Question{Secret, "Re-enter password: "})
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the passwords are not the same")
	}
	fmt.Fprintln(e.out)
	return first, nil
}

// awaitEvery is how often a waiting enroll looks whether the CA has decided.
const awaitEvery = 300 * time.Millisecond

// await waits for the decision about a pending request. A daemon asks by itself; without
// one this is who asks.
func (e *exec) await(w *enrol.Work, tp *pki.Trustpoint, out enrol.Outcome, seconds int) (enrol.Outcome, error) {
	if seconds == 0 {
		next := "the next question is due at " + out.Under.Next.UTC().Format(time.DateTime)
		if e.router == nil {
			next = fmt.Sprintf("no obold runs that asks again, crypto pki enroll %s does", tp.Name)
		}
		fmt.Fprintf(e.out, "%% The CA has the request and has not decided; %s\n", next)
		return out, nil
	}
	timeout := time.After(time.Duration(seconds) * time.Second)
	for {
		select {
		case <-e.ctx.Done():
			return out, errors.New("interrupted; the request stays")
		case <-timeout:
			return out, fmt.Errorf("the CA has not decided after %d s; the request stays", seconds)
		case <-time.After(awaitEvery):
		}
		under, err := w.Store.Enrolling(tp.Name)
		switch {
		case err != nil:
			return out, err
		case under == nil && e.router != nil:
			return e.decided(tp)
		case under == nil:
			return out, errors.New("the request is gone from the store")
		case under.GaveUp:
			return out, errors.New("the CA has not decided, and the retry count is reached")
		case e.router == nil && !under.Next.After(time.Now()):
			if out, err = w.Continue(e.ctx, tp, under); err != nil || out.Status != scep.Pending {
				return out, err
			}
		}
	}
}

// decided is what became of a request that the daemon has followed.
func (e *exec) decided(before *pki.Trustpoint) (enrol.Outcome, error) {
	now := e.router.PKI().Lookup(before.Name)
	if now == nil || now.Identity == nil || now.Identity.Equal(before.Identity) {
		return enrol.Outcome{}, errors.New("the CA has not granted the certificate; the log says why")
	}
	return enrol.Outcome{Status: scep.Granted}, nil
}
