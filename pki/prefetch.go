package pki

import "time"

// A CRL that was used is fetched anew before it runs out, so that no exchange has to
// wait for it: in the last tenth of its life, at most an hour and at least a minute
// before its end, and after maxAge at the latest.
const (
	prefetchMost  = time.Hour
	prefetchLeast = time.Minute
)

// watched is a CRL that is to be fetched anew.
type watched struct {
	claim
	query Query
	at    time.Time
	ends  time.Time // of the CRL
}

// watch notes that a CRL was used, and where it comes from.
func (e *evidence) watch(q *Query, crl *CRL, now time.Time) {
	if q == nil || q.cache.None {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	key := q.Key()
	if w, ok := e.watched[key]; ok && !w.ends.Before(crl.NextUpdate) {
		return
	}
	ahead := min(max(crl.NextUpdate.Sub(crl.ThisUpdate)/10, prefetchLeast), prefetchMost)
	e.watched[key] = watched{e.claims(q, 1), *q, earlier(crl.NextUpdate.Add(-ahead), now.Add(maxAge)), crl.NextUpdate}
	bound(e.watched, maxWatched)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// again is when to ask once more about what ends then: after half of what is left.
func again(ends, now time.Time) time.Time {
	return now.Add(min(max(ends.Sub(now)/2, prefetchLeast), maxAge))
}

// delay waits half of what is left before a failed query is asked again; what has run
// out is left to the next exchange that wants it.
func (e *evidence) delay(q *Query, now time.Time) {
	key := q.Key()
	w, ok := e.watched[key]
	if !ok {
		return
	}
	if w.at = again(w.ends, now); !w.at.Before(w.ends) {
		delete(e.watched, key)
		return
	}
	e.watched[key] = w
}

// Stale takes out the queries that are due, of CRLs that are about to run out.
func (s *Snapshot) Stale(now time.Time) (due []Query) {
	e := s.evidence
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, w := range e.watched {
		if now.Before(w.at) {
			continue
		}
		due = append(due, w.query)
		if w.at = again(w.ends, now); w.at.Before(w.ends) {
			e.watched[key] = w
		} else {
			delete(e.watched, key)
		}
	}
	return due
}

// NextStale is when Stale has something; zero: it has nothing to wait for.
func (s *Snapshot) NextStale() (at time.Time) {
	e := s.evidence
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.watched {
		if at.IsZero() || w.at.Before(at) {
			at = w.at
		}
	}
	return at
}
