package pki_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

func TestParseCRL(t *testing.T) {
	ca := testca.New("CA1", 0)
	at := time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)
	serials := []*big.Int{big.NewInt(3), big.NewInt(-3), big.NewInt(128), big.NewInt(0x0102030405), new(big.Int).Lsh(big.NewInt(1), 159)}
	list := testca.CRL{Issuer: ca.Name.DER(), ThisUpdate: at, NextUpdate: at.AddDate(60, 0, 0)}
	for _, n := range serials {
		list.Entries = append(list.Entries, testca.Entry{Serial: n, At: at})
	}
	for version := 1; version <= 2; version++ {
		if version == 2 {
			list.Extensions = []testca.Extension{testca.CRLNumber(7)}
			list.Entries[0].Extensions = []testca.Extension{{OID: []int{2, 5, 29, 21}, Value: []byte{10, 1, 1}}}
		}
		crl, err := pki.ParseCRL(list.Sign(ca.Key, ca.Hash))
		if err != nil {
			t.Fatal(err)
		}
		if !crl.Issuer.Equal(ca.Name) || !crl.ThisUpdate.Equal(at) || !crl.NextUpdate.Equal(list.NextUpdate) || crl.Len() != len(serials) || crl.Unusable != "" {
			t.Errorf("version %d: %+v", version, crl)
		}
		if version == 2 && (crl.Number == nil || crl.Number.Int64() != 7) {
			t.Errorf("CRL number %v, want 7", crl.Number)
		}
		for _, n := range serials {
			if since, ok := crl.Revoked(n); !ok || !since.Equal(at) {
				t.Errorf("version %d: %v is not revoked", version, n)
			}
		}
		for _, n := range []int64{0, 1, -128, 131, 259} {
			if _, ok := crl.Revoked(big.NewInt(n)); ok {
				t.Errorf("version %d: %d is revoked", version, n)
			}
		}
		if err := crl.SignedBy(ca.Cert, pki.Policy{}); err != nil {
			t.Error(err)
		}
	}
}

func TestCRLUnusable(t *testing.T) {
	ca := testca.New("CA1", 0)
	ext := func(oid []int, critical bool, value ...byte) testca.CRL {
		return testca.CRL{Extensions: []testca.Extension{{OID: oid, Critical: critical, Value: value}}}
	}
	entry := testca.CRL{Entries: []testca.Entry{{Serial: big.NewInt(1), At: today,
		Extensions: []testca.Extension{{OID: []int{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}}}}
	for _, c := range []struct {
		what string
		crl  testca.CRL
		want string
	}{
		{"delta", ext([]int{2, 5, 29, 27}, true, 2, 1, 1), "delta"},
		{"delta, not critical", ext([]int{2, 5, 29, 27}, false, 2, 1, 1), "delta"},
		{"indirect", ext([]int{2, 5, 29, 28}, true, 0x30, 3, 0x84, 1, 0xff), "an indirect CRL"},
		{"some reasons", ext([]int{2, 5, 29, 28}, true, 0x30, 4, 0x83, 2, 1, 0x40), "some reasons"},
		{"attribute certificates", ext([]int{2, 5, 29, 28}, true, 0x30, 3, 0x85, 1, 0xff), "attribute certificates"},
		{"a relative name", ext([]int{2, 5, 29, 28}, true, 0x30, 4, 0xa0, 2, 0xa1, 0), "relative to its issuer"},
		{"a delta of a part", testca.CRL{Extensions: []testca.Extension{
			{OID: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}, issue.IssuingDistributionPoint(issue.Point{Users: true})}}, "delta"},
		{"unknown critical", ext([]int{1, 2, 3}, true, 5, 0), "unknown critical extension 1.2.3"},
		{"certificate issuer", entry, "an entry has a critical extension 2.5.29.29"},
		{"where the next delta is", ext([]int{2, 5, 29, 46}, false, 0x30, 0), ""},
		{"unknown", ext([]int{1, 2, 3}, false, 5, 0), ""},
	} {
		c.crl.Issuer, c.crl.ThisUpdate, c.crl.NextUpdate = ca.Name.DER(), today, testca.NotAfter
		crl, err := pki.ParseCRL(c.crl.Sign(ca.Key, ca.Hash))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(crl.Unusable, c.want) || (c.want == "") != (crl.Unusable == "") {
			t.Errorf("%s: %q, want %q", c.what, crl.Unusable, c.want)
		}
	}
}

func TestCRLCut(t *testing.T) {
	ca := testca.New("CA1", 0)
	list := testca.CRL{Issuer: ca.Name.DER(), ThisUpdate: today, NextUpdate: testca.NotAfter, Entries: []testca.Entry{{Serial: big.NewInt(1), At: today}},
		Extensions: []testca.Extension{testca.CRLNumber(7)}}
	der := list.Sign(ca.Key, ca.Hash)
	for i := range der {
		if _, err := pki.ParseCRL(der[:i]); err == nil {
			t.Errorf("%d of %d octets parse", i, len(der))
		}
	}
	if _, err := pki.ParseCRL(append(der, 0)); err == nil {
		t.Error("an octet too many is accepted")
	}
}

func TestCertificateCut(t *testing.T) {
	der := testca.New("CA1", 0).Cert.Raw()
	for i := range der {
		if _, err := pki.ParseCertificate(der[:i]); err == nil {
			t.Errorf("%d of %d octets parse", i, len(der))
		}
	}
	if _, err := pki.ParseCertificate(append(der, 0)); err == nil {
		t.Error("an octet too many is accepted")
	}
	if _, err := pki.ParseCertificate(make([]byte, pki.MaxCertificateLen+1)); err == nil || !strings.Contains(err.Error(), "at most 65535") {
		t.Errorf("too long: %v", err)
	}
}
