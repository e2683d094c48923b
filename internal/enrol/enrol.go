// Package enrol carries out what the enrolment of a trustpoint wants: it asks the CA
// by SCEP, keeps what is under way in the store, and installs what is granted. The
// commands and the daemon's timer use it alike.
package enrol

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/pki/store"
)

// Work is what an enrolment works with.
type Work struct {
	Store *store.Store
	// Change lets one writer at the store and has the daemon, where one runs, adopt
	// what the store holds then.
	Change func(context.Context, func(*store.Store) error) error
	Host   func() pki.Host // as it is configured now
	Rand   io.Reader
	Now    func() time.Time
	Policy pki.Policy      // of the signatures of CAs
	Report func(pki.Event) // hears what IOS prints
	Kept   func()          // hears that what is under way has changed; nil: nobody does

	mu   sync.Mutex
	busy map[string]bool // trustpoints that an enrolment works for
}

// begin claims a trustpoint: two requests at once would answer each other.
func (w *Work) begin(name string) (end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[name] {
		return nil, fmt.Errorf("trustpoint %s is being enrolled", name)
	}
	if w.busy == nil {
		w.busy = map[string]bool{}
	}
	w.busy[name] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.busy, name)
	}, nil
}

func (w *Work) step(s pki.Settings, format string, args ...any) {
	w.Report(pki.EnrolmentStep{Trustpoint: s.Name, Text: fmt.Sprintf(format, args...)})
}

// client is the way to a trustpoint's server.
func (w *Work) client(s pki.Settings) (*scep.Client, error) {
	c, err := scep.New(s, w.Rand)
	if err != nil {
		return nil, err
	}
	c.Policy = w.Policy
	c.Say = func(line string) { w.step(s, "%s", line) }
	return c, nil
}

// Authority asks who the CA of a trustpoint is. Nobody vouches for the answer but its
// fingerprint.
func (w *Work) Authority(ctx context.Context, s pki.Settings) (*scep.Authority, error) {
	c, err := w.client(s)
	if err != nil {
		return nil, err
	}
	return c.Authority(ctx)
}

// Trust makes a certificate the CA of a trustpoint.
func (w *Work) Trust(ctx context.Context, name string, ca *pki.Certificate) (out store.Imported, err error) {
	err = w.Change(ctx, func(st *store.Store) (err error) {
		out, err = st.ImportPEM(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw()}), nil, nil)
		return err
	})
	return out, err
}

// An Outcome is where an enrolment stands.
type Outcome struct {
	Status   scep.Status
	Request  []byte         // DER, when one was made
	Why      string         // of Rejected
	Imported store.Imported // of Granted, unless it waits for the next CA
	Waits    bool           // granted by the next CA: it takes over later
	Under    *pki.Enrolling // of Pending
}

// Enroll requests a certificate: the first one, or one in the place of the present
// one. The key is the trustpoint's; it is made where there is none.
func (w *Work) Enroll(ctx context.Context, tp *pki.Trustpoint, password string) (Outcome, error) {
	end, err := w.begin(tp.Name)
	if err != nil {
		return Outcome{}, err
	}
	defer end()
	key, err := w.key(ctx, tp.Settings, "")
	if err != nil {
		return Outcome{}, err
	}
	return w.request(ctx, tp, key, password, false)
}

// Renew requests a certificate on the strength of the present one.
func (w *Work) Renew(ctx context.Context, tp *pki.Trustpoint) (Outcome, error) {
	end, err := w.begin(tp.Name)
	if err != nil {
		return Outcome{}, err
	}
	defer end()
	suffix := ""
	if tp.Regenerate {
		suffix = store.Regenerated
	}
	key, err := w.key(ctx, tp.Settings, suffix)
	if err != nil {
		return Outcome{}, err
	}
	return w.request(ctx, tp, key, string(tp.Password), true)
}

// key is the RSA key of a trustpoint; with a suffix it is a new one that takes its
// label later.
func (w *Work) key(ctx context.Context, s pki.Settings, suffix string) (key *pki.KeyPair, err error) {
	kind, label := s.KeyLabel(w.Host())
	if kind != pki.RSA {
		return nil, fmt.Errorf("trustpoint %s has eckeypair: SCEP wants an RSA key, for what the CA answers is encrypted with it; enrollment terminal takes an EC key too", s.Name)
	}
	label += suffix
	if key, err = w.Store.Key(pki.RSA, label); err != nil {
		return nil, err
	} else if key != nil {
		return key, key.Enrolls()
	}
	bits := cmp.Or(s.RSABits, store.DefaultRSABits)
	if key, err = store.GenerateRSA(label, bits, pki.GeneralKey, false); err != nil {
		return nil, err
	}
	w.step(s, "generated the RSA key %s of %d bits", label, bits)
	err = w.Change(ctx, func(st *store.Store) error {
		// Another process may have made one meanwhile, and asks for its certificate.
		switch have, err := st.Key(pki.RSA, label); {
		case err != nil:
			return err
		case have != nil:
			key = have
			return nil
		}
		return st.PutKeys(key)
	})
	return key, err
}

// request makes the request and sends it.
func (w *Work) request(ctx context.Context, tp *pki.Trustpoint, key *pki.KeyPair, password string, renewal bool) (out Outcome, err error) {
	if tp.CA == nil {
		return Outcome{}, fmt.Errorf("trustpoint %s has no CA certificate: crypto pki authenticate %s comes first", tp.Name, tp.Name)
	}
	c, err := w.client(tp.Settings)
	if err != nil {
		return Outcome{}, err
	}
	caps, unasked := w.capabilities(ctx, c, tp.Settings)
	r, err := pki.NewRequest(tp.Settings, w.Host(), password)
	if err != nil {
		return Outcome{}, err
	}
	csr, err := r.Sign(key.Signer, tp.RequestHash())
	if err != nil {
		return Outcome{}, err
	}
	w.Report(pki.RequestMade{Trustpoint: tp.Name, DER: csr})
	defer func() { out.Request = csr }()
	e := &pki.Enrolling{Request: csr, Label: key.Label, CA: tp.CA, Began: w.Now()}
	if e.Renewal = renewal && tp.Identity != nil && tp.Signer != nil; e.Renewal {
		e.Signer = tp.Identity
	} else if e.Signer, err = w.newcomer(r.Subject, key); err != nil {
		return Outcome{}, err
	}
	if unasked != nil {
		return out, w.unanswered(tp, e, unasked)
	}
	if err := w.adapt(ctx, tp, e, c, caps); err != nil {
		return out, w.unanswered(tp, e, err)
	}
	return w.send(ctx, tp, e, c, caps)
}

// newcomer is the certificate that signs the messages of who has none of this CA.
func (w *Work) newcomer(subject pki.Name, key *pki.KeyPair) (*pki.Certificate, error) {
	id, err := scep.SelfSigned(subject, key.Signer, w.Now())
	return id.Certificate, err
}

// adapt makes a renewal what the CA can do.
func (w *Work) adapt(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling, c *scep.Client, caps scep.Capabilities) error {
	if !e.Renewal || e.Held {
		return nil
	}
	if tp.NeedsNextCA() && caps.NextCA() && e.CA.Equal(tp.CA) {
		next, err := c.NextAuthority(ctx, tp.CA)
		if err != nil {
			return err
		}
		e.CA = next.CA
	}
	if caps.Renewal() {
		return nil
	}
	// Not every CA renews on a signature: those that do not are asked as by a
	// newcomer, and know the password.
	csr, err := x509.ParseCertificateRequest(e.Request)
	if err != nil {
		return err
	}
	subject, err := pki.ParseName(csr.RawSubject)
	if err != nil {
		return err
	}
	key, err := w.Store.Key(pki.RSA, e.Label)
	switch {
	case err != nil:
		return err
	case key == nil:
		return fmt.Errorf("the key %s of the request is not in the store any more: request anew", e.Label)
	}
	e.Signer, err = w.newcomer(subject, key)
	e.Renewal = err != nil
	return err
}

// capabilities asks what the CA can.
func (w *Work) capabilities(ctx context.Context, c *scep.Client, s pki.Settings) (scep.Capabilities, error) {
	caps, err := c.Capabilities(ctx)
	caps.Hash = s.RequestHash()
	return caps, err
}

// Continue sends a request again that nobody answered, or asks after one that is
// pending.
func (w *Work) Continue(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling) (Outcome, error) {
	end, err := w.begin(tp.Name)
	if err != nil {
		return Outcome{}, err
	}
	defer end()
	c, err := w.client(tp.Settings)
	if err != nil {
		return Outcome{}, err
	}
	caps, err := w.capabilities(ctx, c, tp.Settings)
	if err != nil {
		return Outcome{}, w.unanswered(tp, e, err)
	}
	if err := w.adapt(ctx, tp, e, c, caps); err != nil {
		return Outcome{}, w.unanswered(tp, e, err)
	}
	return w.send(ctx, tp, e, c, caps)
}
