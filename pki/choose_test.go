package pki_test

import (
	"slices"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

func names(requests []pki.CARequest) (list []string) {
	for _, r := range requests {
		list = append(list, r.Name.Value("cn"))
	}
	return list
}

// Section "which CERTREQ order" of the note: the certificate displayed first,
// the last enrolled, comes first; a profile's list stands alone.
func TestCertificateRequestOrder(t *testing.T) {
	note := testca.NewNote()
	for _, c := range []struct {
		what     string
		snapshot *pki.Snapshot
		only     []string
		want     []string
	}{
		{"R1", note.R1(), nil, []string{"CA2", "CA1"}},
		{"R2", note.R2(), nil, []string{"CA1", "CA2"}},
		{"R1 enrolled the other way round", note.R1Reenrolled(), nil, []string{"CA1", "CA2"}},
		{"R1's profile", note.R1(), []string{"IOSCA1"}, []string{"CA1"}},
		{"the order of the list does not matter", note.R1(), []string{"IOSCA1", "IOSCA2"}, []string{"CA2", "CA1"}},
		{"a list of nothing", note.R1(), []string{"IOSCA3"}, nil},
	} {
		got := names(c.snapshot.CertificateRequests(c.only))
		if c.only == nil {
			c.want = append(c.want, "", "Cisco SSCA2", "Cisco Manufacturing CA", "Cisco Root CA 2048", "Cisco Root CA M1")
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestCertificateRequestsOfTrustpointsWithoutIdentity(t *testing.T) {
	note := testca.NewNote()
	other := testca.New("CA3", 6)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "EMPTY"}},
		{Settings: pki.Settings{Name: "CAONLY"}, CA: other.Cert},
		{Settings: pki.Settings{Name: "AGAIN"}, CA: note.CA1.Cert},
		testca.Trustpoint("IOSCA1", note.R1CA1, 1),
		testca.Trustpoint("IOSCA2", note.R1CA2, 2),
	})
	got := s.CertificateRequests(nil)
	if want := []string{"CA2", "CA1", "CA3"}; !slices.Equal(names(got)[:3], want) || len(got) != 8 {
		t.Errorf("%q, want %q and the predefined five", names(got), want)
	}
	if got[2].Trustpoint != "CAONLY" || got[3].Trustpoint != "" {
		t.Errorf("trustpoints %q and %q", got[2].Trustpoint, got[3].Trustpoint)
	}
}

func TestChoose(t *testing.T) {
	note := testca.NewNote()
	ca1, ca2, unknown := note.CA1.Name, note.CA2.Name, testca.DN("CN=CA9,O=cisco,O=com")
	for _, c := range []struct {
		what     string
		requests []pki.Name
		only     []string
		want     string
		index    int
	}{
		{"packet order", []pki.Name{ca1, ca2}, nil, "IOSCA1", 0},
		{"not display order", []pki.Name{ca2, ca1}, nil, "IOSCA2", 0},
		{"unknown ones are passed over", []pki.Name{unknown, ca1}, nil, "IOSCA1", 1},
		{"the profile's list", []pki.Name{ca2, ca1}, []string{"IOSCA1"}, "IOSCA1", 1},
		{"none", []pki.Name{unknown}, nil, "", -1},
		{"none in the list", []pki.Name{ca2}, []string{"IOSCA1"}, "", -1},
		{"no request", nil, nil, "", -1},
	} {
		got := note.R1().Choose(c.requests, c.only)
		name := ""
		if got.Trustpoint != nil {
			name = got.Trustpoint.Name
		}
		if name != c.want || got.Index != c.index || got.Reason == "" {
			t.Errorf("%s: %q by request %d (%s), want %q by %d", c.what, name, got.Index, got.Reason, c.want, c.index)
		}
		if len(got.Considered) != len(c.requests) {
			t.Errorf("%s: %d considered of %d", c.what, len(got.Considered), len(c.requests))
		}
	}
}

func TestChooseTellsWhyNotTheOthers(t *testing.T) {
	note := testca.NewNote()
	caOnly, keyless := testca.New("CA3", 6), testca.New("CA4", 7)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		testca.Trustpoint("IOSCA1", note.R1CA1, 1),
		testca.Trustpoint("IOSCA2", note.R1CA2, 2),
		{Settings: pki.Settings{Name: "CAONLY"}, CA: caOnly.Cert},
		{Settings: pki.Settings{Name: "KEYLESS"}, CA: keyless.Cert, Identity: keyless.Enroll("R1", "192.168.0.1", "100", 2).Cert},
	})
	choice := s.Choose([]pki.Name{testca.DN("CN=CA9"), caOnly.Name, keyless.Name, note.CA2.Name, note.CA1.Name, note.CA1.Name}, []string{"IOSCA1"})
	want := []pki.Considered{
		{Trustpoint: "", Verdict: "no trustpoint of this CA"},
		{Trustpoint: "CAONLY", Verdict: "it has no certificate of its own"},
		{Trustpoint: "KEYLESS", Verdict: "its certificate has no private key here"},
		{Trustpoint: "IOSCA2", Verdict: "the profile's list does not hold it"},
		{Trustpoint: "IOSCA1", Verdict: "chosen"},
		{Trustpoint: "IOSCA1", Verdict: "answerable, but an earlier request has fixed the choice"},
	}
	for i, c := range choice.Considered {
		if c.Trustpoint != want[i].Trustpoint || c.Verdict != want[i].Verdict {
			t.Errorf("request %d: %q %q, want %q %q", i, c.Trustpoint, c.Verdict, want[i].Trustpoint, want[i].Verdict)
		}
	}
}

// A peer that asks for the root is answered with a certificate of a CA below
// it; one whose own CA is asked for comes first.
func TestChooseUpTheChain(t *testing.T) {
	root := testca.New("ROOT", 0)
	sub := root.Sub("SUB", 1)
	below := testca.Trustpoint("SUB", sub.Enroll("R1", "192.168.0.1", "100", 2), 2)
	below.Chain = []*pki.Certificate{sub.Cert}
	direct := testca.Trustpoint("ROOT", root.Enroll("R1", "192.168.0.1", "100", 3), 1)
	if c := pki.NewSnapshot([]*pki.Trustpoint{below}).Choose([]pki.Name{root.Name}, nil); c.Trustpoint != below {
		t.Errorf("the root is not answered: %s", c.Reason)
	}
	if c := pki.NewSnapshot([]*pki.Trustpoint{below, direct}).Choose([]pki.Name{root.Name}, nil); c.Trustpoint != direct {
		t.Error("the trustpoint of the CA itself does not come first")
	}
	if got := pki.NewSnapshot([]*pki.Trustpoint{below}).CertificateRequests([]string{"SUB"}); len(got) != 1 || !got[0].Name.Equal(sub.Name) {
		t.Errorf("requests %v, want the trustpoint's own CA", got)
	}
}

func TestFallback(t *testing.T) {
	s := testca.NewNote().R1()
	for _, c := range []struct {
		only []string
		want string
	}{
		{nil, "IOSCA2"}, {[]string{"IOSCA1"}, "IOSCA1"}, {[]string{"NONE", "IOSCA1", "IOSCA2"}, "IOSCA1"},
	} {
		if got := s.Fallback(c.only); got.Trustpoint == nil || got.Trustpoint.Name != c.want || got.Index != -1 {
			t.Errorf("%q: %+v, want %s", c.only, got, c.want)
		}
	}
	if got := s.Fallback([]string{"NONE"}); got.Trustpoint != nil {
		t.Errorf("the list is left for %s", got.Trustpoint.Name)
	}
	if got := pki.NewSnapshot(nil).Fallback(nil); got.Trustpoint != nil || got.Reason == "" {
		t.Errorf("%+v", got)
	}
}

// A peer's name is read the same way, known or not.
func TestNameOfAPeer(t *testing.T) {
	note := testca.NewNote()
	s := note.R1()
	ders := [][]byte{testca.New("CA3", 6).Cert.Subject.DER()}
	for _, r := range s.CertificateRequests(nil) {
		ders = append(ders, r.Name.DER())
	}
	for _, der := range ders {
		want, err := pki.ParseName(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Name(der); err != nil || got != want || got.String() == "" {
			t.Errorf("%s: %q, %v", want, got, err)
		}
		if _, err := s.Name(der[:len(der)-1]); err == nil {
			t.Errorf("%s cut off is a name", want)
		}
	}
}
