package pki

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// revocation applies the trustpoint's revocation-check to the first certificate of a
// path, which goes on to the anchor. The
// methods are asked in order until one answers; where none does the certificate
// is refused, unless the list names none. A method that could answer if a server were
// asked is asked before the next one counts: then ask is that query, and the rest is
// what holds if the server does not answer.
func (s *search) revocation(path []*Certificate, tp *Trustpoint) (note string, ask *Query, _ *refusal) {
	c := path[0]
	if tp.skips(c) {
		return "", nil, nil
	}
	methods := tp.RevocationCheck
	if len(methods) == 0 {
		methods = []RevocationMethod{RevocationCRL}
	}
	var failed []string
	for _, m := range methods {
		if m == RevocationNone {
			if len(failed) > 0 {
				note = fmt.Sprintf("%s: not checked for revocation: %s", describe(c), strings.Join(failed, "; "))
			}
			return note, ask, nil
		}
		look := s.crlStatus
		if m == RevocationOCSP {
			look = s.ocspStatus
		}
		st := look(path, tp)
		if ask == nil {
			ask = st.ask
		}
		switch {
		case st.why != "":
			failed = append(failed, st.why)
		case st.revoked:
			return "", ask, refuse(Revoked, "revoked since %s, says the %s", utc(st.since), st.by)
		default:
			return "", ask, nil
		}
	}
	return "", ask, refuse(NoCRL, "its revocation cannot be checked: %s", strings.Join(failed, "; "))
}

// status is what one method knows of a certificate.
type status struct {
	why     string // it knows nothing; "": it does
	revoked bool
	since   time.Time
	by      string // who says so
	ask     *Query // that would tell, or tell better
}

// crlStatus looks for a CRL: in the store, then among those that servers gave.
func (s *search) crlStatus(path []*Certificate, tp *Trustpoint) (st status) {
	c, issuer := path[0], path[1]
	ways, none := s.crlQueries(path, tp)
	crl, why := s.validCRL(c, issuer, tp, s.now)
	if crl != nil {
		s.crls++
		if len(ways) > 0 {
			s.snapshot.evidence.watch(&ways[0], crl, s.now)
		}
		return crl.status(c, status{})
	}
	st.why = why
	st.ask, st.why = s.unasked(ways, st.why)
	if len(ways) == 0 && none != "" {
		st.why += "; " + none
	}
	if tp.CRLCache.Extend > 0 {
		if crl, _ := s.validCRL(c, issuer, tp, s.now.Add(-tp.CRLCache.Extend)); crl != nil {
			s.crls++
			return crl.status(c, status{ask: st.ask})
		}
	}
	return st
}

// status is what the list says of a certificate.
func (c *CRL) status(of *Certificate, st status) status {
	st.since, st.revoked = c.Revoked(of.X509.SerialNumber)
	st.by = "CRL of " + c.Issuer.String()
	return st
}

// ocspStatus looks for what a responder said.
func (s *search) ocspStatus(path []*Certificate, tp *Trustpoint) status {
	c, issuer := path[0], path[1]
	q := Query{Trustpoint: tp.Name, Method: RevocationOCSP, cert: c, issuer: issuer, above: path[1:], policy: s.snapshot.policy, evidence: s.snapshot.evidence, wantsNonce: !tp.OCSPNoNonce}
	none := "the certificate names no OCSP responder, and ocsp url is not configured"
	if _, url := tp.overrides(c); url != "" {
		q.URLs, q.Configured = []string{url}, true
	} else if tp.OCSPURL != "" {
		q.URLs, q.Configured = []string{tp.OCSPURL}, true
	} else if len(c.X509.OCSPServer) > 0 {
		if q.URLs = fetchable(c.X509.OCSPServer); len(q.URLs) == 0 {
			none = fmt.Sprintf("the OCSP responder is at %s, and only http is spoken", printable(c.X509.OCSPServer[0]))
		}
	}
	if len(q.URLs) == 0 {
		return status{why: none}
	}
	if f := s.snapshot.evidence.answer(&q, s.now); f != nil {
		return status{revoked: f.revoked, since: f.since, by: "responder of " + issuer.Subject.String()}
	}
	ask, why := s.unasked([]Query{q}, "no OCSP response about it")
	return status{why: why, ask: ask}
}

// crlQueries are the ways to the CRL about the first certificate of a path: its
// distribution points, then GetCRL at the trustpoint's own CA. none says why there is none.
func (s *search) crlQueries(path []*Certificate, tp *Trustpoint) (ways []Query, none string) {
	c, issuer := path[0], path[1]
	q := Query{Trustpoint: tp.Name, Method: RevocationCRL, cert: c, issuer: issuer, above: path[1:], policy: s.snapshot.policy, evidence: s.snapshot.evidence, cache: tp.CRLCache}
	if url, _ := tp.overrides(c); url != "" {
		configured := q
		configured.URLs, configured.Configured = []string{url}, true
		ways = append(ways, configured)
	} else if points := c.X509.CRLDistributionPoints; len(points) > 0 {
		if q.URLs = fetchable(points); len(q.URLs) > 0 {
			ways = append(ways, q)
		} else {
			none = fmt.Sprintf("its distribution point is %s, and only http is fetched", printable(points[0]))
		}
	}
	if urls := fetchable([]string{tp.EnrollmentURL}); len(urls) > 0 && issuer.Equal(tp.CA) && tp.usable() {
		q.URLs, q.SCEP, q.Configured, q.at = urls, true, true, tp
		ways = append(ways, q)
	}
	return ways, none
}

// fetchable are the URLs that are asked. One that would break a line of a log is none.
func fetchable(urls []string) (out []string) {
	for _, u := range urls {
		scheme, rest, ok := strings.Cut(u, "://")
		if ok && strings.EqualFold(scheme, "http") && rest != "" && printable(u) == u && len(out) < maxURLs && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// unasked is the first query that did not fail a moment ago. why grows by the reasons
// of the others.
func (s *search) unasked(ways []Query, why string) (*Query, string) {
	for i := range ways {
		reason, failed := s.snapshot.evidence.failure(&ways[i], s.now)
		if !failed {
			return &ways[i], why
		}
		why += fmt.Sprintf("; %s: %s", &ways[i], reason)
	}
	return nil, why
}

func printable(s string) string { return string(appendPrintable(nil, s)) }

// validCRL finds the newest list about a certificate that answers at a time, or says
// why there is none.
func (s *search) validCRL(c, issuer *Certificate, tp *Trustpoint, at time.Time) (best *CRL, why string) {
	held := s.snapshot.evidence.crlsOf(issuer, tp.CRLCache, s.now) // their signatures were verified when they came
	override, _ := tp.overrides(c)
	points := pointsOf(c, override)
	var other *CRL // that is about other certificates
	var bad *refusal
	for i, crl := range slices.Concat(held, tp.CRLs) {
		switch {
		case !crl.Issuer.Equal(issuer.Subject) || best != nil && !crl.ThisUpdate.After(best.ThisUpdate):
			continue
		case crl.scope.leavesOut(c, points):
			other = crl
			continue
		}
		r := crl.unfit(at)
		if r == nil && i >= len(held) && !issuer.Equal(s.snapshot.genuine[crl]) {
			r = crl.signedBy(issuer, s.snapshot.policy)
		}
		if r != nil {
			bad = r
			continue
		}
		best = crl
	}
	switch {
	case best != nil:
		return best, ""
	case bad == nil && other != nil:
		bad = refuse(NoCRL, "it is about %s", &other.scope)
	case bad == nil:
		return nil, fmt.Sprintf("no CRL of %s in trustpoint %s", issuer.Subject, tp.Name)
	}
	return nil, fmt.Sprintf("the CRL of %s cannot be used: %s", issuer.Subject, bad.reason)
}
