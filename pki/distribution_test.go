package pki_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

func uris(urls ...string) (names []issue.GeneralName) {
	for _, u := range urls {
		names = append(names, issue.GeneralName{Tag: 6, Value: []byte(u)})
	}
	return names
}

// partOf is a list about some certificates of a CA.
func partOf(ca *testca.CA, p issue.Point, revoked ...*big.Int) []byte {
	list := testca.CRL{Issuer: ca.Name.DER(), ThisUpdate: today.Add(-time.Hour), NextUpdate: today.Add(time.Hour), Extensions: []testca.Extension{testca.CRLNumber(7), issue.IssuingDistributionPoint(p)}}
	for _, n := range revoked {
		list.Entries = append(list.Entries, testca.Entry{Serial: n, At: today.Add(-time.Minute)})
	}
	return list.Sign(ca.Key, ca.Hash)
}

// A list with an issuing distribution point answers about the certificates that it is
// for, as RFC 5280 section 6.3.3 has it.
func TestIssuingDistributionPoint(t *testing.T) {
	ca, leaf, _ := asking(t)
	dn := []issue.GeneralName{{Tag: 4, Value: ca.Name.DER()}}
	other := []issue.GeneralName{{Tag: 4, Value: testca.DN("CN=Else").DER()}}
	for _, c := range []struct {
		what  string
		point issue.Point
		code  pki.VerdictCode
		text  string
	}{
		{"its distribution point", issue.Point{Names: uris(cdp)}, pki.VerdictOK, ""},
		{"AD CS: LDAP and HTTP", issue.Point{Names: uris("ldap:///CN=CA1,CN=CDP?certificateRevocationList", cdp)}, pki.VerdictOK, ""},
		{"a public CA: users of a part", issue.Point{Names: uris(cdp), Users: true}, pki.VerdictOK, ""},
		{"no name", issue.Point{Users: true}, pki.VerdictOK, ""},
		{"nothing at all", issue.Point{}, pki.VerdictOK, ""},
		{"the issuer's name", issue.Point{Names: dn}, pki.VerdictOK, ""},
		{"another part", issue.Point{Names: uris("http://192.0.2.80/other.crl")}, pki.NoCRL, "with the distribution point http://192.0.2.80/other.crl"},
		{"another name", issue.Point{Names: other}, pki.NoCRL, "with the distribution point cn=Else"},
		{"CAs", issue.Point{Names: uris(cdp), CAs: true}, pki.NoCRL, "about certificates of CAs only"},
	} {
		_, _, s := asking(t)
		v, kept := learn(t, s, leaf, partOf(ca, c.point), today)
		if v.Code != c.code || !strings.Contains(v.Reason, c.text) || len(v.Queries) != 0 || kept != nil {
			t.Errorf("%s: %v %s, %d queries, kept %v", c.what, v.Code, v.Reason, len(v.Queries), kept != nil)
		}
		if c.code != pki.VerdictOK {
			continue
		}
		_, _, s = asking(t)
		if v, _ := learn(t, s, leaf, partOf(ca, c.point, leaf.X509.SerialNumber), today); v.Code != pki.Revoked {
			t.Errorf("%s, and revoked: %v %s", c.what, v.Code, v.Reason)
		}
	}
}

// Of a CA with a list of each kind the one for CAs answers about CAs, whichever came
// last; neither takes the place of the other.
func TestListsOfParts(t *testing.T) {
	ca := testca.New("CA1", 0)
	sub := ca.Sub("SUB", 3)
	leaf := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert
	below := sub.Enroll("R3", "192.168.0.3", "102", 4).Cert
	parse := func(der []byte) *pki.CRL {
		crl, err := pki.ParseCRL(der)
		if err != nil {
			t.Fatal(err)
		}
		return crl
	}
	cas, users := parse(partOf(ca, issue.Point{CAs: true}, sub.Cert.X509.SerialNumber)), parse(partOf(ca, issue.Point{Users: true}))
	subs := parse(sub.CRLAt(today.Add(-time.Hour), today.Add(time.Hour)))
	for _, lists := range [][]*pki.CRL{{cas, users, subs}, {subs, users, cas}} {
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: lists}})
		if v := s.Verify([]*pki.Certificate{leaf}, nil, today); !v.OK {
			t.Error(v.Reason)
		}
		if v := s.Verify([]*pki.Certificate{below, sub.Cert}, nil, today); v.Code != pki.Revoked {
			t.Error(v.Reason)
		}
	}
	if cas.Replaces(users) || !cas.Replaces(cas) {
		t.Error("which list replaces which")
	}
}

// The operator's word of where a list is counts as the certificate's.
func TestOverriddenDistributionPoint(t *testing.T) {
	ca, leaf, _ := asking(t)
	any := &pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{Number: 10, Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "cn"}}}}}
	set := pki.Settings{Name: "TP", Matches: []pki.CertificateMatch{{Map: any, CDP: "http://mirror/"}}}
	for url, ok := range map[string]bool{"http://mirror/": true, cdp: true, "http://else/": false} {
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: set, CA: ca.Cert}})
		if v, _ := learn(t, s, leaf, partOf(ca, issue.Point{Names: uris(url)}), today); v.OK != ok || len(v.Queries) != 0 {
			t.Errorf("%s: %s, %d queries", url, v.Reason, len(v.Queries))
		}
	}
}

func TestDistributionPointCut(t *testing.T) {
	ca := testca.New("CA1", 0)
	whole := issue.IssuingDistributionPoint(issue.Point{Names: uris(cdp), Users: true})
	sign := func(values ...[]byte) error {
		crl := testca.CRL{Issuer: ca.Name.DER(), ThisUpdate: today, NextUpdate: testca.NotAfter}
		for _, v := range values {
			crl.Extensions = append(crl.Extensions, testca.Extension{OID: whole.OID, Critical: true, Value: v})
		}
		_, err := pki.ParseCRL(crl.Sign(ca.Key, ca.Hash))
		return err
	}
	for i := range whole.Value {
		if sign(whole.Value[:i]) == nil {
			t.Errorf("%d of %d octets parse", i, len(whole.Value))
		}
	}
	many := issue.IssuingDistributionPoint(issue.Point{Names: uris(strings.Split(strings.Repeat("http://x/ ", 33), " ")...)})
	if err := sign(many.Value); err == nil || !strings.Contains(err.Error(), "more than 32 names") {
		t.Error(err)
	}
	if err := sign(whole.Value, []byte{0x30, 0}); err == nil || !strings.Contains(err.Error(), "more than one") {
		t.Error(err)
	}
}
