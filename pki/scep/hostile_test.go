package scep

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// answered makes a request, and the octets of its answer by a CA: a certificate in
// an envelope.
func answered(t testing.TB) (*Message, []byte, *pki.Certificate) {
	t.Helper()
	ca := testca.New("CA1", 0)
	key := testca.RSA(2048, 2)
	id, err := SelfSigned(testca.DN("CN=R1"), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMessage(rand.Reader, PKCSReq, []byte("a request"), id, "T", ca.Cert, Capabilities{})
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := seal(rand.Reader, degenerate(ca.EnrollWith(testca.DN("CN=R1"), key).Cert.Raw()), id.Certificate, aes128)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := signData(envelope, []attribute{
		{oidMessageType, cbasn1.PrintableString, []byte(CertRep)}, {oidTransactionID, cbasn1.PrintableString, []byte("T")},
		{oidPKIStatus, cbasn1.PrintableString, []byte(Granted)}, {oidRecipientNonce, cbasn1.OCTET_STRING, m.nonce},
	}, Identity{ca.Cert, ca.Key}, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return m, reply, ca.Cert
}

// degenerate is a SignedData with certificates and no signer.
func degenerate(certs []byte) []byte {
	var b cryptobyte.Builder
	addContentInfo(&b, oidSignedData, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(certs) })
			b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
		})
	})
	return b.BytesOrPanic()
}

func TestCutAtEveryLength(t *testing.T) {
	m, reply, ca := answered(t)
	signers := []*pki.Certificate{ca}
	if r, err := m.Open(rand.Reader, reply, signers, pki.Policy{}); err != nil || len(r.Certificates) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	for n := range reply {
		if _, err := m.Open(rand.Reader, reply[:n], signers, pki.Policy{}); err == nil {
			t.Errorf("cut to %d of %d octets, and taken", n, len(reply))
		}
	}
}

// TestFlipped changes one octet after the other. What is not signed around the
// signature may change; what is read stays the same then.
func TestFlipped(t *testing.T) {
	m, reply, ca := answered(t)
	want, err := m.Open(rand.Reader, reply, []*pki.Certificate{ca}, pki.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(reply); i += 3 {
		changed := bytes.Clone(reply)
		changed[i] ^= 0x41
		if r, err := m.Open(rand.Reader, changed, []*pki.Certificate{ca}, pki.Policy{}); err == nil && !r.Certificates[0].Equal(want.Certificates[0]) {
			t.Errorf("octet %d of %d changed, and another certificate came out", i, len(reply))
		}
	}
}

func TestPolicyOfHashes(t *testing.T) {
	ca := testca.New("CA1", 0)
	for hash, policy := range map[crypto.Hash]pki.Policy{crypto.MD5: {RefuseMD5: true}, crypto.SHA1: {RefuseSHA1: true}} {
		der, err := signData([]byte("x"), nil, Identity{ca.Cert, ca.Key}, hash)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSigned(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.verify(ca.Cert, pki.Policy{}); err != nil {
			t.Errorf("%v: %v", hash, err)
		}
		if err := s.verify(ca.Cert, policy); err == nil {
			t.Errorf("%v is taken against the policy", hash)
		}
	}
}

func TestBER(t *testing.T) {
	for name, c := range map[string]struct{ ber, der string }{
		"indefinite":            {"3080020105" + "0000", "3003020105"},
		"nested indefinite":     {"30803080020105" + "00000000", "30053003020105"},
		"a long length":         {"30830000030201" + "05", "3003020105"},
		"cut":                   {"3080020105", ""},
		"primitive, indefinite": {"0480050000", ""},
		"two elements":          {"0201050201" + "05", ""},
		"longer than there is":  {"3003020205", ""},
		"a length of five":      {"30850000000001" + "00", ""},
		"a long tag":            {"1f8101" + "00", ""},
	} {
		ber, err := hex.DecodeString(c.ber)
		if err != nil {
			t.Fatal(err)
		}
		der, err := toDER(ber)
		if got := hex.EncodeToString(der); (c.der == "") != (err != nil) || c.der != "" && got != c.der {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.der)
		}
	}
	if _, err := toDER(bytes.Repeat([]byte{0x30, 0x80}, 1000)); err == nil {
		t.Error("nesting has no end")
	}
}

// FuzzCertRep: whatever comes, no panic, and nothing but what the CA has signed.
func FuzzCertRep(f *testing.F) {
	m, reply, ca := answered(f)
	f.Add(reply)
	f.Add(degenerate(ca.Raw()))
	f.Add([]byte{0x30, 0x80, 0x06, 0x09})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := m.Open(rand.Reader, b, []*pki.Certificate{ca}, pki.Policy{}); err == nil && r.Status == "" {
			t.Error("an answer without a status")
		}
		if a, err := parseAuthority(b); err == nil && a.CA == nil {
			t.Error("an authority without a CA")
		}
		if key, ok := m.from.Key.(crypto.Decrypter); ok {
			open(rand.Reader, b, m.from.Certificate, key)
		}
	})
}
