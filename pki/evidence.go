package pki

import (
	"slices"
	"sync"
	"time"
)

// Limits of what servers told, of which each CA has its share: see crowding. A hub with
// a thousand peers of a few CAs needs a small part of it.
const (
	maxHeldOctets = 32 << 20 // of CRLs in all
	maxHeldCRLs   = 1024     // each counts as this part of the octets at least
	maxHeldStatus = 4096     // certificates
	maxFailures   = 256
	maxWatched    = 64

	// maxAge is how long an OCSP response counts at most, and after which a CRL is
	// fetched anew, however far away they say that their next update is.
	maxAge = 7 * 24 * time.Hour

	// whileAsked keeps an answer that is not to be kept, for those who wait for it.
	whileAsked = 10 * time.Second
	// failureTime is how long a server that did not answer is not asked again: less
	// than a tunnel waits between two attempts.
	failureTime = 20 * time.Second
)

// evidence is what servers told about revocation. It outlives the snapshot for which
// they were asked: see After.
type evidence struct {
	mu      sync.Mutex
	crls    map[CAHash][]heldCRL  // one of each scope
	status  map[string]heldStatus // by Query.Key: who wants a nonce has no answer without
	failed  map[string]failure    // likewise
	watched map[string]watched
	number  uint64 // of the newest claim
}

type heldCRL struct {
	HeldCRL
	claim // the larger of its octets and of maxHeldCRLs's part
	cache CRLCache
	at    time.Time
}

// until is how long it counts for a trustpoint.
func (h heldCRL) until(cache CRLCache) time.Time {
	until := h.CRL.NextUpdate.Add(cache.Extend)
	if after := h.at.Add(cache.DeleteAfter); cache.DeleteAfter > 0 && after.Before(until) {
		until = after
	}
	if cache.None {
		until = h.at.Add(whileAsked)
	}
	return until
}

type heldStatus struct {
	claim
	finding Finding
	until   time.Time
}

type failure struct {
	claim
	reason string
	until  time.Time
}

func newEvidence() *evidence {
	return &evidence{
		crls: map[CAHash][]heldCRL{}, status: map[string]heldStatus{},
		failed: map[string]failure{}, watched: map[string]watched{},
	}
}

// claims a place for the answer to a query.
func (e *evidence) claims(q *Query, size int) claim {
	e.number++
	return claim{q.CAs(), size, e.number}
}

// crlsOf are the CRLs of a CA that servers gave, as far as a trustpoint keeps them.
func (e *evidence) crlsOf(issuer *Certificate, cache CRLCache, now time.Time) (lists []*CRL) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.crls[caHash(issuer)] {
		if !now.After(h.until(cache)) {
			lists = append(lists, h.CRL)
		}
	}
	return lists
}

// answer is what a responder said to a question, nil for nothing.
func (e *evidence) answer(q *Query, now time.Time) *Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	h, ok := e.status[q.Key()]
	if !ok || now.After(h.until) {
		return nil
	}
	return &h.finding
}

// failure says why a query had no answer a moment ago.
func (e *evidence) failure(q *Query, now time.Time) (reason string, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.failed[q.Key()]
	return f.reason, ok && now.Before(f.until)
}

// Learn takes the answer to a query, or why there is none. It returns the CRL that is
// worth keeping in the store, nil for none.
func (s *Snapshot) Learn(q *Query, f *Finding, err error, now time.Time) *CRL {
	e := q.evidence // of who asked: meanwhile the policy may have changed
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.fail(q, err.Error(), now)
		return nil
	}
	delete(e.failed, q.Key())
	if f.crl == nil {
		until := now.Add(maxAge)
		switch {
		case f.until.IsZero():
			until = now.Add(whileAsked)
		case f.until.Before(until):
			until = f.until
		}
		e.status[q.Key()] = heldStatus{e.claims(q, 1), *f, until}
		bound(e.status, maxHeldStatus)
		return nil
	}
	for list, ca := range s.genuine { // the router may have restarted since it had one of the store
		if ca.Equal(q.issuer) && f.crl.Replaces(list) && f.crl.ThisUpdate.Before(list.ThisUpdate) {
			e.fail(q, older(f.crl, list), now)
			return nil
		}
	}
	crl := e.hold(q, f.crl, now)
	if tp := s.Lookup(q.Trustpoint); crl == nil || tp == nil || !q.issuer.Equal(tp.CA) && !slices.ContainsFunc(tp.Chain, q.issuer.Equal) {
		return nil // of a CA that the peer brought, it has no place there
	}
	return crl
}

func (e *evidence) fail(q *Query, reason string, now time.Time) {
	e.failed[q.Key()] = failure{e.claims(q, 1), reason, now.Add(failureTime)}
	bound(e.failed, maxFailures)
	e.delay(q, now)
}

// hold keeps a CRL. An older one than we have is a server's that was not told, or
// lies: it changes nothing. One about some certificates of a CA is not for the store:
// there may be many of them.
func (e *evidence) hold(q *Query, crl *CRL, now time.Time) *CRL {
	id := caHash(q.issuer)
	at := slices.IndexFunc(e.crls[id], func(h heldCRL) bool { return h.CRL.Replaces(crl) })
	if at >= 0 {
		have := e.crls[id][at].CRL
		if crl.ThisUpdate.Before(have.ThisUpdate) {
			e.fail(q, older(crl, have), now)
			return nil
		}
		e.crls[id] = slices.Delete(e.crls[id], at, at+1)
	}
	from := HeldCRL{CRL: crl, Trustpoint: q.Trustpoint, URLs: q.URLs, SCEP: q.SCEP}
	room := q.policy.crlCacheLen()
	e.crls[id] = append(e.crls[id], heldCRL{from, e.claims(q, max(len(crl.Raw), room/maxHeldCRLs)), q.cache, now})
	e.boundCRLs(room)
	if q.cache.None || q.cache.DeleteAfter > 0 || crl.scope.raw != nil {
		return nil
	}
	return crl
}

// boundCRLs holds the CRLs to a room. The one that came last stays, since somebody waits
// for it: what is too large by itself is the first to go when the next one comes.
func (e *evidence) boundCRLs(room int) {
	for {
		taken, claims := 0, []claim{}
		for _, lists := range e.crls {
			for _, h := range lists {
				taken, claims = taken+h.size, append(claims, h.claim)
			}
		}
		if taken <= room {
			return
		}
		goes := crowding(claims)
		if goes[0].number == e.number {
			return
		}
		for id, lists := range e.crls {
			if e.crls[id] = slices.DeleteFunc(lists, func(h heldCRL) bool { return h.among(goes) }); len(e.crls[id]) == 0 {
				delete(e.crls, id)
			}
		}
	}
}

// CRLCacheLen is how many octets of CRLs that servers gave are kept at most.
func (s *Snapshot) CRLCacheLen() int { return s.policy.crlCacheLen() }

func (p Policy) crlCacheLen() int {
	if p.CRLCacheLen == 0 {
		return maxHeldOctets
	}
	return min(p.CRLCacheLen, maxHeldOctets)
}

func older(crl, known *CRL) string {
	return "the CRL is of " + utc(crl.ThisUpdate) + ", and one of " + utc(known.ThisUpdate) + " is known"
}

// After returns the snapshot with what servers told while old was the newest, unless
// that was judged by another policy.
func (s *Snapshot) After(old *Snapshot) *Snapshot {
	c := *s
	if s.policy == old.policy {
		c.evidence = old.evidence
	}
	return &c
}

// Forget returns the snapshot as if no server had told anything.
func (s *Snapshot) Forget() *Snapshot {
	c := *s
	c.evidence = newEvidence()
	return &c
}

// HeldCRL is a CRL that a server gave.
type HeldCRL struct {
	CRL        *CRL
	Trustpoint string
	URLs       []string // where it came from
	SCEP       bool     // by GetCRL, as the certificate names no distribution point
}

// FetchedCRLs lists them, in no order.
func (s *Snapshot) FetchedCRLs(now time.Time) []HeldCRL {
	e := s.evidence
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []HeldCRL
	for _, lists := range e.crls {
		for _, h := range lists {
			if !now.After(h.until(h.cache)) {
				list = append(list, h.HeldCRL)
			}
		}
	}
	return list
}
