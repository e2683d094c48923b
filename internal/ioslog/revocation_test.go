package ioslog

import (
	"errors"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// Lines of questions about revocation and of their answers.
func TestRevocationLines(t *testing.T) {
	ca := testca.New("CA1", 0)
	leaf := ca.EnrollAt("http://192.0.2.1/crl", "R2", "192.168.0.2", "101", 2).Cert
	ask := func(s pki.Settings) *pki.Query {
		s.Name = "TP"
		tp := testca.Trustpoint("TP", ca.Enroll("R1", "192.168.0.1", "100", 3), 1)
		tp.Settings, tp.CRLs = s, nil
		v := pki.NewSnapshot([]*pki.Trustpoint{tp}).Verify([]*pki.Certificate{leaf}, nil, testca.NotBefore)
		if len(v.Queries) != 1 {
			t.Fatal(v.Reason)
		}
		return &v.Queries[0]
	}
	crl, ocsp := ask(pki.Settings{}), ask(pki.Settings{OCSPURL: "http://192.0.2.2/", RevocationCheck: []pki.RevocationMethod{pki.RevocationOCSP}})
	for want, e := range map[string]ike.Event{
		"CRYPTO_PKI: Starting CRL revocation check\nCRYPTO_PKI: Matching CRL not found\nCRYPTO_PKI: Select crl(cn=CA1,o=cisco,o=com)": engine.RevocationAsked{Query: crl},
		"CRYPTO_PKI: Starting OCSP revocation check\nCRYPTO_PKI: OCSP server URL is http://192.0.2.2/":                                engine.RevocationAsked{Query: ocsp},
		"CRYPTO_PKI: Revocation check is complete, 0":                                                                                 engine.RevocationAnswered{Query: crl, Finding: &pki.Finding{}},
		"%PKI-3-CRL_FETCH_FAIL: CRL fetch for trustpoint TP failed Reason : the server answers 404\n" +
			"CRYPTO_PKI: the CRL of cn=CA1,o=cisco,o=com at http://192.0.2.1/crl: the server answers 404\nCRYPTO_PKI: Revocation check is complete, 1": engine.RevocationAnswered{Query: crl, Err: errors.New("the server answers 404")},
		"CRYPTO_PKI: the status of certificate 02 at http://192.0.2.2/: it says nothing\nCRYPTO_PKI: Revocation check is complete, 1": engine.RevocationAnswered{Query: ocsp, Err: errors.New("it says nothing")},
	} {
		var got []string
		for _, l := range Lines(ike.Report{Event: e}) {
			got = append(got, l.Text)
		}
		if s := strings.Join(got, "\n"); s != want {
			t.Errorf("got\n%s\nwant\n%s", s, want)
		}
	}
}
