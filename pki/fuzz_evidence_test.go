package pki_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// FuzzEvidence is the door for what a server answers about revocation: a CRL or an OCSP
// response. Only what the CA has signed counts.
func FuzzEvidence(f *testing.F) {
	ca := testca.New("CA1", 0)
	leaf := ca.Issue(testca.Certificate{
		Subject: testca.DN("CN=R2").DER(), Key: testca.RSA(2048, 2).Public(),
		Extensions: []testca.Extension{issue.CRLDistributionPoint(cdp), issue.OCSPServer(responder)},
	})
	ask := func(m pki.RevocationMethod) (*pki.Snapshot, pki.Query) {
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP", RevocationCheck: []pki.RevocationMethod{m}}, CA: ca.Cert}})
		q := s.Verify([]*pki.Certificate{leaf}, nil, today).Queries[0]
		if err := q.Draw(bytes.NewReader(make([]byte, pki.NonceLen))); err != nil {
			f.Fatal(err)
		}
		return s, q
	}
	_, q := ask(pki.RevocationOCSP)
	body, _ := q.Body()
	good := [][]byte{
		ca.Responder(today, body, nil),
		ca.Responder(today, body, func(o *testca.OCSP) {
			o.Singles[0].Status, o.Singles[0].RevokedAt = 1, today
			o.Certs = [][]byte{ca.Cert.Raw()}
		}),
		ca.CRLAt(today.Add(-time.Hour), today.Add(time.Hour), leaf.X509.SerialNumber),
		partOf(ca, issue.Point{Names: uris("ldap:///", cdp), Users: true}, leaf.X509.SerialNumber),
	}
	for _, der := range append(good, ca.Responder(today, body, func(o *testca.OCSP) { o.Status = 3 }), testca.CRLPEM(good[2]), []byte("<html>")) {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []pki.RevocationMethod{pki.RevocationCRL, pki.RevocationOCSP} {
			s, q := ask(m)
			found, err := q.Read(data, today)
			if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			s.Learn(&q, found, err, today)
			v := s.Verify([]*pki.Certificate{leaf}, nil, today)
			if err != nil && (v.OK || v.Code != pki.NoCRL || len(v.Queries) != 0) {
				t.Errorf("%v: %v %s", err, v.Code, v.Reason)
			}
			if err == nil && !contains(good, data) && !bytes.Contains(data, []byte("BEGIN X509 CRL")) {
				t.Errorf("what the CA did not sign counts: %v %s", v.Code, v.Reason)
			}
		}
	})
}

// contains says whether the signed part of any of the good ones is in data: a signature
// is not about every octet around it.
func contains(good [][]byte, data []byte) bool {
	for _, g := range good {
		if bytes.Contains(data, g[len(g)-256:]) || bytes.Contains(g, data) || bytes.Contains(data, g[60:200]) {
			return true
		}
	}
	return false
}
