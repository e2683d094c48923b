package ikev2

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// certificateOf is a self-signed certificate of a key.
func certificateOf(t *testing.T, name string, key crypto.Signer) *pki.Certificate {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(3)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pki.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testKey(seed byte) crypto.Signer {
	return ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed))
}

// payloadsOf is what a peer reads of these bodies.
func payloadsOf(t *testing.T, kind wire.PayloadType, bodies ...wire.Appender) []wire.Payload {
	t.Helper()
	b := wire.NewBuilder(nil, wire.Header{Version: wire.V2, Exchange: wire.ExchangeSAInit})
	for _, body := range bodies {
		b.Add(kind, body)
	}
	m, err := wire.Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m.Payloads
}

func TestReadRequests(t *testing.T) {
	a, b, c := pki.KeyHash{1}, pki.KeyHash{2}, pki.KeyHash{3}
	many := make([]pki.KeyHash, wire.MaxAuthorities)
	for what, x := range map[string]struct {
		in    []wire.Appender
		want  []pki.KeyHash
		asked bool
		err   string
	}{
		"none":                    {},
		"one payload":             {in: []wire.Appender{certRequest([]pki.KeyHash{b, a}, false)}, want: []pki.KeyHash{b, a}, asked: true},
		"by URL":                  {in: []wire.Appender{certRequest([]pki.KeyHash{c}, true)}, want: []pki.KeyHash{c}, asked: true},
		"a payload each":          {in: []wire.Appender{certRequest([]pki.KeyHash{c}, false), certRequest([]pki.KeyHash{a}, true)}, want: []pki.KeyHash{c, a}, asked: true},
		"any CA":                  {in: []wire.Appender{certRequest(nil, false)}, asked: true},
		"another encoding":        {in: []wire.Appender{wire.CertReqV2{Encoding: wire.EncodingCRL, Hashes: []pki.KeyHash{a}}}},
		"... which is no list":    {in: []wire.Appender{wire.Raw{byte(wire.EncodingPGP), 1, 2, 3}}},
		"no list":                 {in: []wire.Appender{wire.Raw{byte(wire.EncodingX509Signature), 1, 2, 3}}, err: "no list of hashes"},
		"empty":                   {in: []wire.Appender{wire.Raw{}}},
		"as many as there may be": {in: []wire.Appender{certRequest(many, false)}, want: many, asked: true},
		"more in two payloads":    {in: []wire.Appender{certRequest(many, false), certRequest(many[:1], false)}, err: "more than 1024 CAs"},
	} {
		got, asked, err := readRequests(payloadsOf(t, wire.PayloadCertReqV2, x.in...))
		if x.err != "" {
			if err == nil || !strings.Contains(err.Error(), x.err) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err != nil || asked != x.asked || len(got) != len(x.want) || len(got) > 0 && got[0] != x.want[0] || len(got) > 1 && got[1] != x.want[1] {
			t.Errorf("%s: %x %v %v", what, got, asked, err)
		}
	}
	if body := certRequest([]pki.KeyHash{a}, true).Append(nil); body[0] != 12 || len(body) != 21 {
		t.Errorf("%x", body)
	}
}

func TestOwnChain(t *testing.T) {
	leaf, sub := certificateOf(t, "R1", testKey(1)), certificateOf(t, "Sub CA", testKey(2))
	own := &pki.Trustpoint{Identity: leaf, Chain: []*pki.Certificate{sub}, Signer: testKey(1)}
	var bodies []wire.Appender
	for _, c := range ownChain(own) {
		bodies = append(bodies, c)
	}
	got, err := readCertificates(pki.NewSnapshot(nil), payloadsOf(t, wire.PayloadCertV2, bodies...))
	if err != nil || len(got) != 2 || got[0].encoding != wire.EncodingX509Signature {
		t.Fatalf("%+v %v", got, err)
	}
	if chain := chainOf(got); len(chain) != 2 || !chain[0].Equal(leaf) || !chain[1].Equal(sub) {
		t.Error("the chain is another one")
	}
	if c, err := leafOf(got); err != nil || !c.Equal(leaf) {
		t.Error(err)
	}
}

func TestReadCertificates(t *testing.T) {
	der := certificateOf(t, "R1", testKey(1)).Raw()
	hash := sha1.Sum(der)
	at := func(url string) wire.Cert {
		return wire.Cert{Encoding: wire.EncodingHashURL, Data: append(hash[:], url...)}
	}
	for what, x := range map[string]struct {
		in  wire.Cert
		err string // of its leaf
	}{
		"a certificate":        {wire.Cert{Encoding: wire.EncodingX509Signature, Data: der}, ""},
		"cut":                  {wire.Cert{Encoding: wire.EncodingX509Signature, Data: der[:len(der)-1]}, "certificate:"},
		"a CRL":                {wire.Cert{Encoding: wire.EncodingCRL, Data: der}, "encoding CRL is not understood"},
		"raw key":              {wire.Cert{Encoding: 15, Data: der}, "encoding 15 is not understood"},
		"by URL":               {at("http://192.0.2.1/r1.cer"), "at http://192.0.2.1/r1.cer has not been fetched"},
		"by URL, https":        {at("https://192.0.2.1/r1.cer"), "no http URL"},
		"by URL, file":         {at("file:///etc/shadow"), "no http URL"},
		"by URL, no host":      {at("http:///r1.cer"), "no http URL"},
		"by URL, a port only":  {at("http://:80/r1.cer"), "no http URL"},
		"by URL with a user":   {at("http://a:b@192.0.2.1/r1.cer"), "no http URL"},
		"by URL with controls": {at("http://192.0.2.1/\r\nx"), "no http URL"},
		"by URL, none":         {at(""), "no hash and URL"},
		"by URL, long":         {at("http://" + strings.Repeat("a", maxURL)), "no hash and URL"},
	} {
		got, err := readCertificates(pki.NewSnapshot(nil), payloadsOf(t, wire.PayloadCertV2, x.in))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %+v %v", what, got, err)
		}
		_, err = leafOf(got)
		if (err == nil) != (x.err == "") || err != nil && !strings.Contains(err.Error(), x.err) {
			t.Errorf("%s: %v, want %q", what, err, x.err)
		}
		if got[0].at != nil {
			if err := got[0].take(ike.Answer{Data: der[1:]}); err == nil || !got[0].missing() {
				t.Errorf("%s: took another one", what)
			}
			if err := got[0].take(ike.Answer{Data: der}); err != nil || string(got[0].parsed.Raw()) != string(der) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if _, err := leafOf(nil); err == nil {
		t.Error("a leaf of nothing")
	}
	many := make([]wire.Appender, maxChain+1)
	for i := range many {
		many[i] = at("http://192.0.2.1/r1.cer")
	}
	if _, err := readCertificates(pki.NewSnapshot(nil), payloadsOf(t, wire.PayloadCertV2, many...)); err == nil {
		t.Error("more than maxChain certificates")
	}
	if _, err := readCertificates(pki.NewSnapshot(nil), payloadsOf(t, wire.PayloadCertV2, wire.Raw{})); err == nil {
		t.Error("an empty payload")
	}
}
