package enrol

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/pki/store"
)

// send asks the CA about the request and carries out its answer.
func (w *Work) send(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling, c *scep.Client, caps scep.Capabilities) (Outcome, error) {
	csr, err := x509.ParseCertificateRequest(e.Request)
	if err != nil {
		return Outcome{}, err
	}
	reply, err := w.ask(ctx, tp, e, csr, &scep.Exchange{Client: c, Caps: caps})
	if err != nil {
		return Outcome{}, w.unanswered(tp, e, err)
	}
	switch reply.Status {
	case scep.Granted:
		w.step(tp.Settings, "Client received CertRep - GRANTED.")
		return w.granted(ctx, tp, e, csr.PublicKey, reply.Certificates)
	case scep.Pending:
		w.step(tp.Settings, "Client received CertRep - PENDING.")
		e.Held = true
		e.Unanswered(tp.Settings, w.Now())
		return Outcome{Status: scep.Pending, Under: e}, w.keep(tp.Name, e)
	}
	w.step(tp.Settings, "Client received CertRep - REJECTED.")
	w.Report(pki.EnrolmentRejected{Trustpoint: tp.Name, Reason: reply.Why()})
	e.Refused(w.Now())
	return Outcome{Status: scep.Rejected, Why: reply.Why()}, w.over(tp, e)
}

// keep writes down what is under way; nil: nothing is any more.
func (w *Work) keep(name string, e *pki.Enrolling) error {
	err := w.Store.PutEnrolling(name, e)
	if w.Kept != nil {
		w.Kept()
	}
	return err
}

// over ends an enrolment without a certificate. Auto-enroll begins it again, later.
func (w *Work) over(tp *pki.Trustpoint, e *pki.Enrolling) error {
	if tp.AutoEnroll == 0 {
		e = nil
	}
	return w.keep(tp.Name, e)
}

// unanswered keeps a request for another time, and gives why.
func (w *Work) unanswered(tp *pki.Trustpoint, e *pki.Enrolling, why error) error {
	e.Unanswered(tp.Settings, w.Now())
	w.Report(pki.EnrolmentFailed{Trustpoint: tp.Name, Reason: why.Error(), Next: e.Next, GaveUp: e.GaveUp})
	if e.GaveUp {
		return errors.Join(why, w.over(tp, e))
	}
	return errors.Join(why, w.keep(tp.Name, e))
}

// ask sends the request, or the question after one that the CA holds.
func (w *Work) ask(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling, csr *x509.CertificateRequest, x *scep.Exchange) (r *scep.Reply, err error) {
	if x.Authority, err = w.authority(ctx, tp, e, x.Client); err != nil {
		return nil, err
	}
	if x.From, err = w.signer(tp, e); err != nil {
		return nil, err
	}
	if x.Transaction, err = scep.TransactionID(csr.PublicKey); err != nil {
		return nil, err
	}
	switch {
	case e.Held:
		subject, err := pki.ParseName(csr.RawSubject)
		if err != nil {
			return nil, err
		}
		return x.Poll(ctx, subject)
	case e.Renewal:
		return x.Enrol(ctx, scep.RenewalReq, e.Request)
	}
	return x.Enrol(ctx, scep.PKCSReq, e.Request)
}

// authority is who is asked and may answer. Without an RA it is the CA alone, which is
// known.
func (w *Work) authority(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling, c *scep.Client) (*scep.Authority, error) {
	switch {
	case !e.CA.Equal(tp.CA):
		return &scep.Authority{CA: e.CA, Before: tp.CA}, nil
	case !tp.EnrollmentRA:
		return &scep.Authority{CA: tp.CA}, nil
	}
	a, err := c.Authority(ctx)
	if err != nil {
		return nil, err
	}
	return a, a.Under(tp)
}

// signer finds the key that signs the messages of an enrolment.
func (w *Work) signer(tp *pki.Trustpoint, e *pki.Enrolling) (scep.Identity, error) {
	if e.Renewal && tp.Identity != nil && tp.Identity.Equal(e.Signer) {
		return scep.Identity{Certificate: e.Signer, Key: tp.Signer}, nil
	}
	key, err := w.Store.Key(pki.RSA, e.Label)
	switch {
	case err != nil:
		return scep.Identity{}, err
	case key == nil || !key.Belongs(e.Signer):
		return scep.Identity{}, fmt.Errorf("the key %s of the request is not in the store any more: request anew", e.Label)
	}
	return scep.Identity{Certificate: e.Signer, Key: key.Signer}, nil
}

// granted installs what the CA has granted, when it is for the key of the request and
// stands under the CA that was asked. The next CA's waits for the end of the present
// one's.
func (w *Work) granted(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling, key crypto.PublicKey, certs []*pki.Certificate) (Outcome, error) {
	out := Outcome{Status: scep.Granted}
	var own *pki.Certificate
	for _, c := range certs {
		if pub, ok := c.X509.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && pub.Equal(key) {
			own = c
		}
	}
	if own == nil {
		return out, w.unanswered(tp, e, errors.New("the certificate that the CA has granted is for another key than the request's"))
	}
	if !e.CA.Equal(tp.CA) {
		e.Shadow, out.Waits = certs, true
		w.Report(pki.EnrolmentGranted{Trustpoint: tp.Name, Certificate: own, Waits: true})
		return out, w.keep(tp.Name, e)
	}
	err := w.Change(ctx, func(st *store.Store) (err error) {
		out.Imported, err = st.Enroll(tp.Name, e.CA, certs)
		return err
	})
	if err != nil {
		return out, w.unanswered(tp, e, err)
	}
	w.Report(pki.EnrolmentGranted{Trustpoint: tp.Name, Certificate: own})
	return out, nil
}

// Rollover lets the next CA and its certificate take over.
func (w *Work) Rollover(ctx context.Context, tp *pki.Trustpoint, e *pki.Enrolling) error {
	end, err := w.begin(tp.Name)
	if err != nil {
		return err
	}
	defer end()
	return w.Change(ctx, func(st *store.Store) error {
		_, err := st.Enroll(tp.Name, e.CA, e.Shadow)
		return err
	})
}

// Do carries out the step that NextStep has named.
func (w *Work) Do(ctx context.Context, step pki.Step, tp *pki.Trustpoint, e *pki.Enrolling) error {
	var err error
	switch step {
	case pki.StepEnroll:
		_, err = w.Enroll(ctx, tp, string(tp.Password))
	case pki.StepRenew:
		_, err = w.Renew(ctx, tp)
	case pki.StepContinue:
		_, err = w.Continue(ctx, tp, e)
	case pki.StepRollover:
		err = w.Rollover(ctx, tp, e)
	}
	return err
}
