package pki_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

var today = time.Date(2013, 7, 20, 13, 0, 0, 0, time.UTC)

// trust is a snapshot of one trustpoint TP whose CA this is, with its CRL.
func trust(ca *testca.CA, methods ...pki.RevocationMethod) *pki.Snapshot {
	return pki.NewSnapshot([]*pki.Trustpoint{{
		Settings: pki.Settings{Name: "TP", RevocationCheck: methods}, CA: ca.Cert, CRLs: []*pki.CRL{ca.ParsedCRL()},
	}})
}

// The note: R1's profile names IOSCA1. R2's certificate of CA1 stands, the one
// of CA2 finds no suitable trustpoint; without a list both stand.
func TestVerifyTheNote(t *testing.T) {
	note := testca.NewNote()
	for _, c := range []struct {
		cert *testca.Identity
		only []string
		code pki.VerdictCode
		tp   string
	}{
		{note.R2CA1, []string{"IOSCA1"}, pki.VerdictOK, "IOSCA1"},
		{note.R2CA2, []string{"IOSCA1"}, pki.NoTrustpoint, ""},
		{note.R2CA2, nil, pki.VerdictOK, "IOSCA2"},
		{note.R2CA2, []string{"IOSCA1", "IOSCA2"}, pki.VerdictOK, "IOSCA2"},
		{note.R2CA2, []string{"NONE"}, pki.NoTrustpoint, ""},
	} {
		v := note.R1().Verify([]*pki.Certificate{c.cert.Cert}, c.only, today)
		if v.Code != c.code || v.OK != (c.code == pki.VerdictOK) || v.Trustpoint != c.tp || v.Reason == "" {
			t.Errorf("%s in %q: %v %q: %s", c.cert.Cert.Issuer, c.only, v.Code, v.Trustpoint, v.Reason)
		}
	}
	v := note.R1().Verify([]*pki.Certificate{note.R2CA2.Cert}, []string{"IOSCA1"}, today)
	want := "no suitable trustpoint: the peer's certificate is from cn=CA2,o=cisco,o=com, the validation list is IOSCA1, and trusted are cn=CA1,o=cisco,o=com (IOSCA1)"
	if v.Reason != want {
		t.Errorf("reason %q, want %q", v.Reason, want)
	}
}

// Every rule of the verdict, each broken by one certificate.
func TestVerifyRefusals(t *testing.T) {
	ca, rogue := testca.New("CA1", 0), testca.New("CA1", 1) // the same name, another key
	key, small := testca.RSA(2048, 2), testca.RSA(1024, 0)
	subject := testca.RouterName("R2", "192.168.0.2", "101").DER()
	leaf := testca.Certificate{Subject: subject, Key: key.Public()}
	with := func(change func(*testca.Certificate)) testca.Certificate {
		c := leaf
		change(&c)
		return c
	}
	ext := func(e ...testca.Extension) testca.Certificate {
		return with(func(c *testca.Certificate) { c.Extensions = e })
	}
	oid := func(last int) []int { return []int{2, 5, 29, last} }
	for _, c := range []struct {
		what string
		cert *pki.Certificate
		code pki.VerdictCode
		text string
	}{
		{"good", ca.Issue(leaf), pki.VerdictOK, "stands under trustpoint TP"},
		{"version 1", ca.Issue(with(func(c *testca.Certificate) { c.Version = 1 })), pki.VerdictOK, ""},
		{"with key usage", ca.Issue(ext(testca.KeyUsage(testca.DigitalSignature))), pki.VerdictOK, ""},
		{"another key of the same name", rogue.Issue(leaf), pki.BadSignature, "does not verify"},
		{"expired", ca.Issue(with(func(c *testca.Certificate) { c.NotAfter = today.Add(-time.Second) })), pki.Expired, "ended on 12:59:59 UTC Jul 20 2013"},
		{"expires now", ca.Issue(with(func(c *testca.Certificate) { c.NotAfter = today })), pki.VerdictOK, ""},
		{"not yet valid", ca.Issue(with(func(c *testca.Certificate) { c.NotBefore = today.Add(time.Second) })), pki.NotYetValid, "starts on"},
		{"key usage", ca.Issue(ext(testca.KeyUsage(testca.KeyEncipherment))), pki.KeyUsage, "does not permit signatures"},
		{"empty key usage", ca.Issue(ext(testca.KeyUsage(0))), pki.KeyUsage, "does not permit signatures"},
		{"unknown critical", ca.Issue(ext(testca.Extension{OID: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}})), pki.CriticalExtension, "1.2.3 is not understood"},
		{"unknown", ca.Issue(ext(testca.Extension{OID: []int{1, 2, 3}, Value: []byte{5, 0}})), pki.VerdictOK, ""},
		{"policy constraints", ca.Issue(ext(testca.Extension{OID: oid(36), Critical: true, Value: []byte{0x30, 3, 0x80, 1, 0}})), pki.CriticalExtension, "2.5.29.36"},
		{"the CA itself", ca.Cert, pki.NotPeer, "CA certificate of the trustpoint itself"},
		{"small key", ca.EnrollWith(testca.DN("CN=R2"), small).Cert, pki.VerdictOK, ""},
	} {
		v := trust(ca).Verify([]*pki.Certificate{c.cert}, nil, today)
		if v.Code != c.code || v.OK != (c.code == pki.VerdictOK) || !strings.Contains(v.Reason, c.text) {
			t.Errorf("%s: %v %q, want %v %q", c.what, v.Code, v.Reason, c.code, c.text)
		}
		if v.Certificate != c.cert || v.Serial != c.cert.Serial || v.Subject != c.cert.Subject {
			t.Errorf("%s: the verdict is about %s", c.what, v.Subject)
		}
	}
	if v := trust(ca).Verify(nil, nil, today); v.OK || v.Code != pki.Malformed {
		t.Errorf("no certificate: %+v", v)
	}
	if v := trust(ca).Verify(slices.Repeat([]*pki.Certificate{ca.Issue(leaf)}, 17), nil, today); v.OK || v.Code != pki.Malformed {
		t.Errorf("17 certificates: %+v", v)
	}
	v := trust(ca).WithPolicy(pki.Policy{MinRSABits: 2048}).Verify([]*pki.Certificate{ca.EnrollWith(testca.DN("CN=R2"), small).Cert}, nil, today)
	if v.Code != pki.WeakKey {
		t.Errorf("1024 bits under a policy of 2048: %v %s", v.Code, v.Reason)
	}
}

func TestVerifyChangedOctets(t *testing.T) {
	ca := testca.New("CA1", 0)
	s := trust(ca)
	der := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert.Raw()
	for i := range der {
		changed := slices.Clone(der)
		changed[i] ^= 1
		c, err := pki.ParseCertificate(changed)
		if err != nil {
			continue
		}
		if v := s.Verify([]*pki.Certificate{c}, nil, today); v.OK {
			t.Errorf("octet %d changed, and it still stands", i)
		}
	}
}

// The validity of the anchor counts, and its right to issue.
func TestVerifyAnchor(t *testing.T) {
	for _, c := range []struct {
		what string
		cert testca.Certificate
		code pki.VerdictCode
	}{
		{"version 1, as old CAs are", testca.Certificate{Version: 1}, pki.VerdictOK},
		{"expired", testca.Certificate{NotAfter: today.Add(-time.Hour), Extensions: []testca.Extension{testca.BasicConstraints(true, -1)}}, pki.Expired},
		{"no CA", testca.Certificate{Extensions: []testca.Extension{testca.BasicConstraints(false, -1)}}, pki.NotCA},
		{"no basic constraints", testca.Certificate{}, pki.NotCA},
		{"key usage", testca.Certificate{Extensions: []testca.Extension{testca.BasicConstraints(true, -1), testca.KeyUsage(testca.DigitalSignature)}}, pki.KeyUsage},
		{"path length 0", testca.Certificate{Extensions: []testca.Extension{testca.BasicConstraints(true, 0)}}, pki.VerdictOK},
		{"name constraints", testca.Certificate{Extensions: []testca.Extension{testca.BasicConstraints(true, -1),
			{OID: []int{2, 5, 29, 30}, Critical: true, Value: []byte("\x30\x0e\xa0\x0c\x30\x0a\x82\x08test.com")}}}, pki.VerdictOK},
		{"name constraints with a minimum", testca.Certificate{Extensions: []testca.Extension{testca.BasicConstraints(true, -1),
			{OID: []int{2, 5, 29, 30}, Critical: true, Value: []byte("\x30\x11\xa0\x0f\x30\x0d\x82\x08test.com\x80\x01\x01")}}}, pki.CriticalExtension},
	} {
		ca := testca.New("CA1", 0)
		c.cert.Subject, c.cert.Key = ca.Name.DER(), ca.Key.Public()
		ca.Cert = ca.Issue(c.cert)
		v := trust(ca, pki.RevocationNone).Verify([]*pki.Certificate{ca.Enroll("R2", "192.168.0.2", "101", 2).Cert}, nil, today)
		if v.Code != c.code {
			t.Errorf("%s: %v %q, want %v", c.what, v.Code, v.Reason, c.code)
		}
		if !v.OK && v.Certificate != ca.Cert {
			t.Errorf("%s: the verdict is about %s", c.what, v.Subject)
		}
	}
}

func TestVerifyIntermediates(t *testing.T) {
	root := testca.New("ROOT", 0)
	leaf := func(sub *testca.CA) *pki.Certificate { return sub.Enroll("R2", "192.168.0.2", "101", 4).Cert }
	sub := func(parent *testca.CA, cn string, key int, version int, ext ...testca.Extension) *testca.CA {
		ca := &testca.CA{Name: testca.DN("CN=" + cn + ",O=cisco,O=com"), Key: testca.RSA(2048, key), Hash: crypto.SHA256}
		ca.Cert = parent.Issue(testca.Certificate{Version: version, Subject: ca.Name.DER(), Key: ca.Key.Public(), Extensions: ext})
		return ca
	}
	anyCA := testca.BasicConstraints(true, -1)
	good := sub(root, "SUB", 1, 3, anyCA)
	deep := sub(good, "DEEP", 2, 3, anyCA)
	short := sub(root, "SHORT", 1, 3, testca.BasicConstraints(true, 0))
	below := sub(short, "BELOW", 2, 3, anyCA)
	v1 := sub(root, "OLD", 1, 1)
	plain := sub(root, "PLAIN", 1, 3)
	noSign := sub(root, "NOSIGN", 1, 3, anyCA, testca.KeyUsage(testca.CRLSign))
	for _, c := range []struct {
		what  string
		chain []*pki.Certificate
		code  pki.VerdictCode
	}{
		{"one between", []*pki.Certificate{leaf(good), good.Cert}, pki.VerdictOK},
		{"two between, in any order, with the root", []*pki.Certificate{leaf(deep), root.Cert, good.Cert, deep.Cert}, pki.VerdictOK},
		{"missing", []*pki.Certificate{leaf(good)}, pki.NoTrustpoint},
		{"the wrong one", []*pki.Certificate{leaf(good), deep.Cert}, pki.NoTrustpoint},
		{"path length kept", []*pki.Certificate{leaf(short), short.Cert}, pki.VerdictOK},
		{"path length exceeded", []*pki.Certificate{leaf(below), below.Cert, short.Cert}, pki.PathLength},
		{"version 1 below the anchor", []*pki.Certificate{leaf(v1), v1.Cert}, pki.NotCA},
		{"no basic constraints", []*pki.Certificate{leaf(plain), plain.Cert}, pki.NotCA},
		{"no certificate signing", []*pki.Certificate{leaf(noSign), noSign.Cert}, pki.KeyUsage},
		{"a root of the peer's", []*pki.Certificate{leaf(testca.New("OTHER", 1)), testca.New("OTHER", 1).Cert}, pki.NoTrustpoint},
	} {
		v := trust(root, pki.RevocationNone).Verify(c.chain, nil, today)
		if v.Code != c.code {
			t.Errorf("%s: %v %q, want %v", c.what, v.Code, v.Reason, c.code)
		}
	}
	v := trust(root, pki.RevocationNone).Verify([]*pki.Certificate{leaf(deep), good.Cert, deep.Cert}, nil, today)
	if len(v.Path) != 4 || v.Path[1] != deep.Cert || v.Path[3] != root.Cert {
		t.Errorf("path of %d certificates", len(v.Path))
	}
}

// An intermediate that the trustpoint knows need not be sent.
func TestVerifyWithOwnIntermediates(t *testing.T) {
	root := testca.New("ROOT", 0)
	sub := root.Sub("SUB", 1)
	tp := testca.Trustpoint("TP", root.Enroll("R1", "192.168.0.1", "100", 2), 1)
	tp.Chain, tp.RevocationCheck = []*pki.Certificate{sub.Cert}, []pki.RevocationMethod{pki.RevocationNone}
	v := pki.NewSnapshot([]*pki.Trustpoint{tp}).Verify([]*pki.Certificate{sub.Enroll("R2", "192.168.0.2", "101", 3).Cert}, nil, today)
	if !v.OK {
		t.Error(v.Reason)
	}
}

// Fifteen CAs of one name that all signed each other make a number of paths
// that nobody can try.
func TestVerifyManyPaths(t *testing.T) {
	ca := testca.New("LOOP", 0)
	chain := []*pki.Certificate{ca.Enroll("R2", "192.168.0.2", "101", 2).Cert}
	for range 15 {
		chain = append(chain, ca.Issue(testca.Certificate{Subject: ca.Name.DER(), Key: ca.Key.Public(), Extensions: []testca.Extension{testca.BasicConstraints(true, -1)}}))
	}
	took := processor(t, func() {
		v := trust(testca.New("CA1", 1)).Verify(chain, nil, today)
		if v.OK || v.Code != pki.Malformed && v.Code != pki.PathLength {
			t.Errorf("%v %s", v.Code, v.Reason)
		}
	})
	if took > time.Second {
		t.Errorf("it took %v", took)
	}
}

// processor is the processor's time that f takes, however busy the machine is.
func processor(t *testing.T, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := func() time.Duration {
		const thread = 1 // RUSAGE_THREAD
		var u syscall.Rusage
		if err := syscall.Getrusage(thread, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := spent()
	f()
	return spent() - before
}

// Old CAs sign with MD5 and SHA-1: accepted with a note, unless the policy
// refuses.
func TestVerifyHashes(t *testing.T) {
	for _, c := range []struct {
		hash   crypto.Hash
		policy pki.Policy
		code   pki.VerdictCode
		note   string
	}{
		{crypto.MD5, pki.Policy{}, pki.VerdictOK, "is signed with MD5 with RSA"},
		{crypto.SHA1, pki.Policy{}, pki.VerdictOK, "is signed with SHA1 with RSA"},
		{crypto.SHA256, pki.Policy{}, pki.VerdictOK, ""},
		{crypto.SHA384, pki.Policy{}, pki.VerdictOK, ""},
		{crypto.SHA512, pki.Policy{}, pki.VerdictOK, ""},
		{crypto.MD5, pki.Policy{RefuseMD5: true}, pki.WeakHash, ""},
		{crypto.SHA1, pki.Policy{RefuseSHA1: true}, pki.WeakHash, ""},
		{crypto.MD5, pki.Policy{RefuseSHA1: true}, pki.VerdictOK, "MD5"},
	} {
		ca := testca.NewWith("CA1", testca.RSA(2048, 0), c.hash)
		v := trust(ca).WithPolicy(c.policy).Verify([]*pki.Certificate{ca.Enroll("R2", "192.168.0.2", "101", 2).Cert}, nil, today)
		if v.Code != c.code || (len(v.Notes) > 0) != (c.note != "") || c.note != "" && !strings.Contains(v.Notes[0], c.note) {
			t.Errorf("%v %+v: %v %q, notes %q", c.hash, c.policy, v.Code, v.Reason, v.Notes)
		}
	}
}

func TestVerifyECDSA(t *testing.T) {
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		ca := testca.NewWith("CA1", testca.EC(1), hash)
		id := ca.EnrollWith(testca.DN("CN=R2"), testca.EC(2))
		if v := trust(ca).Verify([]*pki.Certificate{id.Cert}, nil, today); !v.OK {
			t.Errorf("%v: %s", hash, v.Reason)
		}
		other := testca.NewWith("CA1", testca.EC(3), hash)
		if v := trust(other).Verify([]*pki.Certificate{id.Cert}, nil, today); v.Code != pki.BadSignature {
			t.Errorf("%v: another key: %v %s", hash, v.Code, v.Reason)
		}
		rsa := testca.New("CA1", 0)
		if v := trust(rsa).Verify([]*pki.Certificate{id.Cert}, nil, today); v.Code != pki.BadSignature {
			t.Errorf("%v: RSA anchor: %v %s", hash, v.Code, v.Reason)
		}
		if v := trust(ca).Verify([]*pki.Certificate{rsa.Enroll("R2", "192.168.0.2", "101", 2).Cert}, nil, today); v.Code != pki.BadSignature {
			t.Errorf("%v: EC anchor: %v %s", hash, v.Code, v.Reason)
		}
	}
}

// CAs with keys of every kind sign their CRL, and certificates of every kind of key.
func TestVerifyKinds(t *testing.T) {
	keys := []crypto.Signer{testca.RSA(2048, 0), testca.EC(1), testca.ECOn(elliptic.P384(), 1), testca.ECOn(elliptic.P521(), 1), testca.Ed25519(1)}
	for i, key := range keys {
		ca, other := testca.NewWith("CA1", key, crypto.SHA256), testca.NewWith("CA1", keys[(i+1)%len(keys)], crypto.SHA256)
		for j, k := range keys {
			id := ca.EnrollWith(testca.DN("CN=R2"), k)
			s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: []*pki.CRL{ca.ParsedCRL()}}})
			if v := s.Verify([]*pki.Certificate{id.Cert}, nil, today); !v.OK {
				t.Errorf("key %d of CA %d: %s", j, i, v.Reason)
			}
			if v := trust(other).Verify([]*pki.Certificate{id.Cert}, nil, today); v.Code != pki.BadSignature {
				t.Errorf("key %d of CA %d, another key: %v %s", j, i, v.Code, v.Reason)
			}
		}
	}
}

// A CA may sign with RSA-PSS. Other parameters than the usual are not looked into:
// a salt of another length, an MGF with another hash.
func TestVerifyPSS(t *testing.T) {
	ca := testca.New("CA1", 0)
	for _, algorithm := range []x509.SignatureAlgorithm{x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS} {
		template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: testca.NotBefore, NotAfter: testca.NotAfter, SignatureAlgorithm: algorithm}
		der, err := x509.CreateCertificate(rand.Reader, template, ca.Cert.X509, testca.RSA(2048, 1).Public(), ca.Key)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []bool{false, true} {
			want := pki.VerdictOK
			if bad {
				der[len(der)-1] ^= 1
				want = pki.BadSignature
			}
			cert, err := pki.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if v := trust(ca).Verify([]*pki.Certificate{cert}, nil, today); v.Code != want {
				t.Errorf("%v, changed %v: %v %s", algorithm, bad, v.Code, v.Reason)
			}
		}
		for from, to := range map[string]string{"\xa2\x03\x02\x01": "\xa2\x03\x02\x00", "\x01\x01\x08\x30\x0d\x06\x09": "\x01\x01\x09\x30\x0d\x06\x09"} {
			cert, err := pki.ParseCertificate(bytes.ReplaceAll(der, []byte(from), []byte(to)))
			if err != nil {
				t.Fatal(err)
			}
			if v := trust(ca).Verify([]*pki.Certificate{cert}, nil, today); v.Code != pki.BadSignature || !strings.HasSuffix(v.Reason, "is not supported") {
				t.Errorf("%v with %x: %v %s", algorithm, to, v.Code, v.Reason)
			}
		}
	}
}

func TestVerifyRevocation(t *testing.T) {
	ca, rogue := testca.New("CA1", 0), testca.New("CA1", 1)
	r2 := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert
	parse := func(der []byte) *pki.CRL {
		crl, err := pki.ParseCRL(der)
		if err != nil {
			t.Fatal(err)
		}
		return crl
	}
	at := func(this, next time.Time, serials ...*big.Int) *pki.CRL {
		return parse(ca.CRLAt(this, next, serials...))
	}
	yesterday, tomorrow := today.AddDate(0, 0, -1), today.AddDate(0, 0, 1)
	crl, ocsp, none := pki.RevocationCRL, pki.RevocationOCSP, pki.RevocationNone
	indirect := testca.CRL{Issuer: ca.Name.DER(), ThisUpdate: yesterday, NextUpdate: tomorrow,
		Extensions: []testca.Extension{{OID: []int{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x84, 1, 0xff}}}}
	for _, c := range []struct {
		what    string
		methods []pki.RevocationMethod
		crls    []*pki.CRL
		code    pki.VerdictCode
		text    string
	}{
		{"default without a CRL", nil, nil, pki.NoCRL, "no CRL of cn=CA1,o=cisco,o=com in trustpoint TP"},
		{"default with one", nil, []*pki.CRL{at(yesterday, tomorrow)}, pki.VerdictOK, ""},
		{"revoked", nil, []*pki.CRL{at(yesterday, tomorrow, r2.X509.SerialNumber)}, pki.Revoked, "revoked since"},
		{"another revoked", nil, []*pki.CRL{at(yesterday, tomorrow, big.NewInt(1), big.NewInt(99), big.NewInt(258))}, pki.VerdictOK, ""},
		{"expired", nil, []*pki.CRL{at(yesterday, today)}, pki.NoCRL, "was to be renewed by 13:00:00 UTC Jul 20 2013"},
		{"of the future", nil, []*pki.CRL{at(today.Add(time.Second), tomorrow)}, pki.NoCRL, "is valid from"},
		{"from now", nil, []*pki.CRL{at(today, tomorrow)}, pki.VerdictOK, ""},
		{"no next update", nil, []*pki.CRL{at(yesterday, time.Time{})}, pki.NoCRL, "no next update"},
		{"another's signature", nil, []*pki.CRL{parse(rogue.CRLAt(yesterday, tomorrow))}, pki.NoCRL, "does not verify"},
		{"another CA's", nil, []*pki.CRL{testca.New("CA2", 3).ParsedCRL()}, pki.NoCRL, "no CRL of"},
		{"indirect", nil, []*pki.CRL{parse(indirect.Sign(ca.Key, ca.Hash))}, pki.NoCRL, "an indirect CRL"},
		{"the newest of two counts", nil, []*pki.CRL{at(yesterday.AddDate(0, 0, -1), tomorrow), at(yesterday, tomorrow, r2.X509.SerialNumber)}, pki.Revoked, ""},
		{"an unusable one beside a good one", nil, []*pki.CRL{at(yesterday, tomorrow), at(yesterday, today)}, pki.VerdictOK, ""},
		{"none", []pki.RevocationMethod{none}, []*pki.CRL{at(yesterday, tomorrow, r2.X509.SerialNumber)}, pki.VerdictOK, ""},
		{"crl none without a CRL", []pki.RevocationMethod{crl, none}, nil, pki.VerdictOK, ""},
		{"crl none and revoked", []pki.RevocationMethod{crl, none}, []*pki.CRL{at(yesterday, tomorrow, r2.X509.SerialNumber)}, pki.Revoked, ""},
		{"ocsp", []pki.RevocationMethod{ocsp}, []*pki.CRL{at(yesterday, tomorrow)}, pki.NoCRL, "the certificate names no OCSP responder"},
		{"ocsp crl", []pki.RevocationMethod{ocsp, crl}, []*pki.CRL{at(yesterday, tomorrow)}, pki.VerdictOK, ""},
	} {
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP", RevocationCheck: c.methods}, CA: ca.Cert, CRLs: c.crls}})
		v := s.Verify([]*pki.Certificate{r2}, nil, today)
		if v.Code != c.code || !strings.Contains(v.Reason, c.text) {
			t.Errorf("%s: %v %q, want %v %q", c.what, v.Code, v.Reason, c.code, c.text)
		}
	}
}

// Every certificate below the anchor needs the CRL of its own issuer.
func TestVerifyRevocationOfIntermediates(t *testing.T) {
	root := testca.New("ROOT", 0)
	sub := root.Sub("SUB", 1)
	chain := []*pki.Certificate{sub.Enroll("R2", "192.168.0.2", "101", 2).Cert, sub.Cert}
	revoked, err := pki.ParseCRL(root.CRL(sub.Cert.X509.SerialNumber))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		crls []*pki.CRL
		code pki.VerdictCode
		of   *pki.Certificate
	}{
		{"both", []*pki.CRL{root.ParsedCRL(), sub.ParsedCRL()}, pki.VerdictOK, chain[0]},
		{"only the root's", []*pki.CRL{root.ParsedCRL()}, pki.NoCRL, chain[0]},
		{"only the sub's", []*pki.CRL{sub.ParsedCRL()}, pki.NoCRL, chain[1]},
		{"the sub revoked", []*pki.CRL{revoked, sub.ParsedCRL()}, pki.Revoked, chain[1]},
	} {
		s := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "TP"}, CA: root.Cert, CRLs: c.crls}})
		if v := s.Verify(chain, nil, today); v.Code != c.code || v.Certificate != c.of {
			t.Errorf("%s: %v %q", c.what, v.Code, v.Reason)
		}
	}
}

// A CA whose key usage does not hold cRLSign has no valid CRL.
func TestVerifyCRLSign(t *testing.T) {
	ca := testca.New("CA1", 0)
	ca.Cert = ca.Issue(testca.Certificate{Subject: ca.Name.DER(), Key: ca.Key.Public(),
		Extensions: []testca.Extension{testca.BasicConstraints(true, -1), testca.KeyUsage(testca.CertSign)}})
	v := trust(ca).Verify([]*pki.Certificate{ca.Enroll("R2", "192.168.0.2", "101", 2).Cert}, nil, today)
	if v.Code != pki.NoCRL || !strings.Contains(v.Reason, "does not permit signing CRLs") {
		t.Errorf("%v %q", v.Code, v.Reason)
	}
}

// Two trustpoints of one CA name: the one whose key signed is found.
func TestVerifySameCAName(t *testing.T) {
	old, renewed := testca.New("CA1", 0), testca.New("CA1", 1)
	s := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "OLD"}, CA: old.Cert, CRLs: []*pki.CRL{old.ParsedCRL()}},
		{Settings: pki.Settings{Name: "NEW"}, CA: renewed.Cert, CRLs: []*pki.CRL{renewed.ParsedCRL()}},
	})
	if v := s.Verify([]*pki.Certificate{renewed.Enroll("R2", "192.168.0.2", "101", 2).Cert}, nil, today); !v.OK || v.Trustpoint != "NEW" {
		t.Errorf("%+v", v)
	}
}

// What a handshake costs on top of the signatures themselves.
func BenchmarkVerify(b *testing.B) {
	note := testca.NewNote()
	s := note.R1()
	chain := []*pki.Certificate{note.R2CA1.Cert}
	b.ReportAllocs()
	for b.Loop() {
		if v := s.Verify(chain, []string{"IOSCA1"}, today); !v.OK {
			b.Fatal(v.Reason)
		}
	}
}

// The seven requests of the note.
func BenchmarkChoose(b *testing.B) {
	s := testca.NewNote().R1()
	var requests []pki.Name
	for _, r := range s.CertificateRequests(nil) {
		requests = append(requests, r.Name)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s.Choose(requests, nil).Trustpoint == nil {
			b.Fatal("nothing chosen")
		}
	}
}

// The peer chooses the keys of the CAs that it sends: one that takes too long to
// verify with is not tried.
func TestVerifyCostlyIssuers(t *testing.T) {
	root := testca.New("CA1", 0)
	sub := root.Sub("SUB", 1)
	leaf := sub.Enroll("R2", "192.168.0.2", "101", 3)
	modulus := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(1))
	}
	for _, c := range []struct {
		key    *rsa.PublicKey
		costly bool
	}{
		{&rsa.PublicKey{N: modulus(8192), E: 65537}, true},
		{&rsa.PublicKey{N: modulus(2048), E: 1<<31 - 1}, true},
		{&rsa.PublicKey{N: modulus(4096), E: 65537}, false},
	} {
		issuer := root.Issue(testca.Certificate{Subject: sub.Name.DER(), Key: c.key, Extensions: []testca.Extension{testca.BasicConstraints(true, -1)}})
		v := trust(root, pki.RevocationNone).Verify([]*pki.Certificate{leaf.Cert, issuer}, nil, today)
		if v.OK || strings.Contains(v.Reason, "takes too long") != c.costly {
			t.Errorf("%d bits, exponent %d: %v %s", c.key.N.BitLen(), c.key.E, v.OK, v.Reason)
		}
	}
}
