package pki

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Query is a question about revocation that only a server can answer: what is the
// newest CRL of a CA, is a certificate good. It comes out of Snapshot.Verify, about
// certificates of chains that are trusted already.
type Query struct {
	Trustpoint string
	Method     RevocationMethod // crl or ocsp
	URLs       []string         // http://, each as good as the others
	SCEP       bool             // by GetCRL at the trustpoint's enrollment url
	// Configured says that the operator wrote the URL; else the CA did.
	Configured bool

	at           *Trustpoint // of SCEP
	cert, issuer *Certificate
	above        []*Certificate // the CAs from the issuer up to the anchor
	policy       Policy
	evidence     *evidence // of the snapshot for which it is asked
	cache        CRLCache
	wantsNonce   bool
	nonce        []byte
}

// maxURLs of a certificate are tried.
const maxURLs = 3

// Key is the same for queries that have the same answer.
func (q *Query) Key() string {
	about := q.issuer.Raw()
	if q.Method == RevocationOCSP {
		about = q.cert.Raw()
	}
	// A CRL may be about CAs or about others only.
	return fmt.Sprintf("%s %v %v %v %s %x", q.Method, q.SCEP, q.wantsNonce, q.cert.X509.IsCA, strings.Join(q.URLs, " "), sha256.Sum256(about))
}

// Server is the host, with its port, that is asked first.
func (q *Query) Server() string {
	_, rest, _ := strings.Cut(q.URLs[0], "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// Certificate is the one that is asked about.
func (q *Query) Certificate() *Certificate { return q.cert }

// Issuer is the CA that issued it.
func (q *Query) Issuer() *Certificate { return q.issuer }

// CAs are those that stand above the certificate, the anchor first and the issuer last:
// each has it that the question is asked.
func (q *Query) CAs() []CAHash {
	cas := make([]CAHash, 0, len(q.above))
	for _, ca := range slices.Backward(q.above) {
		cas = append(cas, caHash(ca))
	}
	return cas
}

// At is the trustpoint whose identity asks by SCEP, nil for another query.
func (q *Query) At() *Trustpoint { return q.at }

// Policy is what signatures have to satisfy.
func (q *Query) Policy() Policy { return q.policy }

// Draw gives the query the nonce that it is to have, if any (RFC 9654).
func (q *Query) Draw(rand io.Reader) error {
	if !q.wantsNonce {
		return nil
	}
	q.nonce = make([]byte, NonceLen)
	if _, err := io.ReadFull(rand, q.nonce); err != nil {
		return fmt.Errorf("random source: %w", err)
	}
	return nil
}

// Body is what is sent to the server, and its media type; nil: nothing is.
func (q *Query) Body() (body []byte, mediaType string) {
	if q.Method != RevocationOCSP {
		return nil, ""
	}
	return ocspRequest(q.cert, q.issuer, q.nonce), "application/ocsp-request"
}

// Limit is how many octets the answer may have.
func (q *Query) Limit() int {
	if q.Method == RevocationOCSP {
		return MaxOCSPLen
	}
	return MaxCRLLen
}

// String names the question in a sentence.
func (q *Query) String() string {
	switch {
	case q.Method == RevocationOCSP:
		return fmt.Sprintf("the status of certificate %s at %s", q.cert.Serial, strings.Join(q.URLs, ", "))
	case q.SCEP:
		return fmt.Sprintf("the CRL of %s by SCEP at %s", q.issuer.Subject, strings.Join(q.URLs, ", "))
	}
	return fmt.Sprintf("the CRL of %s at %s", q.issuer.Subject, strings.Join(q.URLs, ", "))
}

// CRLQuery asks for the CRL of a trustpoint's CA where the router's own certificate says
// that it is, or by SCEP.
func (s *Snapshot) CRLQuery(trustpoint string, now time.Time) (*Query, error) {
	tp := s.Lookup(trustpoint)
	switch {
	case tp == nil:
		return nil, fmt.Errorf("there is no trustpoint %s", trustpoint)
	case tp.CA == nil || tp.Identity == nil:
		return nil, fmt.Errorf("trustpoint %s has no certificate of this router, which says where the CRL is", trustpoint)
	}
	issuer := tp.CA
	if i := slices.IndexFunc(tp.Chain, func(c *Certificate) bool { return tp.Identity.SignedBy(c) == nil }); i >= 0 {
		issuer = tp.Chain[i]
	}
	ways, none := (&search{snapshot: s, now: now}).crlQueries([]*Certificate{tp.Identity, issuer}, tp)
	if len(ways) == 0 {
		if none == "" {
			none = "neither the certificate nor enrollment url says where it is"
		}
		return nil, fmt.Errorf("the CRL of %s is not to be had: %s", issuer.Subject, none)
	}
	return &ways[0], nil
}

// Finding is an answer that holds: signed by who may, about what was asked, valid.
type Finding struct {
	crl     *CRL
	revoked bool
	since   time.Time // of the revocation
	until   time.Time // as long as it says the same; zero: it does not tell
}

// CRL is the list that was found, nil for another answer.
func (f *Finding) CRL() *CRL { return f.crl }

// Read judges a server's answer. A large CRL takes a tenth of a second: this is for
// the shell, beside the exchanges.
func (q *Query) Read(data []byte, now time.Time) (*Finding, error) {
	if q.Method == RevocationOCSP {
		return q.readOCSP(data, now)
	}
	if s := page(bytes.TrimSpace(data)); s != "" {
		return nil, errors.New("not a CRL" + s)
	}
	crl, err := ParseCRLFile(data)
	if err != nil {
		return nil, err
	}
	r := crl.signedBy(q.issuer, q.policy)
	if r == nil {
		r = crl.unfit(now)
	}
	var named []string
	if q.Configured && !q.SCEP {
		named = q.URLs
	}
	if r == nil && crl.scope.leavesOut(q.cert, pointsOf(q.cert, named...)) {
		r = refuse(NoCRL, "it is about %s", &crl.scope)
	}
	if r != nil {
		return nil, fmt.Errorf("the CRL cannot be used: %s", r.reason)
	}
	return &Finding{crl: crl, until: crl.NextUpdate}, nil
}

func (q *Query) readOCSP(data []byte, now time.Time) (*Finding, error) {
	response, err := ParseOCSP(data)
	if err != nil {
		return nil, err
	}
	s, r := response.about(q, now)
	if r != nil {
		return nil, fmt.Errorf("the OCSP response cannot be used: %s", r.reason)
	}
	return &Finding{revoked: s.status == ocspRevoked, since: s.revoked, until: s.nextUpdate}, nil
}
