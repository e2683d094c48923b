// The daemon's main has the same two lines: old CAs issue negative serial
// numbers, and 512 bits was IOS's default for many years.
//
//go:debug rsa1024min=0
//go:debug x509negativeserial=1
package pki_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// Serial numbers as IOS prints them.
func TestSerial(t *testing.T) {
	ca := testca.New("CA1", 0)
	for n, want := range map[int64]string{3: "03", 0x1234: "1234", 0xabc: "0ABC", -5: "-05"} {
		c := ca.Issue(testca.Certificate{Serial: big.NewInt(n), Subject: ca.Name.DER(), Key: ca.Key.Public()})
		if c.Serial != want {
			t.Errorf("%d prints as %s, want %s", n, c.Serial, want)
		}
	}
}

// A certificate with a negative serial number is found in a CRL.
func TestNegativeSerialRevoked(t *testing.T) {
	ca := testca.New("CA1", 0)
	c := ca.Issue(testca.Certificate{Serial: big.NewInt(-5), Subject: ca.Name.DER(), Key: testca.RSA(2048, 1).Public()})
	for _, revoked := range []bool{false, true} {
		crl := ca.ParsedCRL(big.NewInt(5), big.NewInt(251))
		if revoked {
			crl = ca.ParsedCRL(big.NewInt(-5))
		}
		s := pki.NewSnapshot([]*pki.Trustpoint{{CA: ca.Cert, CRLs: []*pki.CRL{crl}}})
		if v := s.Verify([]*pki.Certificate{c}, nil, today); v.OK == revoked {
			t.Errorf("revoked %v: %v %s", revoked, v.Code, v.Reason)
		}
	}
}

// A CA and a router with keys of 512 bits: imported, accepted, and refused by a
// policy that wants more.
func TestShortRSA(t *testing.T) {
	ca := testca.NewWith("CA1", testca.RSA(512, 0), 2) // MD5
	id := ca.EnrollWith(testca.RouterName("R2", "192.168.0.2", "101"), testca.RSA(512, 1))
	m, err := pki.ParsePEM(testca.CertPEM(ca.Cert), testca.CertPEM(id.Cert), id.KeyPEM())
	if err != nil || m.Signer == nil {
		t.Fatal(err)
	}
	if v := trust(ca).Verify([]*pki.Certificate{m.Identity}, nil, today); !v.OK || len(v.Notes) != 1 {
		t.Errorf("%v %s %q", v.Code, v.Reason, v.Notes)
	}
	v := trust(ca, pki.RevocationNone).WithPolicy(pki.Policy{MinRSABits: 1024}).Verify([]*pki.Certificate{m.Identity}, nil, today)
	if v.Code != pki.WeakKey || !strings.Contains(v.Reason, "RSA key of 512 bits, at least 1024 are wanted") {
		t.Errorf("%v %s", v.Code, v.Reason)
	}
}
