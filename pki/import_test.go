package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"software.sslmate.com/src/go-pkcs12"
)

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestParsePEM(t *testing.T) {
	note := testca.NewNote()
	id, ca := note.R1CA1, note.CA1
	of := func(ca, id crypto.Signer) *testca.Identity {
		return testca.NewWith("ECCA", ca, crypto.SHA256).EnrollWith(testca.DN("CN=R1"), id)
	}
	ec, ed := of(testca.EC(1), testca.EC(2)), of(testca.Ed25519(1), testca.Ed25519(2))
	p384, p521 := of(testca.ECOn(elliptic.P384(), 1), testca.ECOn(elliptic.P384(), 2)), of(testca.ECOn(elliptic.P521(), 1), testca.ECOn(elliptic.P521(), 2))
	sec1, err := x509.MarshalECPrivateKey(ec.Key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(id.Key.(*rsa.PrivateKey)))
	for _, c := range []struct {
		what          string
		ca, cert, key []byte
		id            *testca.Identity
	}{
		{"PKCS #8", testca.CertPEM(ca.Cert), testca.CertPEM(id.Cert), id.KeyPEM(), id},
		{"PKCS #1", testca.CertPEM(ca.Cert), testca.CertPEM(id.Cert), pkcs1, id},
		{"SEC 1", testca.CertPEM(ec.CA.Cert), testca.CertPEM(ec.Cert), pemOf("EC PRIVATE KEY", sec1), ec},
		{"EC in PKCS #8", testca.CertPEM(ec.CA.Cert), testca.CertPEM(ec.Cert), ec.KeyPEM(), ec},
		{"P-384", testca.CertPEM(p384.CA.Cert), testca.CertPEM(p384.Cert), p384.KeyPEM(), p384},
		{"P-521", testca.CertPEM(p521.CA.Cert), testca.CertPEM(p521.Cert), p521.KeyPEM(), p521},
		{"Ed25519", testca.CertPEM(ed.CA.Cert), testca.CertPEM(ed.Cert), ed.KeyPEM(), ed},
		{"text around, and the CA in the certificate file too", append([]byte("subject=CA1\n"), testca.CertPEM(ca.Cert)...),
			testca.CertPEM(ca.Cert, id.Cert), append([]byte("Bag Attributes\n"), id.KeyPEM()...), id},
	} {
		m, err := pki.ParsePEM(c.ca, c.cert, c.key)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if !m.CA.Equal(c.id.CA.Cert) || !m.Identity.Equal(c.id.Cert) || m.Signer == nil || len(m.Chain) != 0 || len(m.Notes) != 0 {
			t.Errorf("%s: %+v", c.what, m)
		}
	}
	m, err := pki.ParsePEM(testca.CertPEM(ca.Cert), nil, nil)
	if err != nil || !m.CA.Equal(ca.Cert) || m.Identity != nil || m.Signer != nil {
		t.Errorf("CA only: %+v, %v", m, err)
	}
}

func TestParsePEMRefused(t *testing.T) {
	note := testca.NewNote()
	id := note.R1CA1
	ca, cert, key := testca.CertPEM(note.CA1.Cert), testca.CertPEM(id.Cert), id.KeyPEM()
	x, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := x509.MarshalPKCS8PrivateKey(x)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := x509.MarshalPKCS8PrivateKey(testca.ECOn(elliptic.P224(), 1))
	if err != nil {
		t.Fatal(err)
	}
	legacy := bytes.Replace(pemOf("RSA PRIVATE KEY", make([]byte, 64)), []byte("KEY-----\n"), []byte("KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"), 1)
	for _, c := range []struct {
		what          string
		ca, cert, key []byte
		want          string
	}{
		{"no CA", nil, cert, key, "CA file: no certificate"},
		{"DER as CA", note.CA1.Cert.Raw(), cert, key, "BEGIN CERTIFICATE----- is expected"},
		{"no key", ca, cert, nil, "come together"},
		{"no certificate", ca, nil, key, "come together"},
		{"another's key", ca, cert, note.R1CA2.KeyPEM(), "the private key does not belong to certificate 02 of serialNumber=100"},
		{"another CA", testca.CertPEM(note.CA2.Cert), cert, key, "was issued by cn=CA1,o=cisco,o=com, and no CA certificate given has signed it"},
		{"a CA of the same name", testca.CertPEM(testca.New("CA1", 7).Cert), cert, key, "no CA certificate given has signed it"},
		{"a router's certificate as CA", cert, nil, nil, "is no CA certificate: its basic constraints"},
		{"two unrelated CAs", testca.CertPEM(note.CA1.Cert, note.CA2.Cert), nil, nil, "do not form one chain"},
		{"encrypted PKCS #8", ca, cert, pemOf("ENCRYPTED PRIVATE KEY", make([]byte, 64)), "the private key is encrypted, and no passphrase"},
		{"encrypted PKCS #1", ca, cert, legacy, "the private key is encrypted, and no passphrase"},
		{"X25519", ca, cert, pemOf("PRIVATE KEY", x25519), "neither RSA, EC nor Ed25519"},
		{"P-224", ca, cert, pemOf("PRIVATE KEY", p224), "on a curve other than P-256, P-384 and P-521"},
		{"damaged key", ca, cert, pemOf("PRIVATE KEY", key), "cannot be read"},
		{"a key in two", ca, cert, append(slices.Clone(key), key...), "more than one private key"},
		{"certificate as key", ca, cert, cert, "no private key in it"},
		{"cut", ca[:len(ca)-10], cert, key, "damaged PEM block"},
		{"33 blocks", bytes.Repeat(ca, 33), cert, key, "more than 32 PEM blocks"},
		{"too long", make([]byte, pki.MaxImportLen+1), cert, key, "at most 1048576 are accepted"},
	} {
		m, err := pki.ParsePEM(c.ca, c.cert, c.key)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %+v, %v, want %q", c.what, m, err, c.want)
		}
	}
}

func TestParsePEMCut(t *testing.T) {
	id := testca.NewNote().R1CA1
	ca, cert, key := testca.CertPEM(id.CA.Cert), testca.CertPEM(id.Cert), id.KeyPEM()
	cut := func(what string, whole []byte, parse func([]byte) error) {
		for i := range len(whole) - 1 { // the last octet is a newline
			if parse(whole[:i]) == nil {
				t.Errorf("%s: %d of %d octets are accepted", what, i, len(whole))
			}
		}
	}
	cut("CA", ca, func(b []byte) error { _, err := pki.ParsePEM(b, cert, key); return err })
	cut("certificate", cert, func(b []byte) error { _, err := pki.ParsePEM(ca, b, key); return err })
	cut("key", key, func(b []byte) error { _, err := pki.ParsePEM(ca, cert, b); return err })
}

// Three levels: whichever CA the operator gives is the anchor, what is between
// goes out to the peer, the root does not.
func TestParsePEMChain(t *testing.T) {
	root := testca.New("ROOT", 0)
	mid := root.Sub("MID", 1)
	sub := mid.Sub("SUB", 2)
	id := sub.Enroll("R1", "192.168.0.1", "100", 3)
	stray := testca.New("STRAY", 4)
	for _, c := range []struct {
		what     string
		ca, cert []*pki.Certificate
		anchor   *testca.CA
		chain    []*testca.CA
		notes    int
	}{
		{"the issuer alone", []*pki.Certificate{sub.Cert}, []*pki.Certificate{id.Cert}, sub, []*testca.CA{sub}, 0},
		{"the issuer and all above", []*pki.Certificate{root.Cert, sub.Cert, mid.Cert}, []*pki.Certificate{id.Cert}, sub, []*testca.CA{sub, mid}, 1},
		{"the root, intermediates with the certificate", []*pki.Certificate{root.Cert}, []*pki.Certificate{id.Cert, sub.Cert, mid.Cert}, root, []*testca.CA{sub, mid}, 0},
		{"the middle", []*pki.Certificate{mid.Cert}, []*pki.Certificate{id.Cert, sub.Cert}, mid, []*testca.CA{sub, mid}, 0},
		{"with a stray one", []*pki.Certificate{sub.Cert, stray.Cert}, []*pki.Certificate{id.Cert}, sub, []*testca.CA{sub}, 1},
	} {
		m, err := pki.ParsePEM(testca.CertPEM(c.ca...), testca.CertPEM(c.cert...), id.KeyPEM())
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		same := len(m.Chain) == len(c.chain)
		for i := range m.Chain {
			same = same && m.Chain[i].Equal(c.chain[i].Cert)
		}
		if !m.CA.Equal(c.anchor.Cert) || !same || len(m.Notes) != c.notes {
			t.Errorf("%s: anchor %s, chain of %d, notes %q", c.what, m.CA.Subject, len(m.Chain), m.Notes)
		}
	}
	if _, err := pki.ParsePEM(testca.CertPEM(root.Cert), testca.CertPEM(id.Cert, sub.Cert), id.KeyPEM()); err == nil || !strings.Contains(err.Error(), "was issued by cn=MID") {
		t.Errorf("a gap: %v", err)
	}
	m, err := pki.ParsePEM(testca.CertPEM(root.Cert, mid.Cert, sub.Cert), nil, nil)
	if err != nil || !m.CA.Equal(sub.Cert) {
		t.Errorf("CAs only: %v, %v, want the lowest", m, err)
	}
}

// p12 encodes an identity with few iterations.
func p12(t testing.TB, enc *pkcs12.Encoder, id *testca.Identity, password string) []byte {
	der, err := enc.Encode(id.Key, id.Cert.X509, []*x509.Certificate{id.CA.Cert.X509}, password)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParsePKCS12(t *testing.T) {
	id := testca.NewNote().R1CA1
	for what, enc := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern, "DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2} {
		der := p12(t, enc, id, "secret")
		m, err := pki.ParsePKCS12(der, "secret")
		if err != nil || !m.CA.Equal(id.CA.Cert) || !m.Identity.Equal(id.Cert) || m.Signer == nil {
			t.Errorf("%s: %+v, %v", what, m, err)
		}
		if _, err := pki.ParsePKCS12(der, "wrong"); err == nil || err.Error() != "PKCS #12 file: wrong password" {
			t.Errorf("%s: wrong password: %v", what, err)
		}
	}
}

// Every kind of key comes from PKCS #12 as it went in, and signs for IKEv2.
func TestParsePKCS12Kinds(t *testing.T) {
	ca := testca.NewWith("ECCA", testca.Ed25519(1), crypto.SHA256)
	for i, key := range []crypto.Signer{
		testca.RSA(2048, 0), testca.EC(2), testca.ECOn(elliptic.P384(), 2), testca.ECOn(elliptic.P521(), 2), testca.Ed25519(2),
	} {
		m, err := pki.ParsePKCS12(p12(t, pkcs12.Modern.WithIterations(2), ca.EnrollWith(testca.DN("CN=R1"), key), "secret"), "secret")
		if err != nil {
			t.Errorf("key %d: %v", i, err)
			continue
		}
		signed := 0
		for _, s := range suite.Signatures() {
			if !s.Fits(m.Signer.Public()) {
				continue
			}
			sig, err := s.Sign(rand.Reader, m.Signer, []byte("octets"))
			if err != nil || s.Verify(m.Identity.X509.PublicKey, []byte("octets"), sig) != nil {
				t.Errorf("key %d, %s: %v", i, s.Name, err)
			}
			signed++
		}
		if signed == 0 {
			t.Errorf("nothing signs with key %d", i)
		}
	}
}

func TestParsePKCS12Refused(t *testing.T) {
	id := testca.NewNote().R1CA1
	few := pkcs12.Modern.WithIterations(2)
	der := p12(t, few, id, "secret")
	for i := 0; i < len(der); i++ {
		if _, err := pki.ParsePKCS12(der[:i], "secret"); err == nil {
			t.Fatalf("%d of %d octets are accepted", i, len(der))
		}
	}
	noCA, err := few.Encode(id.Key, id.Cert.X509, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	otherKey, err := few.Encode(testca.RSA(2048, 7), id.Cert.X509, []*x509.Certificate{id.CA.Cert.X509}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		der  []byte
		want string
	}{
		{"no CA", noCA, "no CA certificate given has signed it"},
		{"another's key", otherKey, "no certificate belongs to the private key"},
		{"PEM", id.KeyPEM(), "not DER"},
		{"too long", make([]byte, pki.MaxImportLen+1), "at most 1048576"},
	} {
		if _, err := pki.ParsePKCS12(c.der, "secret"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}

// A file that would have us iterate for hours is refused before anything is
// derived.
func TestParsePKCS12Iterations(t *testing.T) {
	for what, der := range map[string]string{
		"PBE":                    "\x30\x0b\x04\x01\x00\x02\x06\x01\x00\x00\x00\x00\x00",
		"in an octet string":     "\x30\x0d\x04\x0b\x30\x09\x04\x01\x00\x02\x04\x7f\xff\xff\xff",
		"two that are too many":  "\x30\x10\x04\x01\x00\x02\x03\x1e\x84\x00\x04\x01\x00\x02\x03\x1e\x84\x00",
		"beyond sixty-four bits": "\x30\x0e\x04\x01\x00\x02\x09\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		if _, err := pki.ParsePKCS12([]byte(der), "secret"); err == nil || !strings.Contains(err.Error(), "iterations") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestParseCRLFile(t *testing.T) {
	ca := testca.New("CA1", 0)
	der := ca.CRL()
	for what, data := range map[string][]byte{"DER": der, "PEM": testca.CRLPEM(der)} {
		if crl, err := pki.ParseCRLFile(data); err != nil || !crl.Issuer.Equal(ca.Name) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, data := range map[string][]byte{
		"-----BEGIN X509 CRL----- is expected": testca.CertPEM(ca.Cert),
		"more than one PEM block":              append(testca.CRLPEM(der), testca.CRLPEM(der)...),
		"CRL: not a signed DER structure":      []byte("hello"),
	} {
		if _, err := pki.ParseCRLFile(data); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
	}
}

func TestWithChains(t *testing.T) {
	note := testca.NewNote()
	empty := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{Name: "IOSCA1"}}, {Settings: pki.Settings{Name: "IOSCA2"}}})
	s, remarks := empty.WithChains([]pki.ChainBlock{
		{Trustpoint: "IOSCA1", CA: true, DER: note.CA1.Cert.Raw(), Line: "r1.cfg:10"},
		{Trustpoint: "IOSCA1", DER: note.R1CA1.Cert.Raw(), Line: "r1.cfg:12"},
	})
	if tp := s.Lookup("IOSCA1"); len(remarks) > 0 || !tp.CA.Equal(note.CA1.Cert) || !tp.Identity.Equal(note.R1CA1.Cert) || len(s.Identities()) != 0 {
		t.Errorf("%+v %q", tp, remarks)
	}
	if empty.Lookup("IOSCA1").CA != nil {
		t.Error("the snapshot that was there has changed")
	}
	full, remarks := note.R1().WithChains([]pki.ChainBlock{
		{Trustpoint: "IOSCA1", CA: true, DER: note.CA1.Cert.Raw(), Line: "r1.cfg:10"},
		{Trustpoint: "IOSCA1", DER: note.R2CA1.Cert.Raw(), Line: "r1.cfg:12"},
		{Trustpoint: "IOSCA2", CA: true, DER: note.CA1.Cert.Raw(), Line: "r1.cfg:14"},
		{Trustpoint: "IOSCA3", CA: true, DER: note.CA1.Cert.Raw(), Line: "r1.cfg:16"},
		{Trustpoint: "IOSCA1", CA: true, DER: note.R1CA1.Cert.Raw(), Line: "r1.cfg:18"},
		{Trustpoint: "IOSCA1", CA: true, DER: []byte{1}, Line: "r1.cfg:20"},
	})
	want := []string{
		"r1.cfg:12: certificate of trustpoint IOSCA1: the configuration has serial 03, the store has 02",
		"r1.cfg:14: certificate of trustpoint IOSCA2: the configuration has serial 01, the store has 01 of cn=CA2",
		"r1.cfg:16: certificate of trustpoint IOSCA3: no such trustpoint is configured",
		"r1.cfg:18: certificate of trustpoint IOSCA1: serialNumber=100",
		"r1.cfg:20: certificate of trustpoint IOSCA1: certificate: malformed",
	}
	for i, r := range remarks {
		if i >= len(want) || !strings.HasPrefix(r, want[i]) {
			t.Errorf("remark %q", r)
		}
	}
	if len(remarks) != len(want) || !full.Lookup("IOSCA2").CA.Equal(note.CA2.Cert) || len(full.Identities()) != 2 {
		t.Errorf("%d remarks, want %d", len(remarks), len(want))
	}
}
