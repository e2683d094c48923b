package pki_test

import (
	"bytes"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"unicode"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"software.sslmate.com/src/go-pkcs12"
)

// FuzzImport is the door for what the operator brings: PEM files, their DER
// inside, and PKCS #12.
func FuzzImport(f *testing.F) {
	note := testca.NewNote()
	id := note.R1CA1
	root := testca.New("ROOT", 0)
	sub := root.Sub("SUB", 1)
	below := sub.Enroll("R1", "192.168.0.1", "100", 2)
	key, _ := pem.Decode(id.KeyPEM())
	f.Add(testca.CertPEM(note.CA1.Cert), testca.CertPEM(id.Cert), id.KeyPEM(), false)
	f.Add(testca.CertPEM(sub.Cert, root.Cert), testca.CertPEM(below.Cert), below.KeyPEM(), false)
	f.Add(testca.CertPEM(root.Cert), testca.CertPEM(below.Cert, sub.Cert), below.KeyPEM(), false)
	f.Add(testca.CertPEM(note.CA1.Cert), []byte{}, []byte{}, false)
	f.Add(note.CA1.Cert.Raw(), id.Cert.Raw(), key.Bytes, true)
	f.Add(testca.CertPEM(note.CA1.Cert), []byte("secret"), p12(f, pkcs12.Modern.WithIterations(2), id, "secret"), false)
	f.Add(testca.CRLPEM(note.CA1.CRL()), []byte(""), p12(f, pkcs12.LegacyDES.WithIterations(2), id, ""), false)
	f.Fuzz(func(t *testing.T, ca, cert, key []byte, der bool) {
		if n, ok := pki.Iterations(key, 0); ok && n < 1000 {
			m, err := pki.ParsePKCS12(key, string(cert))
			checkMaterial(t, m, err)
		}
		if der {
			ca, cert, key = pemOf("CERTIFICATE", ca), pemOf("CERTIFICATE", cert), pemOf("PRIVATE KEY", key)
		}
		m, err := pki.ParsePEM(ca, cert, key)
		checkMaterial(t, m, err)
		if crl, err := pki.ParseCRLFile(ca); err == nil && len(crl.Raw) == 0 {
			t.Error("a CRL of nothing")
		}
	})
}

// checkMaterial holds what an accepted import promises.
func checkMaterial(t *testing.T, m *pki.Material, err error) {
	switch {
	case err != nil && strings.Contains(err.Error(), "\n"):
		t.Errorf("an error of several lines: %q", err)
	case err != nil:
	case m.CA == nil || (m.Identity == nil) != (m.Signer == nil):
		t.Errorf("incomplete: %+v", m)
	case m.Identity != nil:
		// Upwards from the identity every certificate signs the one before,
		// and the anchor is among them or signs one of them.
		path := append([]*pki.Certificate{m.Identity}, m.Chain...)
		anchored := false
		for i, c := range path {
			if i > 0 && path[i-1].SignedBy(c) != nil {
				t.Errorf("%s in the chain did not sign %s", c.Subject, path[i-1].Subject)
			}
			anchored = anchored || c.SignedBy(m.CA) == nil
		}
		if !anchored {
			t.Errorf("the anchor %s is not above the identity", m.CA.Subject)
		}
	}
}

// FuzzCertificateAndCRL is the door for what a peer sends and what a CA
// publishes.
func FuzzCertificateAndCRL(f *testing.F) {
	note := testca.NewNote()
	sub := note.CA1.Sub("SUB", 6)
	good := []*pki.Certificate{note.R1CA1.Cert, note.R2CA1.Cert, sub.Cert}
	for _, c := range append(good, note.CA1.Cert, note.CA2.Cert) {
		f.Add(c.Raw())
	}
	old := testca.NewWith("OLD", testca.RSA(1024, 0), 3)
	old.Cert = old.Issue(testca.Certificate{Version: 1, Subject: old.Name.DER(), Key: old.Key.Public()})
	ec := testca.NewWith("EC", testca.EC(1), 5)
	list := testca.CRL{Issuer: note.CA1.Name.DER(), ThisUpdate: today, NextUpdate: testca.NotAfter,
		Entries:    []testca.Entry{{Serial: big.NewInt(300), At: today, Extensions: []testca.Extension{{OID: []int{2, 5, 29, 21}, Value: []byte{10, 1, 1}}}}},
		Extensions: []testca.Extension{testca.CRLNumber(7)}}
	for _, der := range [][]byte{old.Cert.Raw(), ec.Cert.Raw(), old.CRL(), note.CA1.CRL(big.NewInt(3)), list.Sign(note.CA1.Key, note.CA1.Hash), note.R1CA1.Cert.Subject.DER()} {
		f.Add(der)
	}
	trusted := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "CA1"}, CA: note.CA1.Cert, CRLs: []*pki.CRL{note.CA1.ParsedCRL()}},
	})
	f.Fuzz(func(t *testing.T, der []byte) {
		if n, err := pki.ParseName(der); err == nil {
			checkName(t, n)
			trusted.Choose([]pki.Name{n}, nil)
		}
		if crl, err := pki.ParseCRL(der); err == nil {
			checkName(t, crl.Issuer)
			if _, ok := crl.Revoked(big.NewInt(300)); ok && crl.Len() == 0 {
				t.Error("an empty list revokes")
			}
			s := pki.NewSnapshot([]*pki.Trustpoint{{CA: note.CA1.Cert, CRLs: []*pki.CRL{crl}}})
			s.Verify([]*pki.Certificate{note.R2CA1.Cert}, nil, today)
		}
		c, err := pki.ParseCertificate(der)
		if err != nil {
			return
		}
		checkName(t, c.Subject)
		checkName(t, c.Issuer)
		v := trusted.Verify([]*pki.Certificate{c, sub.Cert}, nil, today)
		if v.Reason == "" || strings.ContainsAny(v.Reason, "\r\n") {
			t.Errorf("reason %q", v.Reason)
		}
		if v.OK && !known(good, der) {
			t.Errorf("a certificate that CA1 did not issue stands: %s", v.Reason)
		}
		anchored := pki.NewSnapshot([]*pki.Trustpoint{{Settings: pki.Settings{RevocationCheck: []pki.RevocationMethod{pki.RevocationNone}}, CA: c}})
		anchored.Verify([]*pki.Certificate{note.R2CA1.Cert, note.CA1.Cert}, nil, today)
		anchored.CertificateRequests(nil)
	})
}

func known(list []*pki.Certificate, der []byte) bool {
	for _, c := range list {
		if bytes.Equal(c.Raw(), der) {
			return true
		}
	}
	return false
}

// checkName holds what a name promises to those who print and compare it.
func checkName(t *testing.T, n pki.Name) {
	if strings.ContainsFunc(n.String(), unicode.IsControl) {
		t.Errorf("control characters in %q", n.String())
	}
	again, err := pki.ParseName(n.DER())
	if err != nil || again != n || !again.Equal(n) {
		t.Errorf("%s does not parse again: %v", n, err)
	}
	n.Lines()
	n.Value("hostname")
}
