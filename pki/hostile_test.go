package pki_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// signedAs is a certificate of the CA whose signature is s.
func signedAs(t *testing.T, der []byte, s []byte) *pki.Certificate {
	t.Helper()
	c, err := pki.ParseCertificate(slices.Concat(der[:len(der)-len(s)], s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Signatures as those who are lenient about PKCS #1 let pass, made with the CA's own
// key, and numbers that are no signatures: none holds.
func TestLenientSignatures(t *testing.T) {
	ca := testca.New("CA1", 0)
	key := ca.Key.(*rsa.PrivateKey)
	der := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert.Raw()
	leaf, err := pki.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(leaf.X509.RawTBSCertificate)
	info := []byte{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20}
	good := append(slices.Clone(info), digest[:]...)
	k := key.Size()
	// pad is 00 kind FF.. 00 T, then what is behind.
	pad := func(kind byte, fill byte, t, behind []byte) []byte {
		ps := bytes.Repeat([]byte{fill}, k-3-len(t)-len(behind))
		return slices.Concat([]byte{0, kind}, ps, []byte{0}, t, behind)
	}
	raise := func(em []byte) []byte {
		return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, k))
	}
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, k)) }
	without := append([]byte{0x30, 0x2f, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 0x20}, digest[:]...)
	long := slices.Concat([]byte{0x30, 0x33, 0x30, 0x0f, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 2, 1, 2, 4, 0x20}, digest[:])
	s := new(big.Int).SetBytes(raise(pad(1, 0xff, good, nil)))
	for what, sig := range map[string][]byte{
		"good":                        raise(pad(1, 0xff, good, nil)),
		"garbage behind":              raise(pad(1, 0xff, good, make([]byte, 100))),
		"little padding":              raise(slices.Concat([]byte{0, 1, 0xff, 0}, good, make([]byte, k-4-len(good)))),
		"no padding":                  raise(slices.Concat(make([]byte, k-len(good)), good)),
		"padding of zeros":            raise(pad(1, 0, good, nil)),
		"padding for encryption":      raise(pad(2, 0xff, good, nil)),
		"a short digest":              raise(pad(1, 0xff, append(append(slices.Clone(info[:18]), 0x10), digest[:16]...), nil)),
		"no DigestInfo":               raise(pad(1, 0xff, digest[:], nil)),
		"no parameters":               raise(pad(1, 0xff, without, nil)),
		"parameters that are no NULL": raise(pad(1, 0xff, long, nil)),
		"another hash's DigestInfo":   raise(pad(1, 0xff, append(bytes.Replace(info, []byte{4, 2, 1, 5}, []byte{4, 2, 2, 5}, 1), digest[:]...), nil)),
		"0":                           make([]byte, k),
		"1":                           number(big.NewInt(1)),
		"the modulus":                 number(key.N),
		"more than the modulus":       bytes.Repeat([]byte{0xff}, k),
		"the modulus less 1":          number(new(big.Int).Sub(key.N, big.NewInt(1))),
		"its negative":                number(new(big.Int).Sub(key.N, s)),
		"its inverse":                 number(new(big.Int).ModInverse(s, key.N)),
	} {
		v := trust(ca).Verify([]*pki.Certificate{signedAs(t, der, sig)}, nil, today)
		if v.OK != (what == "good") || !v.OK && v.Code != pki.BadSignature {
			t.Errorf("%s: %v %s", what, v.Code, v.Reason)
		}
	}
}

// DER that is none, of certificates: what does not parse harms nobody.
func TestHostileDER(t *testing.T) {
	ca := testca.New("CA1", 0)
	der := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert.Raw()
	deep := bytes.Repeat([]byte{0xa4, 0x80}, 5000)
	nested := []byte{0x30, 0}
	for range 2000 {
		n := len(nested)
		nested = append([]byte{0xa4, 0x82, byte(n >> 8), byte(n)}, nested...)
	}
	for what, data := range map[string][]byte{
		"indefinite length":          append([]byte{0x30, 0x80}, der[4:]...),
		"length in too many octets":  slices.Concat([]byte{0x30, 0x84, 0, 0}, der[2:]),
		"a choice within itself":     nested,
		"... without end":            deep,
		"an empty key":               bytes.Replace(der, []byte{0x30, 0x82, 1, 0x22, 0x30, 0x0d}, []byte{0x30, 0x82, 1, 0x22, 5, 0x0d}, 1),
		"a length beyond everything": {0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
		"a tag of many octets":       {0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f, 0},
		"nothing":                    nil,
	} {
		if c, err := pki.ParseCertificate(data); err == nil {
			t.Errorf("%s parses: %s", what, c.Subject)
		}
		if _, err := pki.ParseCRL(data); err == nil {
			t.Errorf("%s parses as a CRL", what)
		}
		if _, err := pki.ParseOCSP(data); err == nil {
			t.Errorf("%s parses as an OCSP response", what)
		}
	}
	names := make([]issue.GeneralName, 5000)
	for i := range names {
		names[i] = issue.GeneralName{Tag: 2, Value: fmt.Appendf(nil, "h%d", i)}
	}
	ca.Cert = ca.Issue(testca.Certificate{Subject: ca.Name.DER(), Key: ca.Key.Public(), Extensions: []testca.Extension{
		issue.BasicConstraints(true, -1), issue.NameConstraints(nil, names[:200]),
	}})
	many := ca.Issue(testca.Certificate{Subject: testca.DN("CN=R2").DER(), Key: testca.RSA(2048, 2).Public(), Extensions: []testca.Extension{issue.AltNames(names...)}})
	took := processor(t, func() {
		if v := trust(ca, pki.RevocationNone).Verify([]*pki.Certificate{many}, nil, today); v.Code != pki.NameConstraint {
			t.Errorf("5000 names: %v %s", v.Code, v.Reason)
		}
	})
	if took > time.Second {
		t.Errorf("5000 names against 200 constraints took %v", took)
	}
}

// What servers told is bounded, however many certificates and CAs there are.
func TestEvidenceLimits(t *testing.T) {
	ca, _, s := asking(t, pki.RevocationOCSP)
	for i := range 2 * pki.MaxHeldStatus {
		failures, answers := s.Tell(fmt.Appendf(nil, "%d", i), ca.Cert, today)
		if failures > pki.MaxFailures || answers > pki.MaxHeldStatus || i < pki.MaxHeldStatus && answers != i+1 {
			t.Fatalf("%d failures and %d answers are kept after %d", failures, answers, i+1)
		}
	}
}

// What a CA's constraints permit stands.
func TestPermittedNames(t *testing.T) {
	list := func(tag uint8, values ...string) (names []issue.GeneralName) {
		for _, v := range values {
			names = append(names, issue.GeneralName{Tag: tag, Value: []byte(v)})
		}
		return names
	}
	dn := func(s string) string { return string(testca.DN(s).DER()) }
	for what, c := range map[string]struct{ permitted, excluded, names []issue.GeneralName }{
		"host and those below": {list(2, "cisco.com"), nil, list(2, "cisco.com", "R2.Cisco.COM", "a.b.cisco.com.")},
		"those below alone":    {list(2, ".cisco.com"), nil, list(2, "r2.cisco.com")},
		"every host":           {list(2, ""), nil, list(2, "anything")},
		"not excluded":         {nil, list(2, "evil.com"), list(2, "notevil.com", "evil.com.cisco.com")},
		"mailbox":              {list(1, "r2@cisco.com"), nil, list(1, "r2@Cisco.com")},
		"mailboxes at a host":  {list(1, "cisco.com"), nil, list(1, "r2@cisco.com")},
		"mailboxes below":      {list(1, ".cisco.com"), nil, list(1, "r2@vpn.cisco.com")},
		"URI":                  {list(6, "cisco.com"), nil, list(6, "http://cisco.com:8080/x")},
		"address":              {list(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), nil, list(7, "\x0a\x01\x02\x03")},
		"address not excluded": {nil, list(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), list(7, "\x0b\x01\x02\x03")},
		"names above":          {list(4, dn("O=cisco,O=com"), dn("O=x")), nil, nil},
		"another name":         {nil, list(4, dn("CN=R1,O=cisco,O=com")), nil},
		"other forms":          {list(2, "cisco.com"), list(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), list(1, "r2@anywhere")},
	} {
		ca := testca.New("CA1", 0)
		ca.Cert = ca.Issue(testca.Certificate{Subject: ca.Name.DER(), Key: ca.Key.Public(), Extensions: []testca.Extension{
			issue.BasicConstraints(true, -1), issue.NameConstraints(c.permitted, c.excluded),
		}})
		leaf := testca.Certificate{Subject: testca.DN("CN=R2,O=cisco,O=com").DER(), Key: testca.RSA(2048, 2).Public()}
		if c.names != nil {
			leaf.Extensions = []testca.Extension{issue.AltNames(c.names...)}
		}
		if v := trust(ca, pki.RevocationNone).Verify([]*pki.Certificate{ca.Issue(leaf)}, nil, today); !v.OK {
			t.Errorf("%s: %s", what, v.Reason)
		}
	}
}
