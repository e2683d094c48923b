package suite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"
)

func keysToSign(t *testing.T) map[string]crypto.Signer {
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
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		add(curve.Params().Name, k, err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	add("Ed25519", e, err)
	return keys
}

func TestSignatures(t *testing.T) {
	octets := []byte("RealMessage1 | NonceRData | MACedIDForI")
	for name, key := range keysToSign(t) {
		fits := 0
		for _, s := range Signatures() {
			if found, ok := SignatureByID(s.ID); !ok || found != s {
				t.Errorf("%s: not found by its identifier", s.Name)
			}
			sig, err := s.Sign(rand.Reader, key, octets)
			if fit := s.Fits(key.Public()); fit != (err == nil) {
				t.Errorf("%s with %s: fits %v, %v", s.Name, name, fit, err)
			}
			if err != nil {
				if s.Verify(key.Public(), octets, []byte("signature")) == nil {
					t.Errorf("%s verifies with a key of %s", s.Name, name)
				}
				continue
			}
			fits++
			if err := s.Verify(key.Public(), octets, sig); err != nil {
				t.Errorf("%s with %s: %v", s.Name, name, err)
			}
			if s.Verify(key.Public(), octets[1:], sig) == nil || s.Verify(key.Public(), octets, sig[1:]) == nil || s.Verify(key.Public(), octets, nil) == nil {
				t.Errorf("%s with %s: verifies what was not signed", s.Name, name)
			}
		}
		if fits == 0 {
			t.Errorf("nothing signs with %s", name)
		}
	}
	if _, ok := SignatureByID([]byte{0x30, 0}); ok {
		t.Error("found what is not there")
	}
}

func TestSignatureFor(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	keys := keysToSign(t)
	for bits, name := range map[int]string{512: "RSA-512", 1024: "RSA-1024"} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	for _, c := range []struct {
		key, want string
		hashes    []uint16
	}{
		{"RSA", "RSA-PSS with SHA-512", []uint16{1, 2, 3, 4, 5}},
		{"RSA", "RSA-PSS with SHA-256", []uint16{2}},
		{"RSA", "RSA with SHA-1", []uint16{1}},
		{"RSA", "", []uint16{5, 99}},
		{"RSA-1024", "RSA-PSS with SHA-384", []uint16{2, 3, 4}},
		{"RSA-512", "RSA with SHA-256", []uint16{2, 3, 4}},
		{"P-256", "ECDSA with SHA-256", []uint16{4, 3, 2}},
		{"P-384", "ECDSA with SHA-384", []uint16{2, 3, 4}},
		{"P-521", "ECDSA with SHA-512", []uint16{2, 3, 4}},
		{"P-256", "ECDSA with SHA-512", []uint16{3, 4}},
		{"Ed25519", "Ed25519", []uint16{2, 5}},
		{"Ed25519", "", []uint16{2, 3, 4}},
		{"RSA", "", nil},
	} {
		key, got := keys[c.key], ""
		s := SignatureFor(key.Public(), func(id uint16) bool { return slices.Contains(c.hashes, id) })
		if s != nil {
			got = s.Name
			sig, err := s.Sign(rand.Reader, key, []byte("octets"))
			if err != nil || s.Verify(key.Public(), []byte("octets"), sig) != nil {
				t.Errorf("%s with %s: %v", c.key, got, err)
			}
		}
		if got != c.want {
			t.Errorf("%s, hashes %v: %q, want %q", c.key, c.hashes, got, c.want)
		}
	}
	var ways []string
	for _, s := range RSAMethod() {
		ways = append(ways, s.Name)
	}
	if got := strings.Join(ways, ", "); got != "RSA with SHA-1, RSA with SHA-256, RSA with SHA-384, RSA with SHA-512" {
		t.Error(got)
	}
}

func TestECDSAMethods(t *testing.T) {
	octets := []byte("octets")
	keys := keysToSign(t)
	for name, key := range keys {
		n := ECDSAMethodFor(key.Public())
		if want := map[string]uint8{"P-256": 9, "P-384": 10, "P-521": 11}[name]; n != want {
			t.Errorf("%s: method %d, want %d", name, n, want)
		}
		if n == 0 {
			continue
		}
		m := ECDSAMethods[n]
		sig, err := m.Sign(key, octets)
		if err != nil || len(sig) != map[uint8]int{9: 64, 10: 96, 11: 132}[n] || m.Verify(key.Public(), octets, sig) != nil {
			t.Errorf("%s: %x %v", name, sig, err)
		}
		if m.Verify(key.Public(), octets[1:], sig) == nil || m.Verify(key.Public(), octets, sig[1:]) == nil || m.Verify(keys["RSA"].Public(), octets, sig) == nil {
			t.Errorf("%s: verifies what was not signed", name)
		}
	}
}

// RFC 6979 section A.2.5: the message "sample" with SHA-256 on P-256.
func TestECDSAVector(t *testing.T) {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex("04"+
		"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"+"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"))
	if err != nil {
		t.Fatal(err)
	}
	sig := unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
	if err := ECDSAMethods[9].Verify(pub, []byte("sample"), sig); err != nil {
		t.Error(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ECDSAMethods[9].Sign(key, []byte("sample")); err != nil || !bytes.Equal(got, sig) {
		t.Errorf("%x %v", got, err)
	}
	s, _ := SignatureByID(unhex("300a06082a8648ce3d040302"))
	once, err := s.Sign(rand.Reader, key, []byte("sample"))
	again, _ := s.Sign(rand.Reader, key, []byte("sample"))
	if err != nil || !bytes.Equal(once, again) || !bytes.Contains(once, sig[:32]) {
		t.Errorf("%x and %x, %v", once, again, err)
	}
}

// RFC 8032 section 7.1, test 2.
func TestEd25519Vector(t *testing.T) {
	key := ed25519.NewKeyFromSeed(unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
	s, _ := SignatureByID(unhex("300506032b6570"))
	sig, err := s.Sign(nil, key, []byte{0x72})
	want := unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
	if err != nil || !bytes.Equal(sig, want) {
		t.Errorf("%x %v", sig, err)
	}
}
