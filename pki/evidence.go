package pki

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// Limits of what servers told. A hub with a thousand peers of a few CAs needs a small
// part of it.
const (
	maxHeldCRLs   = 32 << 20 // octets in all
	maxHeldStatus = 4096     // certificates
	maxFailures   = 256
	maxWatched    = 64

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
	crls    map[certID256]heldCRL // by the CA's certificate
	octets  int                   // of these
	status  map[certID256]heldStatus
	failed  map[string]failure // by Query.Key
	watched map[string]watched // likewise
}

type certID256 = [sha256.Size]byte

func certHash(der []byte) certID256 { return sha256.Sum256(der) }

type heldCRL struct {
	crl   *CRL
	from  Query
	until time.Time
}

type heldStatus struct {
	finding Finding
	until   time.Time
}

type failure struct {
	reason string
	until  time.Time
}

func newEvidence() *evidence {
	return &evidence{
		crls: map[certID256]heldCRL{}, status: map[certID256]heldStatus{},
		failed: map[string]failure{}, watched: map[string]watched{},
	}
}

// crlOf is the CRL of a CA that a server gave, nil for none.
func (e *evidence) crlOf(issuer *Certificate, now time.Time) *CRL {
	e.mu.Lock()
	defer e.mu.Unlock()
	h, ok := e.crls[certHash(issuer.Raw())]
	if !ok || now.After(h.until) {
		return nil
	}
	return h.crl
}

// statusOf is what a responder said of a certificate, nil for nothing.
func (e *evidence) statusOf(c *Certificate, now time.Time) *Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	h, ok := e.status[certHash(c.Raw())]
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
	e := s.evidence
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.fail(q, err.Error(), now)
		return nil
	}
	delete(e.failed, q.Key())
	if f.crl == nil {
		until := f.until
		if until.IsZero() {
			until = now.Add(whileAsked)
		}
		if len(e.status) >= maxHeldStatus {
			clear(e.status)
		}
		e.status[certHash(q.cert.Raw())] = heldStatus{*f, until}
		return nil
	}
	for list, ca := range s.genuine { // the router may have restarted since it had one of the store
		if ca.Equal(q.issuer) && f.crl.ThisUpdate.Before(list.ThisUpdate) {
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
	if len(e.failed) >= maxFailures {
		clear(e.failed)
	}
	e.failed[q.Key()] = failure{reason, now.Add(failureTime)}
	e.delay(q, now)
}

// hold keeps a CRL. An older one than we have is a server's that was not told, or
// lies: it changes nothing.
func (e *evidence) hold(q *Query, crl *CRL, now time.Time) *CRL {
	id := certHash(q.issuer.Raw())
	have, ok := e.crls[id]
	if ok && crl.ThisUpdate.Before(have.crl.ThisUpdate) {
		e.fail(q, older(crl, have.crl), now)
		return nil
	}
	if ok {
		e.octets -= len(have.crl.Raw)
	}
	if e.octets+len(crl.Raw) > maxHeldCRLs {
		clear(e.crls)
		e.octets = 0
	}
	until := crl.NextUpdate.Add(q.cache.Extend)
	if after := now.Add(q.cache.DeleteAfter); q.cache.DeleteAfter > 0 && after.Before(until) {
		until = after
	}
	if q.cache.None {
		until = now.Add(whileAsked)
	}
	e.crls[id] = heldCRL{crl, *q, until}
	e.octets += len(crl.Raw)
	if q.cache.None || q.cache.DeleteAfter > 0 {
		return nil
	}
	return crl
}

func older(crl, known *CRL) string {
	return "the CRL is of " + utc(crl.ThisUpdate) + ", and one of " + utc(known.ThisUpdate) + " is known"
}

// After returns the snapshot with what servers told while old was the newest.
func (s *Snapshot) After(old *Snapshot) *Snapshot {
	c := *s
	c.evidence = old.evidence
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
	for _, h := range e.crls {
		if !now.After(h.until) {
			list = append(list, HeldCRL{h.crl, h.from.Trustpoint, h.from.URLs, h.from.SCEP})
		}
	}
	return list
}
