package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// maxInquiries bounds the questions that are under way. A router with more servers
// than that to ask at one moment asks some of them later.
const maxInquiries = 64

var errManyInquiries = errors.New("too many servers are being asked")

// inquiries are the questions about revocation that are under way, each once for all
// sessions that wait for its answer.
type inquiries struct {
	byKey  map[string]*inquiry // by Query.Key
	byID   map[int]*inquiry
	lastID int
}

type inquiry struct {
	query   pki.Query
	waiting []*entry
}

func newInquiries() inquiries {
	return inquiries{byKey: map[string]*inquiry{}, byID: map[int]*inquiry{}}
}

// inquires takes what a session wants asked.
func (e *Engine) inquires(now time.Time, x *entry, o ike.Output) bool {
	i, ok := o.(ike.Inquire)
	if !ok {
		return false
	}
	for _, q := range i.Queries {
		if going := e.inquiries.byKey[q.Key()]; going != nil {
			if !slices.Contains(going.waiting, x) {
				going.waiting = append(going.waiting, x)
			}
			continue
		}
		if err := e.ask(now, q, x); err != nil {
			e.env.PKI.Learn(&q, nil, err, now)
			x.HandleEvidence(now)
		}
	}
	return true
}

// ask begins a question that nobody has asked.
func (e *Engine) ask(now time.Time, q pki.Query, waiting ...*entry) error {
	if len(e.inquiries.byID) >= maxInquiries {
		return errManyInquiries
	}
	if err := q.Draw(e.env.Rand); err != nil {
		return err
	}
	e.inquiries.lastID++
	i := &inquiry{query: q, waiting: waiting}
	e.inquiries.byKey[q.Key()], e.inquiries.byID[e.inquiries.lastID] = i, i
	e.report(now, RevocationAsked{Query: &i.query})
	l := ike.Lookup{ID: ike.LookupID{Index: e.inquiries.lastID}, Query: &i.query}
	e.out = append(e.out, l)
	return nil
}

// answered takes the answer to a question to all who wait for it.
func (e *Engine) answered(now time.Time, id int, a ike.Answer) {
	i := e.inquiries.byID[id]
	if i == nil {
		return
	}
	delete(e.inquiries.byID, id)
	delete(e.inquiries.byKey, i.query.Key())
	crl := e.env.PKI.Learn(&i.query, a.Finding, a.Err, now)
	e.report(now, RevocationAnswered{Query: &i.query, Finding: a.Finding, Err: a.Err})
	if crl != nil {
		e.out = append(e.out, ike.StoreCRL{Trustpoint: i.query.Trustpoint, CRL: crl})
	}
	for _, x := range i.waiting {
		if !x.gone {
			x.HandleEvidence(now)
			e.settle(now, x)
		}
	}
}

// RunningOut is why an engine of which nothing else is left wants to be called: the
// next CRL is to be fetched before the one in the store ends.
const RunningOut = "CRL about to run out"

// refresh asks for CRLs that are about to run out; nobody waits for them.
func (e *Engine) refresh(now time.Time) {
	for _, q := range e.env.PKI.Stale(now) {
		if e.inquiries.byKey[q.Key()] != nil {
			continue
		}
		if err := e.ask(now, q); err != nil {
			e.env.PKI.Learn(&q, nil, err, now)
		}
	}
}

// requestCRL is crypto pki crl request: nobody waits for the answer.
func (e *Engine) requestCRL(now time.Time, trustpoint string) error {
	q, err := e.env.PKI.CRLQuery(trustpoint, now)
	if err != nil || e.inquiries.byKey[q.Key()] != nil {
		return err
	}
	return e.ask(now, *q)
}
