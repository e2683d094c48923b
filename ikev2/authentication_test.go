package ikev2

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// signers are keys of all kinds.
func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	add := func(name string, key crypto.Signer, err error) {
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	add("RSA", r, err)
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		add(curve.Params().Name, k, err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	add("Ed25519", e, err)
	return keys
}

var both = []policy.IKEv2Auth{policy.IKEv2RSASig, policy.IKEv2ECDSASig}

func refusedAuthentication(err error) bool {
	r := (*rejection)(nil)
	return errors.As(err, &r) && r.notify == wire.V2AuthenticationFailed
}

func TestSignAuth(t *testing.T) {
	octets := []byte("RealMessage1 | NonceRData | MACedIDForI")
	for name, key := range signers(t) {
		for what, c := range map[string]struct {
			announced []wire.HashAlgorithm
			want      map[string]string // the method and the algorithm, "" for an error
		}{
			"nothing": {nil, map[string]string{"RSA": "RSA", "P-256": "ECDSA-256", "P-384": "ECDSA-384", "P-521": "ECDSA-521"}},
			"ours": {signatureHashes, map[string]string{
				"RSA": "digital signature RSA-PSS with SHA-512", "P-224": "digital signature ECDSA with SHA-512", "P-256": "digital signature ECDSA with SHA-256",
				"P-384": "digital signature ECDSA with SHA-384", "P-521": "digital signature ECDSA with SHA-512", "Ed25519": "digital signature Ed25519",
			}},
			"what nobody knows": {[]wire.HashAlgorithm{77}, map[string]string{"RSA": "RSA", "P-256": "ECDSA-256", "P-384": "ECDSA-384", "P-521": "ECDSA-521"}},
		} {
			auth, err := signAuth(rand.Reader, key, c.announced, octets)
			if c.want[name] == "" {
				if err == nil {
					t.Errorf("%s, %s announced: signed by %s", name, what, auth.Method)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s announced: %v", name, what, err)
				continue
			}
			got := auth.Method.String()
			if id, _, err := auth.Algorithm(); auth.Method == wire.AuthSignature && err == nil {
				way, _ := suite.SignatureByID(id)
				got += " " + way.Name
			}
			if got != c.want[name] {
				t.Errorf("%s, %s announced: %s, want %s", name, what, got, c.want[name])
			}
			body, err := wire.ParseAuthV2(auth.Append(nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := verifySignature(key.Public(), both, true, octets, body); err != nil {
				t.Errorf("%s, %s announced: %v", name, what, err)
			}
			if err := verifySignature(key.Public(), both, true, octets[1:], body); !refusedAuthentication(err) {
				t.Errorf("%s, %s announced: other octets: %v", name, what, err)
			}
		}
	}
}

func TestVerifySignatureRefuses(t *testing.T) {
	octets, keys := []byte("octets"), signers(t)
	sign := func(name string, announced ...wire.HashAlgorithm) wire.AuthV2 {
		auth, err := signAuth(rand.Reader, keys[name], announced, octets)
		if err != nil {
			t.Fatal(err)
		}
		return auth
	}
	sha1, err := suite.RSAMethod()[0].Sign(rand.Reader, keys["RSA"], octets)
	if err != nil {
		t.Fatal(err)
	}
	p256 := sign("P-256")
	for what, c := range map[string]struct {
		key     string
		allowed []policy.IKEv2Auth
		got     wire.AuthV2
		silent  bool // nothing was announced
		want    string
	}{
		"RSA where ECDSA is wanted":     {"RSA", []policy.IKEv2Auth{policy.IKEv2ECDSASig}, sign("RSA"), false, "takes no authentication with a key"},
		"any key where PSK is wanted":   {"RSA", []policy.IKEv2Auth{policy.IKEv2PreShare}, sign("RSA"), false, "takes no authentication with a key"},
		"nothing wanted":                {"RSA", nil, sign("RSA"), false, "takes no authentication with a key"},
		"PSK in place of a signature":   {"RSA", both, wire.AuthV2{Method: wire.AuthPSK, Data: sha1}, false, "authenticates by PSK"},
		"NULL":                          {"RSA", both, wire.AuthV2{Method: wire.AuthNull, Data: sha1}, false, "authenticates by NULL"},
		"a method nobody knows":         {"RSA", both, wire.AuthV2{Method: 201, Data: sha1}, false, "authentication method 201"},
		"method 14 unannounced":         {"RSA", both, sign("RSA", wire.HashSHA256), true, "nobody has announced"},
		"SHA-1 by method 14":            {"RSA", both, wire.SignatureV2(suite.RSAMethod()[0].ID, sha1), false, "was not announced"},
		"an unknown algorithm":          {"RSA", both, wire.SignatureV2([]byte{0x30, 0}, sha1), false, "was not announced"},
		"no algorithm":                  {"RSA", both, wire.AuthV2{Method: wire.AuthSignature, Data: []byte{0}}, false, "no algorithm"},
		"another key":                   {"RSA", both, wire.AuthV2{Method: wire.AuthRSA, Data: make([]byte, 256)}, false, "does not verify"},
		"ECDSA by an RSA key":           {"RSA", both, p256, false, "needs a key of it"},
		"RSA by an ECDSA key":           {"P-256", both, sign("RSA"), false, "does not verify with"},
		"method 10 with a key of P-256": {"P-256", both, wire.AuthV2{Method: wire.AuthECDSA384, Data: p256.Data}, false, "needs a key of it"},
		"a signature cut":               {"P-256", both, wire.AuthV2{Method: wire.AuthECDSA256, Data: p256.Data[:63]}, false, "does not verify"},
	} {
		err := verifySignature(keys[c.key].Public(), c.allowed, !c.silent, octets, c.got)
		if !refusedAuthentication(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	// The hash of method 1 is the signer's.
	for _, way := range suite.RSAMethod() {
		sig, err := way.Sign(rand.Reader, keys["RSA"], octets)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifySignature(keys["RSA"].Public(), both, false, octets, wire.AuthV2{Method: wire.AuthRSA, Data: sig}); err != nil {
			t.Errorf("method 1 with %s: %v", way.Name, err)
		}
	}
}

func TestPreshared(t *testing.T) {
	octets := signedOctets(suite.SHA256, []byte("message"), []byte("nonce"), suite.Key("SK_pi"), []byte("id"), nil)
	if want := "message" + "nonce" + string(suite.SHA256.PRF([]byte("SK_pi"), []byte("id"))); string(octets) != want {
		t.Errorf("%q", octets)
	}
	with := signedOctets(suite.SHA256, []byte("message"), []byte("nonce"), suite.Key("SK_pi"), []byte("id"), []byte("IntAuth"))
	if !bytes.Equal(with, append(bytes.Clone(octets), "IntAuth"...)) {
		t.Errorf("%q", with)
	}
	auth, err := presharedAuth(suite.SHA256, suite.Key("cisco"), octets)
	if err != nil || auth.Method != wire.AuthPSK {
		t.Fatal(auth.Method, err)
	}
	inner := suite.SHA256.PRF([]byte("cisco"), []byte("Key Pad for IKEv2"))
	if want := suite.SHA256.PRF(inner, octets); !bytes.Equal(auth.Data, want) {
		t.Errorf("%x, want %x", auth.Data, want)
	}
	if err := verifyPreshared(suite.SHA256, suite.Key("cisco"), octets, auth); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"another key":    verifyPreshared(suite.SHA256, suite.Key("Cisco"), octets, auth),
		"no key":         verifyPreshared(suite.SHA256, nil, octets, auth),
		"other octets":   verifyPreshared(suite.SHA256, suite.Key("cisco"), octets[1:], auth),
		"cut":            verifyPreshared(suite.SHA256, suite.Key("cisco"), octets, wire.AuthV2{Method: wire.AuthPSK, Data: auth.Data[:31]}),
		"another method": verifyPreshared(suite.SHA256, suite.Key("cisco"), octets, wire.AuthV2{Method: wire.AuthRSA, Data: auth.Data}),
	} {
		if !refusedAuthentication(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := presharedAuth(suite.SHA256, nil, octets); err == nil {
		t.Error("AUTH without a key")
	}
}

func TestHashNotify(t *testing.T) {
	n, err := wire.ParseNotifyV2(hashNotify().Append(nil))
	if err != nil || n.Type != wire.V2SignatureHashAlgorithms || hex.EncodeToString(n.Data) != "0002000300040005" {
		t.Errorf("%s %x %v", n.Type, n.Data, err)
	}
}

func TestAuthName(t *testing.T) {
	keys := signers(t)
	for _, c := range []struct {
		method wire.AuthMethod
		key    string
		want   string
	}{
		{wire.AuthPSK, "", "PSK"}, {wire.AuthRSA, "RSA", "RSA"}, {wire.AuthSignature, "RSA", "RSA"}, {wire.AuthECDSA384, "P-384", "ECDSA"},
		{wire.AuthSignature, "P-521", "ECDSA"}, {wire.AuthSignature, "Ed25519", "digital signature"},
	} {
		var pub crypto.PublicKey
		if c.key != "" {
			pub = keys[c.key].Public()
		}
		if got := authName(c.method, pub); got != c.want {
			t.Errorf("%s with %s: %s", c.method, c.key, got)
		}
	}
}
