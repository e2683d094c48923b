package pki_test

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// caNames shows hashes by the CAs whose keys they are of.
func caNames(hashes []pki.KeyHash, cas ...*testca.CA) string {
	var all []string
	for _, h := range hashes {
		name := "?"
		for _, ca := range cas {
			if ca.Cert.KeyHash() == h {
				name = ca.Name.Value("cn")
			}
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// The hash is that of the key as the certificate has it, algorithm included, as
// openssl x509 -pubkey | openssl pkey -pubin -outform der | sha1sum gives it, and
// of nothing else.
func TestKeyHash(t *testing.T) {
	for want, key := range map[string]crypto.Signer{
		"511501ca828669025c1aeb552b6663655eb74399": testca.RSA(2048, 0),
		"f5d8ffef291e0acd0bb45550bdbcd519c0f2eb3c": testca.EC(1),
		"a644f3fb60c68360d8fd54b8e9570f90f9c50f59": testca.Ed25519(1),
	} {
		for _, name := range []string{"CA1", "CA9"} {
			if got := fmt.Sprintf("%x", testca.NewWith(name, key, crypto.SHA256).Cert.KeyHash()); got != want {
				t.Errorf("%s with %T: %s, want %s", name, key, got, want)
			}
		}
	}
}

// The order of show crypto pki certificates, as in IKEv1, but for the predefined
// CAs; the signing trustpoint goes before.
func TestAuthorityHashes(t *testing.T) {
	note := testca.NewNote()
	other := testca.New("CA3", 6)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "EMPTY"}},
		{Settings: pki.Settings{Name: "CAONLY"}, CA: other.Cert},
		{Settings: pki.Settings{Name: "AGAIN"}, CA: note.CA1.Cert},
		testca.Trustpoint("TP1", note.R1CA1, 1),
		testca.Trustpoint("TP2", note.R1CA2, 2),
	})
	for _, c := range []struct {
		only  []string
		first string
		want  string
	}{
		{nil, "", "CA2 CA1 CA3"},
		{nil, "TP1", "CA1 CA2 CA3"},
		{nil, "CAONLY", "CA3 CA2 CA1"},
		{[]string{"TP1", "TP2"}, "TP1", "CA1 CA2"},
		{[]string{"TP1", "TP2"}, "TP2", "CA2 CA1"},
		{[]string{"TP2"}, "TP1", "CA2"}, // it signs only
		{[]string{"EMPTY"}, "", ""},
	} {
		if got := caNames(s.AuthorityHashes(c.only, c.first), note.CA1, note.CA2, other); got != c.want {
			t.Errorf("%q, %q first: %s, want %s", c.only, c.first, got, c.want)
		}
	}
}

func TestChooseHash(t *testing.T) {
	note := testca.NewNote()
	ec := testca.NewWith("CA4", testca.EC(1), crypto.SHA256)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		testca.Trustpoint("TP1", note.R1CA1, 1),
		testca.Trustpoint("TP2", note.R1CA2, 2),
		testca.Trustpoint("EC", ec.EnrollWith(testca.DN("CN=R1"), testca.EC(2)), 3),
		{Settings: pki.Settings{Name: "CAONLY"}, CA: testca.New("CA3", 6).Cert},
	})
	ca1, ca2, ca3, ca4 := note.CA1.Cert.KeyHash(), note.CA2.Cert.KeyHash(), testca.New("CA3", 6).Cert.KeyHash(), ec.Cert.KeyHash()
	rsaOnly := func(pub crypto.PublicKey) bool { _, ok := pub.(*rsa.PublicKey); return ok }
	tp1, both := []string{"TP1"}, []string{"TP2", "TP1"}
	for _, c := range []struct {
		what   string
		hashes []pki.KeyHash
		only   []string
		fits   func(crypto.PublicKey) bool
		want   string
		index  int
	}{
		{"packet order", []pki.KeyHash{ca1, ca2}, nil, nil, "TP1", 0},
		{"not display order", []pki.KeyHash{ca2, ca1}, nil, nil, "TP2", 0},
		{"packet order, not that of the list", []pki.KeyHash{ca1, ca2}, both, nil, "TP1", 0},
		{"the profile's list", []pki.KeyHash{ca2, ca1}, tp1, nil, "TP1", 1},
		{"none of the list", []pki.KeyHash{ca2}, tp1, nil, "", -1},
		{"unknown ones are passed over", []pki.KeyHash{{1}, ca3, ca1}, nil, nil, "TP1", 2},
		{"none", []pki.KeyHash{{1}, {2}}, nil, nil, "", -1},
		{"the kind of key", []pki.KeyHash{ca4, ca2}, nil, rsaOnly, "TP2", 1},
		{"any kind", []pki.KeyHash{ca4, ca2}, nil, nil, "EC", 0},
		{"no request", nil, nil, nil, "EC", -1},
		{"no request, the kind of key", nil, nil, rsaOnly, "TP2", -1},
		{"no request, the list", nil, []string{"CAONLY", "TP1", "TP2"}, rsaOnly, "TP1", -1},
		{"no request, nothing in the list", nil, []string{"CAONLY"}, nil, "", -1},
	} {
		got := s.ChooseHash(c.hashes, c.only, c.fits)
		name := ""
		if got.Trustpoint != nil {
			name = got.Trustpoint.Name
		}
		if name != c.want || got.Index != c.index || got.Reason == "" || len(got.Considered) != len(c.hashes) {
			t.Errorf("%s: %q by request %d (%s), want %q by %d", c.what, name, got.Index, got.Reason, c.want, c.index)
		}
	}
	choice := s.ChooseHash([]pki.KeyHash{{1}, ca3, ca4, ca2, ca1, ca1}, tp1, rsaOnly)
	var all []string
	for _, c := range choice.Considered {
		all = append(all, fmt.Sprintf("%s %q: %s", c.Trustpoint, c.Name.Value("cn"), c.Verdict))
	}
	want := []string{
		` "": no trustpoint of this CA`, `CAONLY "CA3": it has no certificate of its own`, `EC "CA4": the profile's list does not hold it`,
		`TP2 "CA2": the profile's list does not hold it`, `TP1 "CA1": chosen`, `TP1 "CA1": answerable, but an earlier request has fixed the choice`,
	}
	if !slices.Equal(all, want) {
		t.Errorf("%s\nwant %s", strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
}

// Two CAs of one name are two, and a peer may ask for one further up: one of the
// chain, or the root that another trustpoint has.
func TestChooseHashUpTheChain(t *testing.T) {
	root := testca.New("ROOT", 0)
	mid := root.Sub("MID", 1)
	sub := mid.Sub("SUB", 4)
	below := testca.Trustpoint("SUB", sub.Enroll("R1", "192.168.0.1", "100", 2), 2)
	below.Chain = []*pki.Certificate{sub.Cert, mid.Cert}
	direct := testca.Trustpoint("ROOT", root.Enroll("R1", "192.168.0.1", "100", 3), 1)
	anchor := &pki.Trustpoint{Settings: pki.Settings{Name: "ANCHOR"}, CA: root.Cert}
	for _, c := range []struct {
		what string
		tps  []*pki.Trustpoint
		ca   *testca.CA
		want *pki.Trustpoint
	}{
		{"its own CA", []*pki.Trustpoint{below}, sub, below},
		{"the one above", []*pki.Trustpoint{below}, mid, below},
		{"a root that nobody has", []*pki.Trustpoint{below}, root, nil},
		{"a root that another has", []*pki.Trustpoint{anchor, below}, root, below},
		{"the root's own trustpoint first", []*pki.Trustpoint{below, direct}, root, direct},
		{"another root of the name", []*pki.Trustpoint{anchor, below}, testca.New("ROOT", 5), nil},
	} {
		got := pki.NewSnapshot(c.tps).ChooseHash([]pki.KeyHash{c.ca.Cert.KeyHash()}, nil, nil)
		if got.Trustpoint != c.want {
			t.Errorf("%s: %s", c.what, got.Reason)
		}
	}
	if got := below.Certificates(); len(got) != 3 || got[0] != below.Identity || got[2] != mid.Cert {
		t.Errorf("%d certificates", len(got))
	}
}

// IKEv1 signs with RSA: an EC certificate enrolled last is none of its choice.
func TestChooseRSA(t *testing.T) {
	note := testca.NewNote()
	ec := testca.NewWith("CA4", testca.EC(1), crypto.SHA256)
	tp1, tpEC := testca.Trustpoint("TP1", note.R1CA1, 1), testca.Trustpoint("EC", ec.EnrollWith(testca.DN("CN=R1"), testca.EC(2)), 3)
	s := pki.NewSnapshot([]*pki.Trustpoint{tp1, tpEC})
	if c := s.Choose([]pki.Name{ec.Name, note.CA1.Name}, nil); c.Trustpoint != tp1 {
		t.Error(c.Reason)
	}
	if c := s.Fallback(nil); c.Trustpoint != tp1 {
		t.Error(c.Reason)
	}
	if c := pki.NewSnapshot([]*pki.Trustpoint{tpEC}).Fallback([]string{"EC"}); c.Trustpoint != nil {
		t.Error("an EC key signs in IKEv1")
	}
}

// The note's failure: R2 has certificates of both CAs and may sign with either, R1
// knows both, shows CA2's first and trusts CA1's alone. R2 answers R1's list with
// IOSCA2's certificate, which R1 refuses; R1 would answer R2's with IOSCA1's.
func TestTheNoteByHash(t *testing.T) {
	note := testca.NewNote()
	r1, r2, both, one := note.R1(), note.R2(), []string{"IOSCA1", "IOSCA2"}, []string{"IOSCA1"}
	first := r1.AuthorityHashes(nil, "")
	signing := r2.ChooseHash(first, both, nil)
	if caNames(first, note.CA1, note.CA2) != "CA2 CA1" || signing.Trustpoint.Name != "IOSCA2" {
		t.Fatalf("%s, R2 signs with %s", caNames(first, note.CA1, note.CA2), signing.Trustpoint.Name)
	}
	auth := r2.AuthorityHashes(both, signing.Trustpoint.Name)
	if got := r1.ChooseHash(auth, one, nil); caNames(auth, note.CA1, note.CA2) != "CA2 CA1" || got.Trustpoint.Name != "IOSCA1" || got.Index != 1 {
		t.Errorf("%s, %s", caNames(auth, note.CA1, note.CA2), got.Reason)
	}
	if v := r1.Verify(signing.Trustpoint.Certificates(), one, today); v.Code != pki.NoTrustpoint {
		t.Errorf("R1 takes it: %s", v.Reason)
	}
	if v := r1.Verify(signing.Trustpoint.Certificates(), both, today); !v.OK {
		t.Errorf("symmetric: %s", v.Reason)
	}
}
