package show

import (
	"crypto"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

func text(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// One trustpoint is shown by its name, and verbose adds what the certificate says.
func TestPKICertificatesOfOne(t *testing.T) {
	note := testca.NewNote()
	s := note.R1()
	brief := text(t, func(w io.Writer) error { return PKICertificates(w, s, "IOSCA2", false, time.UTC) })
	if strings.Count(brief, "Associated Trustpoints: IOSCA2 \n") != 2 || strings.Contains(brief, "IOSCA1") || strings.Contains(brief, "Fingerprint") {
		t.Errorf("\n%s", brief)
	}
	long := text(t, func(w io.Writer) error { return PKICertificates(w, s, "IOSCA2", true, time.UTC) })
	for _, want := range []string{
		"  Status: Available\n  Version: 3\n  Certificate Serial Number (hex): ",
		"  Subject Key Info:\n    Public Key Algorithm: rsaEncryption\n    RSA Public Key: (2048 bit)\n  Signature Algorithm: SHA256 with RSA Encryption\n  Fingerprint MD5: ",
		"  X509v3 extensions:\n    X509v3 Key Usage: ",
		"      Digital Signature\n",
		"    X509v3 Basic Constraints:\n        CA: TRUE\n",
	} {
		if !strings.Contains(long, want) {
			t.Errorf("%q is not in\n%s", want, long)
		}
	}
}

func TestPKITrustpointsStatus(t *testing.T) {
	note := testca.NewNote()
	ca := testca.New("SELF", 3)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		testca.Trustpoint("IOSCA1", note.R1CA1, 1),
		{Settings: pki.Settings{Name: "EMPTY"}},
		{Settings: pki.Settings{Name: "KEY", RSAKeypair: "R1"}},
		{Settings: pki.Settings{Name: "OTHER", ECKeypair: "R1"}},
		{Settings: pki.Settings{Name: "PENDING"}, CA: testca.New("CA4", 4).Cert},
		{Settings: pki.Settings{Name: "SELF"}, Identity: ca.Cert, Signer: ca.Key, Key: &pki.KeyPair{Label: "SELF", Exportable: true, Signer: ca.Key}, Enrolled: 2},
	}).WithKeys([]*pki.KeyPair{{Label: "R1", Usage: pki.GeneralKey, Signer: testca.RSA(2048, 7)}})
	ca4 := testca.New("CA4", 4)
	csr, err := pki.Request{Subject: testca.DN("CN=R1,O=cisco")}.Sign(testca.RSA(2048, 7), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	under := func(name string) (*pki.Enrolling, error) {
		if name != "PENDING" {
			return nil, nil
		}
		return &pki.Enrolling{Request: csr, Label: "R1", CA: ca4.Cert, Next: now.Add(52 * time.Second)}, nil
	}
	status := func(name string) string {
		return text(t, func(w io.Writer) error {
			return PKITrustpointsStatus(w, s, name, now, Lookup{under, func(tp *pki.Trustpoint) (pki.KeyKind, string) { return tp.KeyLabel(pki.Host{}) }})
		})
	}
	got := status("")
	for _, want := range []string{
		"Trustpoint IOSCA1:\n  Issuing CA certificate configured:\n    Subject Name:\n     cn=CA1,o=cisco,o=com\n    Fingerprint MD5: ",
		"  Router General Purpose certificate configured:\n",
		"  State:\n    Keys generated ............. Yes (General Purpose, non-exportable)\n    Issuing CA authenticated ....... Yes\n    Certificate request(s) ..... Yes\n",
		"Trustpoint EMPTY:\n  State:\n    Keys generated ............. No\n    Issuing CA authenticated ....... No\n    Certificate request(s) ..... None\n\n\n",
		"Trustpoint KEY:\n  State:\n    Keys generated ............. Yes (General Purpose, non-exportable)\n    Issuing CA authenticated ....... No\n",
		"Trustpoint OTHER:\n  State:\n    Keys generated ............. No\n",
		"  Router General Purpose certificate pending:\n    Requested Subject Name:\n     cn=R1,o=cisco\n    Request Fingerprint MD5: ",
		"    Next query attempt:\n     52 seconds\n  Last enrollment status: Pending\n" +
			"  State:\n    Keys generated ............. Yes (General Purpose, non-exportable)\n    Issuing CA authenticated ....... Yes\n    Certificate request(s) ..... Pending\n",
		"Trustpoint SELF:\n  Issuing CA certificate configured:\n    Subject Name:\n     cn=SELF,o=cisco,o=com\n    Fingerprint MD5: ",
		"    Keys generated ............. Yes (General Purpose, exportable)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if one := status("SELF"); strings.Count(one, "Trustpoint ") != 1 {
		t.Errorf("\n%s", one)
	}
	shown := text(t, func(w io.Writer) error { return PKICertificates(w, s, "SELF", true, time.UTC) })
	if !strings.HasPrefix(shown, "Router Self-Signed Certificate\n") || !strings.Contains(shown, "  Key Label: SELF\n") {
		t.Errorf("\n%s", shown)
	}
}

func TestPKICRLs(t *testing.T) {
	note := testca.NewNote()
	crl := note.CA1.ParsedCRL()
	s := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "A"}, CA: note.CA1.Cert, CRLs: []*pki.CRL{crl}},
		{Settings: pki.Settings{Name: "B"}, CA: note.CA1.Cert, CRLs: []*pki.CRL{crl}},
	})
	got := text(t, func(w io.Writer) error { return PKICRLs(w, s, time.Now()) })
	if strings.Count(got, "CRL Issuer Name: \n    cn=CA1,o=cisco,o=com\n    LastUpdate: ") != 1 || !strings.Contains(got, "    NextUpdate: ") || !strings.Contains(got, "Parsed CRL cache current size is ") ||
		!strings.HasSuffix(got, " bytes\nParsed CRL cache maximum size is 33554432 bytes\n") {
		t.Errorf("\n%s", got)
	}
}

// A CRL that a server gave is shown though the store has no place for it, with where
// it came from; one that the store has got meanwhile once.
func TestPKICRLsFetched(t *testing.T) {
	const url = "http://192.0.2.1/ca1.crl"
	now := time.Now()
	ca := testca.New("CA1", 0)
	crl, err := pki.ParseCRL(ca.CRLAt(now.Add(-time.Hour), now.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	tp := &pki.Trustpoint{Settings: pki.Settings{Name: "A"}, CA: ca.Cert}
	s := pki.NewSnapshot([]*pki.Trustpoint{tp})
	q := s.Verify([]*pki.Certificate{ca.EnrollAt(url, "R2", "192.168.0.2", "1", 2).Cert}, nil, now).Queries[0]
	f, err := q.Read(crl.Raw, now)
	s.Learn(&q, f, err, now)
	stored := *tp
	stored.CRLs = []*pki.CRL{crl}
	for _, s := range []*pki.Snapshot{s, pki.NewSnapshot([]*pki.Trustpoint{&stored}).After(s)} {
		got := text(t, func(w io.Writer) error { return PKICRLs(w, s, now) })
		if strings.Count(got, "CRL Issuer Name: \n    cn=CA1,o=cisco,o=com\n") != 1 || !strings.Contains(got, "    Retrieved from CRL Distribution Point:\n      "+url+"\n") {
			t.Errorf("\n%s", got)
		}
	}
	if got := text(t, func(w io.Writer) error { return PKICRLs(w, s, now.Add(2*time.Hour)) }); strings.Contains(got, "CRL Issuer") {
		t.Errorf("it has run out:\n%s", got)
	}
}

// What is written as a chain block is read again as the same certificates.
func TestPKIChain(t *testing.T) {
	note := testca.NewNote()
	block := text(t, func(w io.Writer) error { return PKIChain(w, testca.Trustpoint("IOSCA1", note.R1CA1, 1)) })
	config, wrong := policy.Compile(policy.Source{Name: "r1.cfg", Text: []byte("crypto pki trustpoint IOSCA1\n enrollment terminal\n" + block)})
	if wrong != nil {
		t.Fatal(wrong)
	}
	chain := config.Chains[0].Certificates
	if len(chain) != 2 || string(chain[0].DER) != string(note.R1CA1.Cert.Raw()) || chain[0].CA || string(chain[1].DER) != string(note.CA1.Cert.Raw()) || !chain[1].CA {
		t.Errorf("%d certificates of\n%s", len(chain), block)
	}
	self := text(t, func(w io.Writer) error {
		return PKIChain(w, &pki.Trustpoint{Settings: pki.Settings{Name: "S"}, Identity: note.CA1.Cert})
	})
	if !strings.HasPrefix(self, "crypto pki certificate chain S\n certificate self-signed ") || !strings.HasSuffix(self, "\n  \tquit\n") {
		t.Errorf("\n%s", self)
	}
}

func TestPKIExpiry(t *testing.T) {
	note := testca.NewNote()
	tp := testca.Trustpoint("IOSCA1", note.R1CA1, 1)
	now := testca.NotAfter.Add(-36 * time.Hour)
	tp.CRLs = []*pki.CRL{note.CA1.ParsedCRL()}
	users := func(string) []string { return []string{"Tunnel1", "Tunnel2"} }
	got := text(t, func(w io.Writer) error { return PKIExpiry(w, pki.NewSnapshot([]*pki.Trustpoint{tp}), now, users) })
	lines := strings.Split(got, "\n")
	if !strings.HasPrefix(lines[0], "Days left  Until") || !strings.Contains(got, "        1  "+testca.NotAfter.UTC().Format("2006-01-02 15:04 UTC")+"  IOSCA1: certificate ") || !strings.Contains(got, "used by Tunnel1, Tunnel2") || !strings.Contains(got, "IOSCA1: CRL of cn=CA1") {
		t.Errorf("\n%s", got)
	}
	if late := text(t, func(w io.Writer) error {
		return PKIExpiry(w, pki.NewSnapshot([]*pki.Trustpoint{tp}), testca.NotAfter.Add(time.Hour), users)
	}); !strings.Contains(late, "  expired  ") {
		t.Errorf("\n%s", late)
	}
	if none := text(t, func(w io.Writer) error { return PKIExpiry(w, pki.NewSnapshot(nil), now, users) }); none != "" {
		t.Errorf("%q", none)
	}
}

// The trustpool's policy, with what a map is let off.
func TestPKITrustpoolPolicy(t *testing.T) {
	of := &pki.CertificateMap{Name: "M"}
	s := pki.NewSnapshot(nil).WithTrustpool(nil, pki.Settings{
		RevocationCheck: []pki.RevocationMethod{pki.RevocationOCSP, pki.RevocationNone}, ChainContinue: true,
		Matches: []pki.CertificateMatch{{Map: of, SkipRevocation: true}, {Map: of, CDP: "http://192.0.2.1/crl"}},
	})
	got := text(t, func(w io.Writer) error { return PKITrustpoolPolicy(w, s) })
	if want := "Chain validation will continue to the root CA certificate in the pool\nTrustpool policy revocation order: ocsp none\n" +
		"Certificate matching is enabled\nPolicy Overrides:\n  match certificate M skip revocation-check\n  match certificate M override cdp url http://192.0.2.1/crl\n"; got != want {
		t.Errorf("\n%s", got)
	}
}
