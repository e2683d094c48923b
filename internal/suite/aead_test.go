package suite

import (
	"bytes"
	"testing"
)

// TestAEADVectors: McGrew and Viega's test cases 4, 10 and 16 of GCM, the tag
// cut where the algorithm cuts it, and RFC 8439 section 2.8.2.
func TestAEADVectors(t *testing.T) {
	const (
		key   = "feffe9928665731c6d6a8f9467308308"
		nonce = "cafebabefacedbaddecaf888"
		plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
		aad   = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
	)
	gcm := []struct{ key, want, tag string }{
		{key, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091", "5bc94fbc3221a5db94fae95ae7121a47"},
		{key + key[:16], "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710", "2519498e80f1478f37ba55bd6d27618c"},
		{key + key, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662", "76fc6ece0f4e1768cddf8853bb2d551b"},
	}
	for _, c := range []*Cipher{AESGCM16, AESGCM12, AESGCM8} {
		for _, tt := range gcm {
			checkAEAD(t, c, tt.key, nonce, plain, aad, tt.want+tt.tag[:2*c.ICV])
		}
	}
	checkAEAD(t, ChaCha20Poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
		"4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
		"50515253c0c1c2c3c4c5c6c7",
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116"+
			"1ae10b594f09e26a7e902ecbd0600691")
}

func checkAEAD(t *testing.T, c *Cipher, key, nonce, plain, aad, want string) {
	t.Helper()
	a, err := c.NewAEAD(unhex(key))
	if err != nil {
		t.Fatal(err)
	}
	if a.Overhead() != c.ICV || a.NonceSize() != c.SaltLen+c.IV || !c.Combined() {
		t.Errorf("%s: overhead %d, nonce of %d octets", c.QM, a.Overhead(), a.NonceSize())
	}
	got := a.Seal([]byte("in front"), unhex(nonce), unhex(plain), unhex(aad))
	if !bytes.Equal(got, append([]byte("in front"), unhex(want)...)) {
		t.Errorf("%s: %x, want %s", c.QM, got, want)
	}
	sealed := got[8:]
	if back, err := a.Open([]byte("x"), unhex(nonce), sealed, unhex(aad)); err != nil || !bytes.Equal(back, append([]byte("x"), unhex(plain)...)) {
		t.Errorf("%s: opened %x, %v", c.QM, back, err)
	}
	for i := range sealed { // every octet counts
		sealed[i] ^= 1
		if _, err := a.Open(nil, unhex(nonce), sealed, unhex(aad)); err == nil {
			t.Errorf("%s: octet %d may be changed", c.QM, i)
		}
		sealed[i] ^= 1
	}
	for n := range sealed {
		if _, err := a.Open(nil, unhex(nonce), sealed[:n], unhex(aad)); err == nil {
			t.Errorf("%s: cut at %d it opens", c.QM, n)
		}
	}
	if _, err := a.Open(nil, unhex(nonce), sealed, unhex(aad)[1:]); err == nil {
		t.Errorf("%s: other additional data open it", c.QM)
	}
	if _, err := c.NewAEAD(unhex(key)[1:]); err == nil {
		t.Errorf("%s: a key of %d octets was taken", c.QM, len(key)/2-1)
	}
}

func TestV2Lookups(t *testing.T) {
	for _, c := range append(Ciphers(), AEADs()...) {
		if got, ok := CipherV2(c.V2); !ok || got != c {
			t.Errorf("CipherV2(%d) = %v", c.V2, got)
		}
	}
	for _, h := range Hashes() {
		if got, ok := HashV2(h.V2); !ok || got != h {
			t.Errorf("HashV2(%d) = %v", h.V2, got)
		}
	}
	for _, a := range Integrities() {
		if got, ok := IntegrityV2(a.V2); !ok || got != a {
			t.Errorf("IntegrityV2(%d) = %v", a.V2, got)
		}
	}
	for n, name := range map[uint16]string{14: "MODP-2048", 19: "ECP-256", 31: "CURVE25519", 36: "ML-KEM-768"} {
		if g, ok := GroupV2(n); !ok || g.Name != name || g.KEM() != (n == 36) {
			t.Errorf("GroupV2(%d) = %v", n, g)
		}
	}
	for _, n := range []uint16{31, 36} {
		if _, ok := GroupByNumber(n); ok {
			t.Errorf("IKEv1 has no group %d", n)
		}
	}
	_, a := CipherV2(0)
	_, b := HashV2(0)
	_, c := IntegrityV2(0)
	_, d := GroupV2(0)
	if a || b || c || d || AES.Combined() {
		t.Error("found what is not there")
	}
	if _, err := AES.NewAEAD(make([]byte, 16)); err == nil {
		t.Error("AES in CBC mode authenticates")
	}
}
