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
		tps = append(tps, testca.Trustpoint(name, ca.EnrollAt(fmt.Sprintf("http://192.0.2.%d/%d", i%5, i), "R1", "192.168.0.1", "1", 2), uint64(i+1)))
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
	if len(r.inquiries.byID)+len(r.inquiries.byKey)+len(r.inquiries.busy)+len(r.inquiries.queue) != 0 {
		t.Errorf("%+v is left", r.inquiries)
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
			r.inquiries.queue = append(r.inquiries.queue, make([]*inquiry, maxQueued-1)...)
		}
		err := r.Command(r.now, ike.RequestCRL{Trustpoint: fmt.Sprintf("TP%d", i)})
		r.drain()
		if full := i > maxOfServer; errors.Is(err, errManyInquiries) != full || len(r.lookups) != min(i+1, maxOfServer) {
			t.Fatalf("%d: %v, %d lookups", i, err, len(r.lookups))
		}
	}
}
