package pki_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

var note = pki.Settings{
	Name: "IOSCA1", SubjectName: "CN=R1,OU=IT,O=cisco,O=com", SerialNumber: true,
	FQDN: "R1.cisco.com", IPAddress: netip.MustParseAddr("192.168.0.1"),
}

func sign(t *testing.T, s pki.Settings, password string, key pki.Signer, hash crypto.Hash) []byte {
	t.Helper()
	r, err := pki.NewRequest(s, pki.Host{Hostname: "R1", Domain: "cisco.com", Serial: "100"}, password)
	if err != nil {
		t.Fatal(err)
	}
	der, err := r.Sign(key, hash)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestRequest reads the note's request with the standard library.
func TestRequest(t *testing.T) {
	for name, c := range map[string]struct {
		key       pki.Signer
		hash      crypto.Hash
		algorithm x509.SignatureAlgorithm
		usage     string
	}{
		"RSA SHA-256": {testca.RSA(2048, 0), crypto.SHA256, x509.SHA256WithRSA, "030205a0"},
		"RSA SHA-512": {testca.RSA(2048, 0), crypto.SHA512, x509.SHA512WithRSA, "030205a0"},
		"EC SHA-384":  {testca.ECOn(elliptic.P384(), 1), crypto.SHA384, x509.ECDSAWithSHA384, "03020780"},
		"Ed25519":     {testca.Ed25519(1), crypto.SHA256, x509.PureEd25519, "03020780"},
	} {
		t.Run(name, func(t *testing.T) {
			csr, err := x509.ParseCertificateRequest(sign(t, note, "secret", c.key, c.hash))
			if err != nil {
				t.Fatal(err)
			}
			if err := csr.CheckSignature(); err != nil {
				t.Error(err)
			}
			if csr.SignatureAlgorithm != c.algorithm {
				t.Errorf("signed with %s, want %s", csr.SignatureAlgorithm, c.algorithm)
			}
			subject, err := pki.ParseName(csr.RawSubject)
			if err != nil {
				t.Fatal(err)
			}
			if want := "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"; subject.String() != want {
				t.Errorf("subject %s, want %s", subject, want)
			}
			if !slices.Equal(csr.DNSNames, []string{"R1.cisco.com"}) {
				t.Errorf("alternative names %q", csr.DNSNames)
			}
			var order []string
			for _, e := range csr.Extensions {
				order = append(order, e.Id.String())
				if e.Critical {
					t.Errorf("%s is critical", e.Id)
				}
				if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 15}) && hex.EncodeToString(e.Value) != c.usage {
					t.Errorf("key usage %x, want %s", e.Value, c.usage)
				}
			}
			if want := []string{"2.5.29.17", "2.5.29.15"}; !slices.Equal(order, want) {
				t.Errorf("extensions %q, want IOS's order %q", order, want)
			}
			if !ownKey(c.key, csr.PublicKey) {
				t.Error("the public key is another")
			}
		})
	}
}

func ownKey(key pki.Signer, pub crypto.PublicKey) bool {
	return key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(pub)
}

// TestRequestAttributes looks for what an IOS-XE router sends, octet for octet.
func TestRequestAttributes(t *testing.T) {
	s := pki.Settings{SubjectName: "ou=cml.lab", FQDN: "sr1-2.cml.lab", IPAddress: netip.MustParseAddr("10.30.10.2"), SerialNumber: true}
	r, err := pki.NewRequest(s, pki.Host{Serial: "131184645"}, "cisco")
	if err != nil {
		t.Fatal(err)
	}
	der, err := r.Sign(testca.RSA(2048, 0), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"version and subject": "020100" + "305b3110300e060355040b1307636d6c2e6c6162" +
			"3147301006035504051309313331313834363435" + "301706092a864886f70d010908130a31302e33302e31302e32" +
			"301a06092a864886f70d010902160d7372312d322e636d6c2e6c6162",
		"attributes": "a04e" + "301406092a864886f70d010907310713056369" + "73636f" +
			"303606092a864886f70d01090e31293027" + "30180603551d110411300f820d7372312d322e636d6c2e6c6162" + "300b0603551d0f0404030205a0",
	} {
		octets, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(der, octets) {
			t.Errorf("%s: not as IOS has them in\n%x", what, der)
		}
	}
}

func TestRequestVariants(t *testing.T) {
	none := note
	none.FQDNNone, none.SerialNumberNone, none.IPAddressNone = true, true, true
	several := note
	several.AlternativeNames = []string{"vpn.cisco.com", "R1.cisco.com"}
	byHost := pki.Settings{SubjectName: "CN=R1"}
	for name, c := range map[string]struct {
		settings pki.Settings
		subject  string
		names    []string
	}{
		"all none":        {none, "cn=R1,ou=IT,o=cisco,o=com", nil},
		"alternatives":    {several, "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com", []string{"R1.cisco.com", "vpn.cisco.com"}},
		"of the hostname": {byHost, "hostname=R1.cisco.com,cn=R1", []string{"R1.cisco.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			der := sign(t, c.settings, "", testca.RSA(2048, 0), crypto.SHA1)
			csr, err := x509.ParseCertificateRequest(der)
			if err != nil {
				t.Fatal(err)
			}
			subject, err := pki.ParseName(csr.RawSubject)
			if err != nil {
				t.Fatal(err)
			}
			if subject.String() != c.subject || !slices.Equal(csr.DNSNames, c.names) {
				t.Errorf("%s %q, want %s %q", subject, csr.DNSNames, c.subject, c.names)
			}
			if password := "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"; bytes.Contains(der, []byte(password)) {
				t.Error("a challenge password that nobody has given")
			}
		})
	}
}

func TestRequestRefused(t *testing.T) {
	if _, err := pki.NewRequest(note, pki.Host{}, strings.Repeat("x", pki.MaxPasswordLen+1)); err == nil {
		t.Error("a password without end was taken")
	}
	if _, err := pki.NewRequest(pki.Settings{}, pki.Host{}, ""); err == nil {
		t.Error("a request for nobody was made")
	}
	r, err := pki.NewRequest(note, pki.Host{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Sign(testca.EC(1), crypto.MD5); err == nil {
		t.Error("an EC key has signed with MD5")
	}
}
