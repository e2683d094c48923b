package pki_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

func enrolling(t *testing.T) *pki.Enrolling {
	t.Helper()
	n := testca.NewNote()
	return &pki.Enrolling{
		Request: []byte{1, 2, 3}, Signer: n.R1CA1.Cert, Label: "R1", CA: n.CA1.Cert, Renewal: true, Held: true, Tries: 3,
		Began: time.Unix(1700000000, 0).UTC(), Next: time.Unix(1700000060, 0).UTC(), Shadow: []*pki.Certificate{n.R1CA2.Cert},
	}
}

func TestEnrollingFile(t *testing.T) {
	want := enrolling(t)
	file := want.PEM()
	got, err := pki.ParseEnrolling(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*pki.Certificate{{want.Signer, got.Signer}, {want.CA, got.CA}, {want.Shadow[0], got.Shadow[0]}} {
		if !pair[0].Equal(pair[1]) {
			t.Errorf("certificate %s came back as %s", pair[0].Serial, pair[1].Serial)
		}
	}
	got.Signer, got.CA, got.Shadow = want.Signer, want.CA, want.Shadow
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\n%+v", got, want)
	}
	end := len(file) - 1 // the last newline may miss
	for n := range end {
		if e, err := pki.ParseEnrolling(file[:n]); err == nil && len(e.Shadow) == 1 {
			t.Errorf("cut to %d of %d octets, and whole", n, len(file))
		}
	}
}

// TestNextStep is the table of what an enrolment does next.
func TestNextStep(t *testing.T) {
	n := testca.NewNote()
	at := func(s string) time.Time {
		when, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	url := pki.Settings{Name: "IOSCA1", EnrollmentURL: "http://192.168.0.3:80"}
	auto := url
	auto.AutoEnroll = 100
	next := at("2020-01-01 00:00:00")
	enrolled := pki.Trustpoint{Settings: auto, CA: n.CA1.Cert, Identity: n.R1CA1.Cert}
	for name, c := range map[string]struct {
		tp   pki.Trustpoint
		e    *pki.Enrolling
		step pki.Step
		at   time.Time
	}{
		"no url":              {pki.Trustpoint{CA: n.CA1.Cert}, nil, pki.StepNone, time.Time{}},
		"not authenticated":   {pki.Trustpoint{Settings: auto}, nil, pki.StepNone, time.Time{}},
		"by hand":             {pki.Trustpoint{Settings: url, CA: n.CA1.Cert}, nil, pki.StepNone, time.Time{}},
		"at once":             {pki.Trustpoint{Settings: auto, CA: n.CA1.Cert}, nil, pki.StepEnroll, time.Unix(0, 0)},
		"pending":             {pki.Trustpoint{Settings: url, CA: n.CA1.Cert}, &pki.Enrolling{Next: next}, pki.StepContinue, next},
		"given up":            {pki.Trustpoint{Settings: url, CA: n.CA1.Cert}, &pki.Enrolling{Next: next, GaveUp: true}, pki.StepNone, time.Time{}},
		"given up for now":    {pki.Trustpoint{Settings: auto, CA: n.CA1.Cert}, &pki.Enrolling{Next: next, GaveUp: true}, pki.StepEnroll, next},
		"at the end":          {enrolled, nil, pki.StepRenew, testca.NotAfter.Truncate(time.Second)},
		"the next CA's waits": {enrolled, &pki.Enrolling{Shadow: []*pki.Certificate{n.R1CA2.Cert}}, pki.StepRollover, testca.NotAfter},
	} {
		step, when := c.tp.NextStep(c.e)
		if step != c.step || when.Sub(c.at).Abs() > time.Minute {
			t.Errorf("%s: %s at %v, want %s at %v", name, step, when, c.step, c.at)
		}
	}
}

func TestUnanswered(t *testing.T) {
	now := time.Unix(1700000000, 0)
	e := &pki.Enrolling{}
	for i := range pki.DefaultRetryCount - 1 {
		e.Unanswered(pki.Settings{}, now)
		if e.GaveUp || e.Next.Sub(now) != time.Minute {
			t.Fatalf("after %d tries: %+v", i+1, e)
		}
	}
	if e.Unanswered(pki.Settings{}, now); !e.GaveUp {
		t.Errorf("%+v", e)
	}
}
