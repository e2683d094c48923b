package pki_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// subAt is a CA below another, whose certificate names a distribution point.
func subAt(ca *testca.CA, url, cn string, key int) *testca.CA {
	sub := &testca.CA{Name: testca.DN("CN=" + cn + ",O=cisco,O=com"), Key: testca.RSA(2048, key), Hash: ca.Hash}
	sub.Cert = ca.Issue(testca.Certificate{Subject: sub.Name.DER(), Key: sub.Key.Public(), Extensions: []testca.Extension{
		testca.BasicConstraints(true, -1), testca.KeyUsage(testca.CertSign | testca.CRLSign), issue.CRLDistributionPoint(url),
	}})
	return sub
}

// A CA that others vouch for, and that makes CAs without end, fills the cache with their
// lists: those of the CA above it stay, and its own newest counts.
func TestOneCACannotPushOutOthers(t *testing.T) {
	ca, leaf, _ := asking(t)
	hostile := subAt(ca, cdp, "HOSTILE", 3)
	from, to := today.AddDate(0, 0, -1), today.Add(time.Hour)
	room := 8 * len(ca.CRLAt(from, to)) // for seven or eight
	s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert}}).WithPolicy(pki.Policy{CRLCacheLen: room})
	learn(t, s, leaf, ca.CRLAt(from, to), today)
	for i := range 20 {
		sub := subAt(hostile, "http://192.0.2.8/", fmt.Sprintf("SUB%d", i), 4)
		chain := []*pki.Certificate{sub.EnrollAt(fmt.Sprintf("http://192.0.2.%d/", i), "R3", "192.168.0.3", "102", 5).Cert, sub.Cert, hostile.Cert}
		v := s.Verify(chain, nil, today)
		for _, q := range v.Queries { // about the leaf, and the first time about SUB; about HOSTILE there is a list
			by := map[*pki.Certificate]*testca.CA{sub.Cert: sub, hostile.Cert: hostile}[q.Issuer()]
			f, err := q.Read(by.CRLAt(from, to), today)
			s.Learn(&q, f, err, today)
		}
		held := s.FetchedCRLs(today)
		octets, newest := 0, false
		for _, h := range held {
			if h.CRL.Issuer.Equal(sub.Name) {
				newest = true
				continue
			}
			octets += len(h.CRL.Raw)
		}
		if octets > room || !newest || i > 8 && len(held) < 6 {
			t.Fatalf("%d: %d lists with %d octets, the newest among them %v", i, len(held), octets, newest)
		}
		if v := s.Verify([]*pki.Certificate{leaf}, nil, today); !v.OK || len(v.Queries) != 0 {
			t.Fatalf("%d: %s, %d queries", i, v.Reason, len(v.Queries))
		}
	}
}

// A list that is larger than the cache counts for who waits for it. The next one finds
// it gone first, and the others where they were.
func TestLargerThanTheCache(t *testing.T) {
	ca, leaf, _ := asking(t)
	sub := subAt(ca, cdp, "SUB", 3)
	below := sub.EnrollAt("http://192.0.2.7/", "R3", "192.168.0.3", "102", 4).Cert
	s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert}}).WithPolicy(pki.Policy{CRLCacheLen: 2 << 10})
	from, to := today.AddDate(0, 0, -1), today.Add(time.Hour)
	large := issue.CRL{Issuer: sub.Name.DER(), ThisUpdate: from, NextUpdate: to, Extensions: []testca.Extension{{OID: []int{1, 2, 3}, Value: make([]byte, 4<<10)}}}
	learn(t, s, leaf, ca.CRLAt(from, to), today)
	q := s.Verify([]*pki.Certificate{below, sub.Cert}, nil, today).Queries
	if len(q) != 1 || q[0].Issuer() != sub.Cert {
		t.Fatalf("%d queries", len(q))
	}
	der, err := large.Sign(sub.Key, sub.Hash)
	if err != nil {
		t.Fatal(err)
	}
	f, err := q[0].Read(der, today)
	s.Learn(&q[0], f, err, today)
	for what, chain := range map[string][]*pki.Certificate{"of the large list": {below, sub.Cert}, "of the other": {leaf}} {
		if v := s.Verify(chain, nil, today); !v.OK {
			t.Errorf("%s: %s", what, v.Reason)
		}
	}
	again := question(t, s, leaf, to) // its list has run out
	f, err = again.Read(ca.CRLAt(today, to.AddDate(0, 0, 1)), to)
	s.Learn(&again, f, err, to)
	if held := s.FetchedCRLs(to); len(held) != 1 || !held[0].CRL.Issuer.Equal(ca.Name) {
		t.Errorf("%d lists", len(held))
	}
}

// A question that failed a moment ago is not asked again because of others that fail:
// those of one CA push out each other's.
func TestFailuresHaveShares(t *testing.T) {
	ca, leaf, s := asking(t)
	hostile := subAt(ca, cdp, "HOSTILE", 3)
	failed := func(chain ...*pki.Certificate) {
		for _, q := range s.Verify(chain, nil, today).Queries {
			s.Learn(&q, nil, errors.New("the server answers 500"), today)
		}
	}
	failed(leaf)
	for i := range 300 {
		failed(hostile.EnrollAt(fmt.Sprintf("http://192.0.2.8/%d", i), "R3", "192.168.0.3", "102", 4).Cert, hostile.Cert)
	}
	if v := s.Verify([]*pki.Certificate{leaf}, nil, today); v.OK || len(v.Queries) != 0 {
		t.Errorf("%s, %d queries", v.Reason, len(v.Queries))
	}
}
