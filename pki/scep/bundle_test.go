package scep

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// A bundle of PKCS #7 gives its certificates; one that is signed, as Cisco's ios.p7b is,
// those of what was signed.
func TestBundle(t *testing.T) {
	ca, signer := testca.New("CA1", 0), testca.New("SIGNER", 1)
	degenerate := func(certs ...*pki.Certificate) []byte {
		var raw []byte
		for _, c := range certs {
			raw = append(raw, c.Raw()...)
		}
		der, err := pkcs7.DegenerateCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	signed := func(content []byte) []byte {
		s, err := pkcs7.NewSignedData(content)
		if err == nil {
			err = s.AddSigner(signer.Cert.X509, signer.Key, pkcs7.SignerInfoConfig{})
		}
		der, err2 := s.Finish()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return der
	}
	var many []*pki.Certificate
	for i := range 40 {
		many = append(many, testca.New("CA", i%8).Cert)
	}
	one, text := degenerate(ca.Cert), testca.CertPEM(ca.Cert)
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: one})
	for what, c := range map[string]struct {
		data, want []byte
		text       string
	}{
		"PEM":                        {append([]byte("# roots\n"), text...), append([]byte("# roots\n"), text...), ""},
		"PKCS #7":                    {one, text, ""},
		"... in PEM":                 {inPEM, text, ""},
		"many":                       {degenerate(many...), testca.CertPEM(many...), ""},
		"signed":                     {signed(one), text, ""},
		"signed, PEM within":         {signed(text), text, ""},
		"signed, PKCS #7 in PEM":     {signed(inPEM), text, ""},
		"no bundle":                  {[]byte("sorry"), []byte("sorry"), ""},
		"empty":                      {nil, nil, ""},
		"without certificates":       {degenerate(), nil, "PKCS #7 without certificates"},
		"a certificate alone":        {ca.Cert.Raw(), nil, "this is no SignedData"},
		"in layer upon layer":        {signed(signed(signed(one))), nil, "in more than 3 layers"},
		"huge":                       {make([]byte, pki.MaxImportLen+1), nil, "at most 1048576"},
		"with something behind it":   {append(bytes.Clone(one), 0), nil, "stand after the message"},
		"PKCS #7 that ends too soon": {one[:len(one)-1], nil, "ends before its time"},
	} {
		got, err := Bundle(c.data)
		if !bytes.Equal(got, c.want) || (err == nil) != (c.text == "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %d octets, want %d; %v", what, len(got), len(c.want), err)
		}
	}
	// ... also with its content in parts, and all that is around it of indefinite length.
	octets := func(data []byte) []byte { return appendHeader(nil, 4, data) }
	parts := slices.Concat([]byte{0x30, 0x80}, oid(oidData), []byte{0xa0, 0x80, 0x24, 0x80}, octets(one[:100]), octets(one[100:]), make([]byte, 6))
	ber := slices.Concat([]byte{0x30, 0x80}, oid(oidSignedData), []byte{0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0}, parts, []byte{0x31, 0}, make([]byte, 6))
	if got, err := Bundle(ber); !bytes.Equal(got, text) {
		t.Error(err)
	}
	whole := signed(one)
	for i := 1; i < len(whole); i++ {
		if _, err := Bundle(whole[:i]); err == nil {
			t.Errorf("%d of %d octets are a bundle", i, len(whole))
		}
	}
}

func oid(id asn1.ObjectIdentifier) []byte {
	der, err := asn1.Marshal(id)
	if err != nil {
		panic(err)
	}
	return der
}

// FuzzBundle: what is given has been in what was read.
func FuzzBundle(f *testing.F) {
	ca := testca.New("CA1", 0)
	der, err := pkcs7.DegenerateCertificate(ca.Cert.Raw())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(testca.CertPEM(ca.Cert))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := Bundle(data)
		if err != nil && (out != nil || strings.ContainsAny(err.Error(), "\r\n")) {
			t.Errorf("%q, %q", out, err)
		}
	})
}
