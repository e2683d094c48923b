package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// Limits on questions: those under way, of these to one server, which may hang and is
// not to keep the others from being asked, and those that wait for their turn. Of both a
// CA has half of what the one above it has, and an anchor half of all: whoever may issue
// certificates names as many servers as he likes, all of which may hang.
const (
	maxInquiries = 64
	maxOfServer  = 16
	maxQueued    = 2048
)

var errManyInquiries = errors.New("too many servers are being asked")

// inquiries are the questions about revocation, each once for all sessions that wait
// for its answer.
type inquiries struct {
	byKey  map[string]*inquiry // by Query.Key
	byID   map[int]*inquiry    // under way
	busy   map[string]int      // of these, by Query.Server
	byCA   map[pki.CAHash]int  // likewise, by the CAs above the certificate
	queue  []*inquiry          // not yet
	lastID int
}

type inquiry struct {
	query   pki.Query
	cas     []pki.CAHash // of the query
	waiting []*entry
}

func newInquiries() inquiries {
	return inquiries{byKey: map[string]*inquiry{}, byID: map[int]*inquiry{}, busy: map[string]int{}, byCA: map[pki.CAHash]int{}}
}

// inquires takes what a session wants asked.
func (e *Engine) inquires(now time.Time, x *entry, o ike.Output) bool {
	i, ok := o.(ike.Inquire)
	if !ok {
		return false
	}
	e.pki.waits(x)
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

// ask begins a question that nobody has asked, or has it wait for its turn.
func (e *Engine) ask(now time.Time, q pki.Query, waiting ...*entry) error {
	i := &inquiry{query: q, cas: q.CAs(), waiting: waiting}
	if e.inquiries.room(i) {
		if err := e.inquire(now, i); err != nil {
			return err
		}
	} else {
		if !e.inquiries.mayQueue(i) {
			e.pki.crl(&q, &e.pki.Busy)
			return errManyInquiries
		}
		e.inquiries.queue = append(e.inquiries.queue, i)
	}
	e.inquiries.byKey[q.Key()] = i
	return nil
}

// room says whether a question may be asked now.
func (q *inquiries) room(i *inquiry) bool {
	return len(q.byID) < maxInquiries && q.busy[i.query.Server()] < maxOfServer &&
		i.fits(maxInquiries, func(depth int) int { return q.byCA[i.cas[depth]] })
}

// mayQueue says whether one may wait for its turn.
func (q *inquiries) mayQueue(i *inquiry) bool {
	return len(q.queue) < maxQueued && i.fits(maxQueued, func(depth int) (n int) {
		for _, other := range q.queue {
			if depth < len(other.cas) && other.cas[depth] == i.cas[depth] {
				n++
			}
		}
		return n
	})
}

// fits says whether each CA above the certificate has a place left, of so many in all,
// of which it has taken those.
func (i *inquiry) fits(all int, taken func(depth int) int) bool {
	for depth := range i.cas { // the anchor first
		if all = max(all/2, 1); taken(depth) >= all {
			return false
		}
	}
	return true
}

// count adds to numbers; what has come to nothing is not kept.
func count[K comparable](numbers map[K]int, n int, of ...K) {
	for _, k := range of {
		if numbers[k] += n; numbers[k] == 0 {
			delete(numbers, k)
		}
	}
}

func (e *Engine) inquire(now time.Time, i *inquiry) error {
	e.pki.crl(&i.query, &e.pki.Fetches)
	if err := i.query.Draw(e.env.Rand); err != nil {
		return err
	}
	e.inquiries.lastID++
	e.inquiries.byID[e.inquiries.lastID] = i
	count(e.inquiries.busy, 1, i.query.Server())
	count(e.inquiries.byCA, 1, i.cas...)
	e.report(now, RevocationAsked{Query: &i.query})
	e.out = append(e.out, ike.Lookup{ID: ike.LookupID{Index: e.inquiries.lastID}, Query: &i.query})
	return nil
}

// answered takes the answer to a question to all who wait for it, and begins those
// that waited for their turn.
func (e *Engine) answered(now time.Time, id int, a ike.Answer) {
	i := e.inquiries.byID[id]
	if i == nil {
		return
	}
	delete(e.inquiries.byID, id)
	count(e.inquiries.busy, -1, i.query.Server())
	count(e.inquiries.byCA, -1, i.cas...)
	e.conclude(now, i, a)
	for next := e.inquiries.next(); next != nil; next = e.inquiries.next() {
		if err := e.inquire(now, next); err != nil {
			e.conclude(now, next, ike.Answer{Err: err})
		}
	}
}

// next takes the first question out of the queue that may be asked now, nil for none.
// Those for which nobody waits any more are forgotten.
func (q *inquiries) next() *inquiry {
	q.queue = slices.DeleteFunc(q.queue, func(i *inquiry) bool {
		over := len(i.waiting) > 0 && !slices.ContainsFunc(i.waiting, func(x *entry) bool { return !x.gone && x.Waits() })
		if over {
			delete(q.byKey, i.query.Key())
		}
		return over
	})
	at := slices.IndexFunc(q.queue, q.room)
	if at < 0 {
		return nil
	}
	i := q.queue[at]
	q.queue = slices.Delete(q.queue, at, at+1)
	return i
}

func (e *Engine) conclude(now time.Time, i *inquiry, a ike.Answer) {
	delete(e.inquiries.byKey, i.query.Key())
	if a.Err != nil {
		e.pki.crl(&i.query, &e.pki.Refused)
	}
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
