package pki_test

import (
	"bytes"
	"crypto"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

const (
	cdp       = "http://192.0.2.80/ca1.crl"
	responder = "http://192.0.2.81/ocsp"
)

// asking is a snapshot of one trustpoint without a CRL, and a certificate that names a
// distribution point and a responder.
func asking(t *testing.T, methods ...pki.RevocationMethod) (*testca.CA, *pki.Certificate, *pki.Snapshot) {
	t.Helper()
	ca := testca.New("CA1", 0)
	leaf := ca.Issue(testca.Certificate{
		Subject: testca.RouterName("R2", "192.168.0.2", "101").DER(), Key: testca.RSA(2048, 2).Public(),
		Extensions: []testca.Extension{issue.CRLDistributionPoint(cdp), issue.OCSPServer(responder)},
	})
	return ca, leaf, pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP", RevocationCheck: methods}, CA: ca.Cert}})
}

// question is the one query of a verdict.
func question(t *testing.T, s *pki.Snapshot, leaf *pki.Certificate, now time.Time) pki.Query {
	t.Helper()
	v := s.Verify([]*pki.Certificate{leaf}, nil, now)
	if len(v.Queries) != 1 {
		t.Fatalf("%d queries: %s", len(v.Queries), v.Reason)
	}
	q := v.Queries[0]
	if err := q.Draw(bytes.NewReader(bytes.Repeat([]byte{7}, pki.NonceLen))); err != nil {
		t.Fatal(err)
	}
	return q
}

// What a responder may say, and lie: the verdict, and why.
func TestOCSP(t *testing.T) {
	rogue := testca.New("CA1", 1)
	single := func(f func(*issue.OCSPSingle)) func(*testca.OCSP) {
		return func(o *testca.OCSP) { f(&o.Singles[0]) }
	}
	for _, c := range []struct {
		what   string
		change func(*testca.OCSP)
		answer func(der []byte) []byte // instead of the response
		code   pki.VerdictCode
		text   string
	}{
		{"good", nil, nil, pki.VerdictOK, ""},
		{"revoked", single(func(s *issue.OCSPSingle) { s.Status, s.RevokedAt = 1, today.Add(-time.Hour) }), nil, pki.Revoked, "revoked since 12:00:00 UTC Jul 20 2013, says the responder of cn=CA1"},
		{"good, then revoked", func(o *testca.OCSP) {
			worse := o.Singles[0]
			worse.Status, worse.RevokedAt = 1, today.Add(-time.Hour)
			o.Singles = append(o.Singles, worse)
		}, nil, pki.Revoked, "says the responder"},
		{"revoked, then good", func(o *testca.OCSP) {
			worse := o.Singles[0]
			worse.Status, worse.RevokedAt = 1, today.Add(-time.Hour)
			o.Singles = append([]issue.OCSPSingle{worse}, o.Singles...)
		}, nil, pki.Revoked, "says the responder"},
		{"good, then unknown", func(o *testca.OCSP) {
			worse := o.Singles[0]
			worse.Status = 2
			o.Singles = append(o.Singles, worse)
		}, nil, pki.NoCRL, "does not know the certificate"},
		{"unknown", single(func(s *issue.OCSPSingle) { s.Status = 2 }), nil, pki.NoCRL, "does not know the certificate"},
		{"another serial", single(func(s *issue.OCSPSingle) { s.Serial = big.NewInt(99) }), nil, pki.NoCRL, "about another certificate"},
		{"another issuer", single(func(s *issue.OCSPSingle) { s.IssuerKey = rogue.Key.Public() }), nil, pki.NoCRL, "about another certificate"},
		{"about nothing", func(o *testca.OCSP) { o.Singles = nil }, nil, pki.NoCRL, "about another certificate"},
		{"old", single(func(s *issue.OCSPSingle) { s.NextUpdate = today }), nil, pki.NoCRL, "was to be renewed by"},
		{"of the future", single(func(s *issue.OCSPSingle) { s.ThisUpdate = today.Add(time.Hour) }), nil, pki.NoCRL, "is valid from"},
		{"a clock that is ahead", single(func(s *issue.OCSPSingle) { s.ThisUpdate = today.Add(time.Minute) }), nil, pki.VerdictOK, ""},
		{"no next update", single(func(s *issue.OCSPSingle) { s.NextUpdate = time.Time{} }), nil, pki.VerdictOK, ""},
		{"no nonce", func(o *testca.OCSP) { o.Nonce = nil }, nil, pki.NoCRL, "does not repeat our nonce"},
		{"another nonce", func(o *testca.OCSP) { o.Nonce = make([]byte, pki.NonceLen) }, nil, pki.NoCRL, "another nonce"},
		{"another's name", func(o *testca.OCSP) { o.Responder = testca.DN("CN=X").DER() }, nil, pki.NoCRL, "neither cn=CA1,o=cisco,o=com nor a responder of its"},
		{"critical extension", func(o *testca.OCSP) {
			o.Extensions = []testca.Extension{{OID: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, nil, pki.NoCRL, "unknown critical extension 1.2.3"},
		{"try later", func(o *testca.OCSP) { o.Status = 3 }, nil, pki.NoCRL, "the responder answers tryLater"},
		{"unauthorized", func(o *testca.OCSP) { o.Status = 6 }, nil, pki.NoCRL, "the responder answers unauthorized"},
		{"an error without a name", func(o *testca.OCSP) { o.Status = 4 }, nil, pki.NoCRL, "status 4"},
		{"a page", nil, func([]byte) []byte { return []byte("<html>") }, pki.NoCRL, "answers with a page"},
		{"a CRL", nil, func([]byte) []byte { return rogue.CRL() }, pki.NoCRL, "not an OCSP response"},
		{"huge", nil, func([]byte) []byte { return make([]byte, pki.MaxOCSPLen+1) }, pki.NoCRL, "at most 65536"},
		{"changed", nil, func(der []byte) []byte { der[len(der)-1] ^= 1; return der }, pki.NoCRL, "does not verify"},
	} {
		ca, leaf, s := asking(t, pki.RevocationOCSP)
		q := question(t, s, leaf, today)
		body, kind := q.Body()
		if kind != "application/ocsp-request" || q.URLs[0] != responder {
			t.Fatalf("%s to %q", kind, q.URLs)
		}
		answer := ca.Responder(today, body, c.change)
		if c.answer != nil {
			answer = c.answer(answer)
		}
		f, err := q.Read(answer, today)
		s.Learn(&q, f, err, today)
		v := s.Verify([]*pki.Certificate{leaf}, nil, today)
		if v.Code != c.code || !strings.Contains(v.Reason, c.text) || len(v.Queries) != 0 {
			t.Errorf("%s: %v %q, %d queries", c.what, v.Code, v.Reason, len(v.Queries))
		}
	}
}

// A response that somebody else signs counts when the CA itself has made him a
// responder.
func TestOCSPDelegated(t *testing.T) {
	ca, other := testca.New("CA1", 0), testca.New("CA2", 1)
	key := testca.RSA(2048, 3)
	signing := issue.ExtendedKeyUsage([]int{1, 3, 6, 1, 5, 5, 7, 3, 9})
	name := testca.DN("CN=OCSP,O=cisco,O=com")
	cert := func(by *testca.CA, c testca.Certificate) []byte {
		c.Subject, c.Key = name.DER(), key.Public()
		return by.Issue(c).Raw()
	}
	ext := func(e ...testca.Extension) testca.Certificate { return testca.Certificate{Extensions: e} }
	stale := cert(ca, testca.Certificate{NotAfter: today.Add(-time.Second), Extensions: []testca.Extension{signing}})
	before := ca.Issue(testca.Certificate{Subject: name.DER(), Key: testca.RSA(2048, 4).Public(), Extensions: []testca.Extension{signing}}).Raw()
	for _, c := range []struct {
		what string
		cert []byte // one after the other
		text string
	}{
		{"delegated", cert(ca, ext(signing)), ""},
		{"delegated, beside one that has run out", slices.Concat(stale, cert(ca, ext(signing))), ""},
		{"delegated, beside one of the key before", slices.Concat(before, cert(ca, ext(signing))), ""},
		{"of the key before", before, "does not verify"},
		{"no purpose", cert(ca, ext()), "is not for OCSP signing"},
		{"another purpose", cert(ca, ext(issue.ExtendedKeyUsage([]int{1, 3, 6, 1, 5, 5, 7, 3, 1}))), "is not for OCSP signing"},
		{"key usage", cert(ca, ext(signing, testca.KeyUsage(testca.KeyEncipherment))), "does not permit signatures"},
		{"expired", stale, "is not valid now"},
		{"expired, twice", slices.Concat(stale, stale), "is not valid now"},
		{"of another CA", cert(other, ext(signing)), "is from cn=CA2"},
		{"of another key of that name", cert(testca.New("CA1", 4), ext(signing)), "does not verify"},
		{"a critical extension", cert(ca, ext(signing, testca.Extension{OID: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}})), "1.2.3 is not understood"},
		{"not there", nil, "nor a responder of its"},
	} {
		_, leaf, s := asking(t, pki.RevocationOCSP)
		q := question(t, s, leaf, today)
		body, _ := q.Body()
		as := &testca.CA{Name: ca.Name, Key: ca.Key, Hash: crypto.SHA256}
		var o testca.OCSP
		as.Responder(today, body, func(made *testca.OCSP) {
			made.Responder = name.DER()
			if c.cert != nil {
				made.Certs = [][]byte{c.cert}
			}
			o = *made
		})
		der, err := o.Sign(key, crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		_, err = q.Read(der, today)
		if (err == nil) != (c.text == "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// With ocsp disable-nonce an answer without one counts, if it says how long.
func TestOCSPWithoutNonce(t *testing.T) {
	ca, leaf, _ := asking(t)
	s := pki.NewSnapshot([]*pki.Trustpoint{{CA: ca.Cert, Settings: pki.Settings{Name: "TP", OCSPNoNonce: true, OCSPURL: "http://192.0.2.9/", RevocationCheck: []pki.RevocationMethod{pki.RevocationOCSP}}}})
	q := question(t, s, leaf, today)
	body, _ := q.Body()
	if _, nonce, err := issue.ReadOCSPRequest(body); nonce != nil || err != nil || q.URLs[0] != "http://192.0.2.9/" || !q.Configured {
		t.Errorf("nonce %x to %q, %v", nonce, q.URLs, err)
	}
	if _, err := q.Read(ca.Responder(today, body, nil), today); err != nil {
		t.Error(err)
	}
	endless := ca.Responder(today, body, func(o *testca.OCSP) { o.Singles[0].NextUpdate = time.Time{} })
	if _, err := q.Read(endless, today); err == nil || !strings.Contains(err.Error(), "neither a nonce nor a next update") {
		t.Error(err)
	}
}

// What a responder said to a trustpoint that does without a nonce is not for one that
// wants it; and it is not kept longer than it says, nor for ever.
func TestOCSPKept(t *testing.T) {
	ca, leaf, _ := asking(t)
	byOCSP := []pki.RevocationMethod{pki.RevocationOCSP}
	a := &pki.Trustpoint{CA: ca.Cert, Settings: pki.Settings{Name: "A", OCSPNoNonce: true, RevocationCheck: byOCSP}}
	b := &pki.Trustpoint{CA: ca.Cert, Settings: pki.Settings{Name: "B", RevocationCheck: byOCSP}}
	other := &pki.Trustpoint{CA: ca.Cert, Settings: pki.Settings{Name: "C", OCSPNoNonce: true, OCSPURL: "http://192.0.2.9/", RevocationCheck: byOCSP}}
	for _, c := range []struct{ says, kept time.Duration }{{time.Hour, time.Hour}, {1000 * time.Hour, 7 * 24 * time.Hour}} {
		s := pki.NewSnapshot([]*pki.Trustpoint{a, b, other})
		verify := func(tp string, after time.Duration) pki.Verdict {
			return s.Verify([]*pki.Certificate{leaf}, []string{tp}, today.Add(after))
		}
		q := verify("A", 0).Queries[0]
		body, _ := q.Body()
		f, err := q.Read(ca.Responder(today, body, func(o *testca.OCSP) { o.Singles[0].NextUpdate = today.Add(c.says) }), today)
		s.Learn(&q, f, err, today)
		for tp, ok := range map[string]bool{"A": true, "B": false, "C": false} {
			if v := verify(tp, 0); v.OK != ok || len(v.Queries) == 0 != ok {
				t.Errorf("%s: ok %v, %d queries: %s", tp, v.OK, len(v.Queries), v.Reason)
			}
		}
		if v := verify("A", c.kept); !v.OK {
			t.Error(v.Reason)
		}
		if v := verify("A", c.kept+1); v.OK || len(v.Queries) != 1 {
			t.Errorf("kept for %v: %s", c.says, v.Reason)
		}
	}
}

// The request and the response are what another implementation reads and writes.
func TestOCSPElsewhere(t *testing.T) {
	ca, leaf, s := asking(t, pki.RevocationOCSP)
	q := question(t, s, leaf, today)
	body, _ := q.Body()
	request, err := ocsp.ParseRequest(body)
	if err != nil || request.SerialNumber.Cmp(leaf.X509.SerialNumber) != 0 {
		t.Fatalf("%+v, %v", request, err)
	}
	if r, err := ocsp.ParseResponse(ca.Responder(today, body, nil), ca.Cert.X509); err != nil || r.Status != ocsp.Good {
		t.Errorf("%+v, %v", r, err)
	}
	der, err := ocsp.CreateResponse(ca.Cert.X509, ca.Cert.X509, ocsp.Response{
		Status: ocsp.Revoked, SerialNumber: leaf.X509.SerialNumber, ThisUpdate: today, NextUpdate: today.Add(time.Hour), RevokedAt: today,
	}, ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.ParseOCSP(der); err != nil {
		t.Error(err)
	}
	if _, err := q.Read(der, today); err == nil || !strings.Contains(err.Error(), "does not repeat our nonce") {
		t.Error(err)
	}
}

func TestOCSPCut(t *testing.T) {
	ca, leaf, s := asking(t, pki.RevocationOCSP)
	q := question(t, s, leaf, today)
	body, _ := q.Body()
	der := ca.Responder(today, body, func(o *testca.OCSP) { o.Certs = [][]byte{ca.Cert.Raw()} })
	for i := range der {
		if _, err := pki.ParseOCSP(der[:i]); err == nil {
			t.Errorf("%d of %d octets parse", i, len(der))
		}
	}
	if _, err := pki.ParseOCSP(append(der, 0)); err == nil {
		t.Error("an octet too many is accepted")
	}
}
