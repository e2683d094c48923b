package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/fetch"
	"github.com/obol-ike/obol/pki/scep"
)

// Limits on questions about revocation. Their servers are named by CAs that are trusted,
// or by the operator; the engine has few of them under way.
const (
	queryTime     = 4 * time.Second // of one: an exchange has time for two
	queryRedirect = 2
)

// query asks the servers in order until one answers. Its answer is judged here, beside
// the turns of the shard.
func (f *fetcher) query(q *pki.Query) ike.Answer {
	ctx, cancel := context.WithTimeout(f.ctx, f.asking)
	defer cancel()
	var failed []string
	for i, url := range q.URLs {
		finding, err := f.askServer(ctx, q, url, len(q.URLs)-i)
		if err == nil {
			return ike.Answer{Finding: finding}
		}
		failed = append(failed, err.Error())
	}
	return ike.Answer{Err: errors.New(strings.Join(failed, "; "))}
}

// askServer asks one of so many servers that share the time left.
func (f *fetcher) askServer(ctx context.Context, q *pki.Query, url string, left int) (*pki.Finding, error) {
	end, _ := ctx.Deadline()
	ctx, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
	defer cancel()
	var data []byte
	var err error
	if q.SCEP {
		data, err = getCRL(ctx, q)
	} else {
		body, kind := q.Body()
		data, err = fetch.Request{
			URL: url, Body: body, Type: kind, Limit: q.Limit(), Redirects: queryRedirect,
			Permit: func(to netip.Addr, asked bool) error { return f.permit(to, q.Configured && asked) },
		}.Do(ctx)
	}
	if err != nil {
		return nil, err
	}
	return q.Read(data, time.Now())
}

// getCRL asks the CA of a trustpoint, which knows the router by its certificate.
func getCRL(ctx context.Context, q *pki.Query) ([]byte, error) {
	tp := q.At()
	client, err := scep.New(tp.Settings, rand.Reader)
	if err != nil {
		return nil, err
	}
	client.Policy = q.Policy()
	x := scep.Exchange{Client: client, Authority: &scep.Authority{CA: tp.CA}, From: scep.Identity{Certificate: tp.Identity, Key: tp.Signer}}
	if tp.EnrollmentRA {
		if x.Authority, err = client.Authority(ctx); err != nil {
			return nil, err
		}
		if err := x.Authority.Under(tp); err != nil {
			return nil, err
		}
	}
	if x.Caps, err = client.Capabilities(ctx); err != nil {
		return nil, err
	}
	if x.Transaction, err = scep.TransactionID(tp.Signer.Public()); err != nil {
		return nil, err
	}
	reply, err := x.CRL(ctx, q.Certificate())
	switch {
	case err != nil:
		return nil, err
	case reply.Status != scep.Granted:
		return nil, errors.New("the CA has no CRL for us: " + reply.Why())
	case len(reply.CRLs) != 1:
		return nil, fmt.Errorf("%d CRLs in the CA's answer", len(reply.CRLs))
	}
	return reply.CRLs[0], nil
}

// keepCRL writes a CRL into the store, for the next start: what runs has it.
func (d *Daemon) keepCRL(c ike.StoreCRL) {
	d.changing.Lock()
	defer d.changing.Unlock()
	if _, err := d.store.ImportCRL(c.Trustpoint, c.CRL.Raw); err != nil {
		d.log.Warn("the CRL is not kept", zap.String("trustpoint", c.Trustpoint), zap.Error(err))
	}
}
