package testca

import (
	"bytes"
	"crypto/x509"
	"testing"
)

// What is made here is read by the standard library, and by itself again.
func TestStandardLibraryAgrees(t *testing.T) {
	ca := New("CA1", 0)
	r1 := ca.Enroll("R1", "192.168.0.1", "100", 2)
	if err := r1.Cert.X509.CheckSignatureFrom(ca.Cert.X509); err != nil {
		t.Errorf("certificate: %v", err)
	}
	der := CRL{Issuer: ca.Name.DER(), ThisUpdate: NotBefore, NextUpdate: NotAfter,
		Entries: []Entry{{Serial: r1.Cert.X509.SerialNumber, At: NotBefore}}, Extensions: []Extension{CRLNumber(7)}}.Sign(ca.Key, ca.Hash)
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := crl.CheckSignatureFrom(ca.Cert.X509); err != nil {
		t.Errorf("CRL: %v", err)
	}
	if len(crl.RevokedCertificateEntries) != 1 || crl.Number.Int64() != 7 {
		t.Errorf("CRL reads as %d entries, number %v", len(crl.RevokedCertificateEntries), crl.Number)
	}
}

func TestDeterministic(t *testing.T) {
	a, b := NewNote(), NewNote()
	if !bytes.Equal(a.R2CA1.Cert.Raw(), b.R2CA1.Cert.Raw()) || !bytes.Equal(a.CA2.CRL(), b.CA2.CRL()) {
		t.Error("two runs differ")
	}
	// MM5 is 24 octets longer than MM6 for certificates of equal length.
	if n, m := len(a.R1CA1.Cert.Raw()), len(a.R2CA1.Cert.Raw()); n != m {
		t.Errorf("certificates of R1 and R2 are of %d and %d octets", n, m)
	}
}
