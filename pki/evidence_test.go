package pki_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// learn asks a server that answers so, and verifies again.
func learn(t *testing.T, s *pki.Snapshot, leaf *pki.Certificate, answer []byte, now time.Time) (pki.Verdict, *pki.CRL) {
	t.Helper()
	q := question(t, s, leaf, now)
	f, err := q.Read(answer, now)
	kept := s.Learn(&q, f, err, now)
	return s.Verify([]*pki.Certificate{leaf}, nil, now), kept
}

// What a distribution point may give: the verdict, and why.
func TestFetchedCRL(t *testing.T) {
	rogue := testca.New("CA1", 1)
	yesterday, tomorrow := today.AddDate(0, 0, -1), today.AddDate(0, 0, 1)
	ca, leaf, _ := asking(t)
	for _, c := range []struct {
		what   string
		answer []byte
		code   pki.VerdictCode
		text   string
	}{
		{"good", ca.CRLAt(yesterday, tomorrow), pki.VerdictOK, ""},
		{"as PEM", testca.CRLPEM(ca.CRLAt(yesterday, tomorrow)), pki.VerdictOK, ""},
		{"revoked", ca.CRLAt(yesterday, tomorrow, leaf.X509.SerialNumber), pki.Revoked, "says the CRL of cn=CA1"},
		{"another serial", ca.CRLAt(yesterday, tomorrow, big.NewInt(99)), pki.VerdictOK, ""},
		{"wrong signer", rogue.CRLAt(yesterday, tomorrow), pki.NoCRL, "does not verify"},
		{"another CA's", testca.New("CA2", 1).CRLAt(yesterday, tomorrow), pki.NoCRL, "it is the CRL of cn=CA2"},
		{"old", ca.CRLAt(yesterday, today), pki.NoCRL, "was to be renewed by"},
		{"of the future", ca.CRLAt(tomorrow, tomorrow.AddDate(0, 0, 1)), pki.NoCRL, "is valid from"},
		{"without an end", ca.CRLAt(yesterday, time.Time{}), pki.NoCRL, "no next update"},
		{"a page", []byte("\n<!DOCTYPE html>"), pki.NoCRL, "answers with a page"},
		{"a certificate", ca.Cert.Raw(), pki.NoCRL, "CRL"},
		{"nothing", nil, pki.NoCRL, "CRL"},
		{"huge", make([]byte, pki.MaxCRLLen+1), pki.NoCRL, "CRL"},
	} {
		_, _, s := asking(t)
		v, kept := learn(t, s, leaf, c.answer, today)
		if v.Code != c.code || !strings.Contains(v.Reason, c.text) || len(v.Queries) != 0 {
			t.Errorf("%s: %v %q, %d queries", c.what, v.Code, v.Reason, len(v.Queries))
		}
		if good := c.code == pki.VerdictOK || c.code == pki.Revoked; good != (kept != nil) {
			t.Errorf("%s: kept %v", c.what, kept != nil)
		}
	}
}

// Servers are asked only about chains that are trusted, and only where their answer
// may change the verdict.
func TestWhoIsAsked(t *testing.T) {
	ca, leaf, s := asking(t)
	stranger := testca.New("CA1", 1).Issue(testca.Certificate{Subject: leaf.Subject.DER(), Key: testca.RSA(2048, 2).Public(), Extensions: []testca.Extension{issue.CRLDistributionPoint(cdp)}})
	with := func(change func(*testca.Certificate)) *pki.Certificate {
		c := testca.Certificate{Subject: leaf.Subject.DER(), Key: testca.RSA(2048, 2).Public(), Extensions: []testca.Extension{issue.CRLDistributionPoint(cdp)}}
		change(&c)
		return ca.Issue(c)
	}
	for what, c := range map[string]struct {
		leaf *pki.Certificate
		code pki.VerdictCode
		urls []string
	}{
		"trusted":   {leaf, pki.NoCRL, []string{cdp}},
		"untrusted": {stranger, pki.BadSignature, nil},
		"expired":   {with(func(c *testca.Certificate) { c.NotAfter = today.Add(-time.Second) }), pki.Expired, nil},
		"ldap": {with(func(c *testca.Certificate) {
			c.Extensions = []testca.Extension{issue.CRLDistributionPoint("ldap://192.0.2.80/cn=CA1")}
		}), pki.NoCRL, nil},
		"ldap first": {with(func(c *testca.Certificate) {
			c.Extensions = []testca.Extension{issue.CRLDistributionPoint("ldap://x/", "http://a/", "http://a/", "HTTP://b/", "https://d/", "http://c/", "http://e/")}
		}), pki.NoCRL, []string{"http://a/", "HTTP://b/", "http://c/"}},
		"a line of a log": {with(func(c *testca.Certificate) {
			c.Extensions = []testca.Extension{issue.CRLDistributionPoint("http://x/\x1b[2J\n%PKI-6-X: forged", "http://a/")}
		}), pki.NoCRL, []string{"http://a/"}},
	} {
		v := s.Verify([]*pki.Certificate{c.leaf}, nil, today)
		var urls []string
		for _, q := range v.Queries {
			urls = append(urls, q.URLs...)
		}
		if v.Code != c.code || !slices.Equal(urls, c.urls) {
			t.Errorf("%s: %v %s, asked %q", what, v.Code, v.Reason, urls)
		}
		if what == "ldap" && !strings.Contains(v.Reason, "its distribution point is ldap://192.0.2.80/cn=CA1, and only http is fetched") {
			t.Error(v.Reason)
		}
	}
	sub := ca.Sub("SUB", 3)
	below := sub.Issue(testca.Certificate{Subject: leaf.Subject.DER(), Key: testca.RSA(2048, 2).Public(), Extensions: []testca.Extension{issue.CRLDistributionPoint("http://sub/")}})
	known := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: []*pki.CRL{ca.ParsedCRL()}}})
	if v := known.Verify([]*pki.Certificate{below, sub.Cert}, nil, today); len(v.Queries) != 1 || v.Queries[0].URLs[0] != "http://sub/" || v.Queries[0].Issuer() != sub.Cert {
		t.Errorf("%v", v.Queries)
	}
	revoked, err := pki.ParseCRL(ca.CRL(sub.Cert.X509.SerialNumber))
	if err != nil {
		t.Fatal(err)
	}
	known = pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: []*pki.CRL{revoked}}})
	if v := known.Verify([]*pki.Certificate{below, sub.Cert}, nil, today); v.Code != pki.Revoked || len(v.Queries) != 0 {
		t.Errorf("below a CA that is revoked: %v, %d queries", v.Code, len(v.Queries))
	}
}

// Methods are asked in order; the next one counts when one has failed, and none lets
// pass.
func TestMethodsInOrder(t *testing.T) {
	crl, byOCSP, none := pki.RevocationCRL, pki.RevocationOCSP, pki.RevocationNone
	failed := errors.New("the server answers 500")
	for _, c := range []struct {
		methods []pki.RevocationMethod
		asked   []pki.RevocationMethod
		ok      bool
	}{
		{[]pki.RevocationMethod{crl}, []pki.RevocationMethod{crl}, false},
		{[]pki.RevocationMethod{byOCSP, crl}, []pki.RevocationMethod{byOCSP, crl}, false},
		{[]pki.RevocationMethod{crl, byOCSP, none}, []pki.RevocationMethod{crl, byOCSP}, true},
		{[]pki.RevocationMethod{none}, nil, true},
	} {
		_, leaf, s := asking(t, c.methods...)
		var asked []pki.RevocationMethod
		v := s.Verify([]*pki.Certificate{leaf}, nil, today)
		for len(v.Queries) > 0 {
			if v.OK != c.ok {
				t.Errorf("%v: ok %v before an answer", c.methods, v.OK)
			}
			asked = append(asked, v.Queries[0].Method)
			s.Learn(&v.Queries[0], nil, failed, today)
			v = s.Verify([]*pki.Certificate{leaf}, nil, today)
		}
		if v.OK != c.ok || !slices.Equal(asked, c.asked) {
			t.Errorf("%v: asked %v, ok %v %s", c.methods, asked, v.OK, v.Reason)
		}
		if !v.OK && !strings.Contains(v.Reason, "the server answers 500") {
			t.Error(v.Reason)
		}
		if len(c.asked) > 0 {
			if v := s.Verify([]*pki.Certificate{leaf}, nil, today.Add(19*time.Second)); len(v.Queries) != 0 {
				t.Errorf("%v: asked again at once", c.methods)
			}
			if v := s.Verify([]*pki.Certificate{leaf}, nil, today.Add(20*time.Second)); len(v.Queries) != 1 {
				t.Errorf("%v: not asked again", c.methods)
			}
		}
	}
}

// match certificate has other servers asked than the certificate and ocsp url name.
func TestOverride(t *testing.T) {
	ca, leaf, _ := asking(t)
	r2 := &pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{Number: 10, Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "cn=r2"}}}}}
	// A line each, as the configuration writes them.
	both := []pki.CertificateMatch{{Map: r2, CDP: "http://cdp/"}, {Map: r2, OCSP: "http://ocsp/"}, {Map: r2, CDP: "http://late/"}}
	for method, want := range map[pki.RevocationMethod]string{pki.RevocationCRL: "http://cdp/", pki.RevocationOCSP: "http://ocsp/"} {
		set := pki.Settings{Name: "TP", OCSPURL: "http://192.0.2.9/", RevocationCheck: []pki.RevocationMethod{method}, Matches: both}
		q := question(t, pki.NewSnapshot([]*pki.Trustpoint{{Settings: set, CA: ca.Cert}}), leaf, today)
		if q.URLs[0] != want || !q.Configured {
			t.Errorf("%s: %q", method, q.URLs)
		}
	}
}

// How long an answer is kept.
func TestCRLCache(t *testing.T) {
	yesterday, next := today.AddDate(0, 0, -1), today.Add(time.Hour)
	for what, c := range map[string]struct {
		cache     pki.CRLCache
		kept      bool
		good      time.Duration // until then it counts
		uncertain time.Duration // until then it does if no newer one is to be had
	}{
		"until its next update": {pki.CRLCache{}, true, time.Hour, 0},
		"delete-after":          {pki.CRLCache{DeleteAfter: time.Minute}, false, time.Minute + 1, 0},
		"delete-after, later":   {pki.CRLCache{DeleteAfter: 2 * time.Hour}, false, time.Hour, 0},
		"extend":                {pki.CRLCache{Extend: time.Minute}, true, time.Hour, time.Hour + time.Minute},
		"none":                  {pki.CRLCache{None: true}, false, 10*time.Second + 1, 0},
	} {
		ca, leaf, _ := asking(t)
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP", CRLCache: c.cache}, CA: ca.Cert}})
		v, kept := learn(t, s, leaf, ca.CRLAt(yesterday, next), today)
		if !v.OK || (kept != nil) != c.kept {
			t.Errorf("%s: %s, kept %v", what, v.Reason, kept != nil)
		}
		at := func(d time.Duration) pki.Verdict { return s.Verify([]*pki.Certificate{leaf}, nil, today.Add(d)) }
		if v := at(c.good - 1); !v.OK || len(v.Queries) != 0 {
			t.Errorf("%s: %s, %d queries just before its end", what, v.Reason, len(v.Queries))
		}
		if v := at(c.good); v.OK != (c.uncertain > 0) || len(v.Queries) != 1 {
			t.Errorf("%s: ok %v, %d queries at its end", what, v.OK, len(v.Queries))
		}
		if v := at(c.uncertain); c.uncertain > 0 && (v.OK || len(v.Queries) != 1) {
			t.Errorf("%s: ok %v, %d queries after it", what, v.OK, len(v.Queries))
		}
		if n := len(s.FetchedCRLs(today)); n != 1 {
			t.Errorf("%s: %d CRLs are shown", what, n)
		}
	}
}

// A server that repeats an older CRL than is known changes nothing.
func TestOlderCRL(t *testing.T) {
	ca, leaf, s := asking(t)
	old := ca.CRLAt(today.AddDate(0, 0, -9), today.Add(time.Hour))
	if v, _ := learn(t, s, leaf, ca.CRLAt(today.Add(-time.Hour), today.Add(time.Minute), leaf.X509.SerialNumber), today); v.Code != pki.Revoked {
		t.Fatal(v.Reason)
	}
	later := today.Add(2 * time.Minute)
	v, kept := learn(t, s, leaf, old, later)
	if v.OK || kept != nil || !strings.Contains(v.Reason, "is known") {
		t.Errorf("%s, kept %v", v.Reason, kept)
	}
}

// ... nor does one that is older than the store's, which a restart leaves alone, even
// when that has run out.
func TestOlderThanStored(t *testing.T) {
	ca, leaf, _ := asking(t)
	stored, err := pki.ParseCRL(ca.CRLAt(today.Add(-time.Hour), today.Add(time.Minute), leaf.X509.SerialNumber))
	if err != nil {
		t.Fatal(err)
	}
	s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: []*pki.CRL{stored}}})
	v, kept := learn(t, s, leaf, ca.CRLAt(today.AddDate(0, 0, -9), today.Add(time.Hour)), today.Add(2*time.Minute))
	if v.OK || kept != nil || !strings.Contains(v.Reason, "is known") {
		t.Errorf("%s, kept %v", v.Reason, kept)
	}
}

// What servers told is there for the next state of the store, and not for a router that
// begins.
func TestEvidenceLasts(t *testing.T) {
	ca, leaf, s := asking(t)
	learn(t, s, leaf, ca.CRLAt(today.AddDate(0, 0, -1), today.Add(time.Hour)), today)
	_, _, next := asking(t)
	if v := next.After(s).Verify([]*pki.Certificate{leaf}, nil, today); !v.OK {
		t.Error(v.Reason)
	}
	strict := pki.Policy{RefuseSHA1: true}
	if v := next.WithPolicy(strict).After(s).Verify([]*pki.Certificate{leaf}, nil, today); v.OK || len(v.Queries) != 1 {
		t.Errorf("what another policy has judged counts: %s", v.Reason)
	}
	if v := s.Forget().Verify([]*pki.Certificate{leaf}, nil, today); v.OK {
		t.Error("it is not forgotten")
	}
}

// An answer to what was asked before the policy was changed is for who asked: an exchange
// keeps the snapshot that it began with.
func TestPolicyChangesMeanwhile(t *testing.T) {
	ca, leaf, s := asking(t)
	q := question(t, s, leaf, today)
	f, err := q.Read(ca.CRLAt(today.AddDate(0, 0, -1), today.Add(time.Hour)), today)
	if err != nil {
		t.Fatal(err)
	}
	now := s.WithPolicy(pki.Policy{RefuseMD5: true}).After(s)
	now.Learn(&q, f, nil, today)
	for what, c := range map[string]struct {
		s  *pki.Snapshot
		ok bool
	}{"before": {s, true}, "now": {now, false}} {
		if v := c.s.Verify([]*pki.Certificate{leaf}, nil, today); v.OK != c.ok || len(v.Queries) == 0 != c.ok {
			t.Errorf("%s: %s, %d queries", what, v.Reason, len(v.Queries))
		}
	}
}

// A CRL that was used is fetched anew before it runs out, and not the moment that a
// server fails to give it.
func TestPrefetch(t *testing.T) {
	ca, leaf, s := asking(t)
	next := today.Add(10 * time.Hour)
	learn(t, s, leaf, ca.CRLAt(today, next), today)
	due := next.Add(-time.Hour)
	if at := s.NextStale(); !at.Equal(due) || len(s.Stale(due.Add(-1))) != 0 {
		t.Fatalf("due at %v, want %v", at, due)
	}
	q := s.Stale(due)
	if len(q) != 1 || q[0].URLs[0] != cdp {
		t.Fatalf("%d are due", len(q))
	}
	s.Learn(&q[0], nil, errors.New("the server answers 500"), due)
	if at := s.NextStale(); !at.Equal(due.Add(30 * time.Minute)) {
		t.Errorf("again at %v", at)
	}
	if v := s.Verify([]*pki.Certificate{leaf}, nil, due); !v.OK || len(v.Queries) != 0 {
		t.Errorf("%s, %d queries while the old one is good", v.Reason, len(v.Queries))
	}
	q = s.Stale(due.Add(30 * time.Minute))
	f, err := q[0].Read(ca.CRLAt(due, due.AddDate(0, 0, 1)), due.Add(30*time.Minute))
	s.Learn(&q[0], f, err, due.Add(30*time.Minute))
	if v := s.Verify([]*pki.Certificate{leaf}, nil, next.Add(time.Minute)); !v.OK || len(v.Queries) != 0 {
		t.Errorf("%s, %d queries after the old one has run out", v.Reason, len(v.Queries))
	}
	if at := s.NextStale(); !at.After(next) {
		t.Errorf("next at %v", at)
	}
}

// match certificate, and match eku.
func TestMatches(t *testing.T) {
	ca, leaf, _ := asking(t)
	old := ca.Issue(testca.Certificate{Subject: leaf.Subject.DER(), Key: testca.RSA(2048, 2).Public(), NotAfter: today.Add(-time.Hour)})
	r2 := &pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{Number: 10, Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "cn=r2"}}}}}
	r9 := &pki.CertificateMap{Name: "N", Sequences: []pki.CertificateMapSequence{{Number: 10, Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "cn=r9"}}}}}
	none := []pki.RevocationMethod{pki.RevocationNone}
	for what, c := range map[string]struct {
		leaf *pki.Certificate
		set  pki.Settings
		code pki.VerdictCode
	}{
		"skip":              {leaf, pki.Settings{Matches: []pki.CertificateMatch{{Map: r2, SkipRevocation: true}}}, pki.VerdictOK},
		"skip another":      {leaf, pki.Settings{Matches: []pki.CertificateMatch{{Map: r9, SkipRevocation: true}}}, pki.NoCRL},
		"expired":           {old, pki.Settings{RevocationCheck: none, Matches: []pki.CertificateMatch{{Map: r2, AllowExpired: true}}}, pki.VerdictOK},
		"expired, another":  {old, pki.Settings{RevocationCheck: none, Matches: []pki.CertificateMatch{{Map: r9, AllowExpired: true}}}, pki.Expired},
		"authorized":        {leaf, pki.Settings{RevocationCheck: none, Matches: []pki.CertificateMatch{{Map: r9}, {Map: r2}}}, pki.VerdictOK},
		"not authorized":    {leaf, pki.Settings{RevocationCheck: none, Matches: []pki.CertificateMatch{{Map: r9}}}, pki.Unauthorized},
		"an eku that lacks": {leaf, pki.Settings{RevocationCheck: none, EKU: []string{"client-auth"}}, pki.ExtendedKeyUsage},
	} {
		c.set.Name = "TP"
		v := pki.NewSnapshot([]*pki.Trustpoint{{Settings: c.set, CA: ca.Cert}}).Verify([]*pki.Certificate{c.leaf}, nil, today)
		if v.Code != c.code {
			t.Errorf("%s: %v %s", what, v.Code, v.Reason)
		}
	}
}

// The operator may ask for a CRL where the router's own certificate says that it is.
func TestCRLQuery(t *testing.T) {
	ca := testca.New("CA1", 0)
	at := testca.Trustpoint("AT", ca.EnrollAt(cdp, "R1", "192.168.0.1", "100", 2), 1)
	nowhere := testca.Trustpoint("NOWHERE", ca.Enroll("R1", "192.168.0.1", "100", 3), 2)
	scep := testca.Trustpoint("SCEP", ca.Enroll("R1", "192.168.0.1", "100", 4), 3)
	scep.EnrollmentURL = "http://192.0.2.3"
	s := pki.NewSnapshot([]*pki.Trustpoint{at, nowhere, scep, {Settings: pki.Settings{Name: "CA"}, CA: ca.Cert}})
	for name, want := range map[string]string{
		"AT": "the CRL of cn=CA1,o=cisco,o=com at " + cdp, "SCEP": "the CRL of cn=CA1,o=cisco,o=com by SCEP at http://192.0.2.3",
		"NOWHERE": "neither the certificate nor enrollment url", "CA": "has no certificate of this router", "NONE": "there is no trustpoint NONE",
	} {
		q, err := s.CRLQuery(name, today)
		if err == nil && q.String() != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", name, q, err)
		}
	}
}
