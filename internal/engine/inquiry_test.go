package engine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// What the operator wants of a CA is asked once while it is under way; questions have
// an end, and their answers are taken once.
func TestRequestCRL(t *testing.T) {
	ca := testca.New("CA1", 0)
	var tps []*pki.Trustpoint
	for i := range maxInquiries + 1 {
		name := fmt.Sprintf("TP%d", i)
		tps = append(tps, testca.Trustpoint(name, ca.EnrollAt(fmt.Sprintf("http://192.0.2.1/%d", i), "R1", "192.168.0.1", "1", 2), uint64(i+1)))
	}
	r := newTarget(t, targetConfig)
	r.env.PKI = pki.NewSnapshot(tps)
	ask := func(i int) error {
		err := r.Command(r.now, ike.RequestCRL{Trustpoint: fmt.Sprintf("TP%d", i)})
		r.drain()
		return err
	}
	for range 2 {
		if err := ask(0); err != nil || len(r.lookups) != 1 || r.lookups[0].ID.ConnID != 0 || r.lookups[0].Query.URLs[0] != "http://192.0.2.1/0" {
			t.Fatalf("%v, %d lookups", err, len(r.lookups))
		}
	}
	for i := range maxInquiries {
		if err := ask(i); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := ask(maxInquiries); !errors.Is(err, errManyInquiries) || len(r.lookups) != maxInquiries {
		t.Errorf("%v, %d lookups", err, len(r.lookups))
	}
	if err := r.Command(r.now, ike.RequestCRL{Trustpoint: "NONE"}); err == nil {
		t.Error("no such trustpoint, and no error")
	}
	crls := 0
	for _, l := range append(r.lookups, r.lookups...) { // each twice
		f, err := l.Query.Read(ca.CRLAt(r.now.AddDate(0, 0, -1), r.now.AddDate(0, 0, 1)), r.now)
		r.HandleLookup(r.now, l.ID, ike.Answer{Finding: f, Err: err})
		for o, ok := r.Poll(); ok; o, ok = r.Poll() {
			if _, stored := o.(ike.StoreCRL); stored {
				crls++
			}
		}
	}
	r.HandleLookup(r.now, ike.LookupID{}, ike.Answer{})
	if crls != maxInquiries || len(r.inquiries.byID)+len(r.inquiries.byKey) != 0 {
		t.Errorf("%d CRLs for the store, %d questions are left", crls, len(r.inquiries.byID))
	}
	if err := ask(maxInquiries); err != nil || len(r.lookups) != maxInquiries+1 {
		t.Errorf("%v, %d lookups", err, len(r.lookups))
	}
}
