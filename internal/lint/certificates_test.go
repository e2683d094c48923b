package lint

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/testca"
)

// chain is a crypto pki certificate chain block with a certificate of A.
func chain(t *testing.T, key *rsa.PrivateKey, from, to time.Time) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "R1"}, DNSNames: []string{"R1.cisco.com"}, NotBefore: from, NotAfter: to,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("crypto pki certificate chain A\n certificate 07\n  %s\n  quit\n", hex.EncodeToString(der))
}

func TestCertificates(t *testing.T) {
	const year = 365 * 24 * time.Hour
	long, short := testca.RSA(2048, 1), testca.RSA(1024, 1)
	for _, test := range []struct {
		name     string
		key      *rsa.PrivateKey
		from, to time.Time
		list     string // ca trust-point of R1
		want     string // "" for nothing
	}{
		{"valid", long, today.Add(-year), today.Add(year), "A", ""},
		{"expired", long, today.Add(-2 * year), today.Add(-year), "A", "error CERT_EXPIRED: The certificate of trustpoint A, serial 07, has expired on 2025-07-01 12:00 UTC."},
		{"expired, and not used", long, today.Add(-2 * year), today.Add(-year), "B", "warning CERT_EXPIRED: The certificate of trustpoint A, serial 07, has expired on 2025-07-01 12:00 UTC."},
		{"to come", long, today.Add(year), today.Add(2 * year), "A", "error CERT_NOT_YET_VALID: The certificate of trustpoint A, serial 07, is not valid before 2027-07-01 12:00 UTC."},
		{"a short key", short, today.Add(-year), today.Add(year), "A", "info WEAK_ALGORITHM: trustpoint A has RSA of 1024 bits, weak by today's standards."},
	} {
		t.Run(test.name, func(t *testing.T) {
			pair := couple(t, certificates1, "crypto ipsec t => "+strings.ReplaceAll(chain(t, test.key, test.from, test.to), "\n", "|")+"crypto ipsec t;  ca trust-point A| ca trust-point B =>  ca trust-point "+test.list, "")
			var got []string
			for _, f := range Check(today, pair[0]) {
				if f.Code == CertExpired || f.Code == CertNotYetValid || f.Code == WeakAlgorithm {
					got = append(got, fmt.Sprintf("%s %s: %s", f.Severity, f.Code, f.Message))
				}
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// The CA of a chain block is that of every trustpoint with its name: trustpoints of
// different names may be of one CA.
func TestSameCA(t *testing.T) {
	ca := testca.New("CA1", 1)
	block := "crypto pki certificate chain %s|certificate ca 01|" + hex.EncodeToString(ca.Cert.Raw()) + "|quit|"
	pair := couple(t, certificates2, "crypto ipsec t => "+fmt.Sprintf(block, "A")+"crypto ipsec t; trustpoint A => trustpoint A| enrollment url http://192.0.2.3", "")
	other := strings.NewReplacer("trustpoint A", "trustpoint Z").Replace(certificates2)
	for _, test := range []struct {
		change string
		code   Code
	}{
		{"", NoTrustpoint},
		{"crypto ipsec t => " + fmt.Sprintf(block, "Z") + "crypto ipsec t", ""},
		{"trustpoint Z => trustpoint Z| enrollment url http://192.0.2.3", ""},
		{"crypto ipsec t => !obol ca-name Z CN=CA1,O=cisco,O=com|crypto ipsec t", ""},
		{"crypto ipsec t => !obol ca-name Z CN=CA2,O=cisco,O=com|crypto ipsec t", NoTrustpoint},
	} {
		pair[1] = couple(t, other, "", test.change)[1]
		var got Code
		for _, f := range Check(today, pair...) {
			if f.Severity == Error {
				got = f.Code
			}
		}
		if got != test.code {
			t.Errorf("%q, want %q", got, test.code)
		}
	}
}
