package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// What the operator wants of a CA is asked once while it is under way; questions have
// an end, and their answers are taken once.
func TestRequestCRL(t *testing.T) {
	cas := []*testca.CA{testca.New("CA1", 0), testca.New("CA2", 1)} // each may have half
	var tps []*pki.Trustpoint
	for i := range maxInquiries + 1 {
		name := fmt.Sprintf("TP%d", i)
		tps = append(tps, testca.Trustpoint(name, cas[i%2].EnrollAt(fmt.Sprintf("http://192.0.2.%d/%d", i%5, i), "R1", "192.168.0.1", "1", 2), uint64(i+1)))
	}
	r := newTarget(t, targetConfig)
	r.env.PKI = pki.NewSnapshot(tps)
	ask := func(i int) error {
		err := r.Command(r.now, ike.RequestCRL{Trustpoint: fmt.Sprintf("TP%d", i)})
		r.drain()
		return err
	}
	for range 2 {
		if err := ask(0); err != nil || len(r.lookups) != 1 || r.lookups[0].ID.ConnID != 0 || r.lookups[0].Query.URLs[0] != "http://192.0.2.0/0" {
			t.Fatalf("%v, %d lookups", err, len(r.lookups))
		}
	}
	for i := range maxInquiries {
		if err := ask(i); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := ask(maxInquiries); err != nil || len(r.lookups) != maxInquiries || len(r.inquiries.queue) != 1 {
		t.Errorf("%v, %d lookups", err, len(r.lookups))
	}
	if err := r.Command(r.now, ike.RequestCRL{Trustpoint: "NONE"}); err == nil {
		t.Error("no such trustpoint, and no error")
	}
	crls := 0
	for _, l := range append(r.lookups, r.lookups...) { // each twice
		ca := cas[slices.IndexFunc(cas, func(ca *testca.CA) bool { return ca.Cert.Equal(l.Query.Issuer()) })]
		f, err := l.Query.Read(ca.CRLAt(r.now.AddDate(0, 0, -1), r.now.AddDate(0, 0, 1)), r.now)
		r.HandleLookup(r.now, l.ID, ike.Answer{Finding: f, Err: err})
		for o, ok := r.Poll(); ok; o, ok = r.Poll() {
			switch o := o.(type) {
			case ike.StoreCRL:
				crls++
			case ike.Lookup: // whose turn has come
				r.lookups = append(r.lookups, o)
			}
		}
	}
	r.HandleLookup(r.now, ike.LookupID{}, ike.Answer{})
	if crls != maxInquiries || len(r.inquiries.byID) != 1 || len(r.inquiries.byKey) != 1 || len(r.lookups) != maxInquiries+1 {
		t.Errorf("%d CRLs for the store, %d questions are left, %d lookups", crls, len(r.inquiries.byID), len(r.lookups))
	}
	r.HandleLookup(r.now, r.lookups[maxInquiries].ID, ike.Answer{Err: errors.New("no route")})
	if left := r.inquiries; len(left.byID)+len(left.byKey)+len(left.busy)+len(left.byCA)+len(left.queue) != 0 {
		t.Errorf("%+v is left", left)
	}
}

// One server has a share of the questions under way, and the queue an end.
func TestInquiryLimits(t *testing.T) {
	ca := testca.New("CA1", 0)
	var tps []*pki.Trustpoint
	for i := range maxOfServer + 2 {
		tps = append(tps, testca.Trustpoint(fmt.Sprintf("TP%d", i), ca.EnrollAt(fmt.Sprintf("http://192.0.2.1/%d", i), "R1", "192.168.0.1", "1", 2), uint64(i+1)))
	}
	r := newTarget(t, targetConfig)
	r.env.PKI = pki.NewSnapshot(tps)
	for i := range maxOfServer + 2 {
		if i > maxOfServer {
			r.inquiries.queue = append(r.inquiries.queue, slices.Repeat([]*inquiry{{}}, maxQueued-1)...)
		}
		err := r.Command(r.now, ike.RequestCRL{Trustpoint: fmt.Sprintf("TP%d", i)})
		r.drain()
		if full := i > maxOfServer; errors.Is(err, errManyInquiries) != full || len(r.lookups) != min(i+1, maxOfServer) {
			t.Fatalf("%d: %v, %d lookups", i, err, len(r.lookups))
		}
	}
}

// A CA that others vouch for names a server in each certificate, and all of them hang;
// the CAs that it makes do likewise. It has its share of the questions under way and of
// the queue, and the others theirs at once.
func TestOneCAsQuestions(t *testing.T) {
	ca, other := testca.New("CA1", 0), testca.New("CA2", 1)
	hostile := ca.Sub("HOSTILE", 3)
	makes := []*testca.CA{hostile, hostile.Sub("SUB1", 4), hostile.Sub("SUB2", 5)}
	r := newTarget(t, targetConfig)
	tps := []*pki.Trustpoint{{Settings: pki.Settings{Name: "TP1"}, CA: ca.Cert}, {Settings: pki.Settings{Name: "TP2"}, CA: other.Cert}}
	for _, by := range append(makes, ca) { // about the CAs nothing is to be asked
		list := testca.CRL{
			Issuer: by.Name.DER(), ThisUpdate: testca.NotBefore, NextUpdate: testca.NotAfter,
			Extensions: []testca.Extension{issue.IssuingDistributionPoint(issue.Point{CAs: true})},
		}
		crl, err := pki.ParseCRL(list.Sign(by.Key, by.Hash))
		if err != nil {
			t.Fatal(err)
		}
		tps[0].CRLs = append(tps[0].CRLs, crl)
	}
	r.env.PKI = pki.NewSnapshot(tps)
	queries := map[*testca.CA]pki.Query{}
	for _, by := range append(makes, ca, other) {
		chain := []*pki.Certificate{by.EnrollAt("http://192.0.2.1/", "R1", "192.168.0.1", "1", 2).Cert, by.Cert, hostile.Cert}
		v := r.env.PKI.Verify(chain, nil, r.now)
		if len(v.Queries) != 1 {
			t.Fatal(v.Reason)
		}
		queries[by] = v.Queries[0]
	}
	ask := func(by *testca.CA, server int) error {
		q := queries[by]
		q.URLs = []string{fmt.Sprintf("http://192.0.2.1:%d/", server)}
		err := r.ask(r.now, q)
		r.drain()
		return err
	}
	const share = maxInquiries / 4 // half of an anchor's
	for i := range share + maxQueued/4 {
		if err := ask(makes[i%len(makes)], i); err != nil || len(r.lookups) != min(i+1, share) {
			t.Fatalf("%d: %v, %d lookups", i, err, len(r.lookups))
		}
	}
	for _, by := range makes {
		if err := ask(by, maxQueued); !errors.Is(err, errManyInquiries) {
			t.Errorf("%s: %v", by.Name, err)
		}
	}
	for i, by := range []*testca.CA{ca, other} {
		if err := ask(by, i); err != nil || len(r.lookups) != share+i+1 {
			t.Errorf("%s: %v, %d lookups", by.Name, err, len(r.lookups))
		}
	}
	for i := 0; i < len(r.lookups); i++ {
		r.HandleLookup(r.now, r.lookups[i].ID, ike.Answer{Err: errors.New("no route")})
		r.drain()
	}
	if left := r.inquiries; len(left.byID)+len(left.byKey)+len(left.busy)+len(left.byCA)+len(left.queue) != 0 {
		t.Errorf("%d under way, %d wait", len(left.byID), len(left.queue))
	}
}
