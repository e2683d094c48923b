package suite

import (
	"bytes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestCipherVectors: one known answer a cipher and key size, from FIPS 81, SP
// 800-67 and SP 800-38A appendix F.2 (first block, CBC).
func TestCipherVectors(t *testing.T) {
	const iv128, plain128 = "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a"
	for _, tt := range []struct {
		c                    *Cipher
		bits                 int
		key, iv, plain, want string
	}{
		{DES, 0, "0123456789abcdef", "1234567890abcdef", "4e6f77206973207468652074696d6520666f7220616c6c20", "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"},
		{TripleDES, 0, "0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000", "5468652071756663", "a826fd8ce53b855f"},
		{AES, 128, "2b7e151628aed2a6abf7158809cf4f3c", iv128, plain128, "7649abac8119b246cee98e9b12e9197d"},
		{AES, 192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", iv128, plain128, "4f021db243bc633d7178183a9fa071e8"},
		{AES, 256, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", iv128, plain128, "f58c4c04d6e5f1ba779eabfb5f7bfbd6"},
	} {
		key := unhex(tt.key)
		if tt.c.KeyLen(tt.bits) != len(key) || !tt.c.HasBits(tt.bits) {
			t.Errorf("%s %d: keys of %d octets", tt.c.IOS, tt.bits, tt.c.KeyLen(tt.bits))
		}
		b, err := tt.c.NewCBC(key)
		if err != nil {
			t.Fatalf("%s: %v", tt.c.IOS, err)
		}
		if b.BlockSize() != tt.c.Block || tt.c.IV != tt.c.Block {
			t.Errorf("%s: block of %d octets, IV of %d", tt.c.IOS, b.BlockSize(), tt.c.IV)
		}
		got := unhex(tt.plain)
		cipher.NewCBCEncrypter(b, unhex(tt.iv)).CryptBlocks(got, got)
		if !bytes.Equal(got, unhex(tt.want)) {
			t.Errorf("%s %d: %x, want %s", tt.c.IOS, tt.bits, got, tt.want)
		}
		if _, err := tt.c.NewCBC(key[1:]); err == nil {
			t.Errorf("%s: a key of %d octets was taken", tt.c.IOS, len(key)-1)
		}
	}
	if _, err := Null.NewCBC(nil); err == nil {
		t.Error("esp-null encrypts")
	}
}

// TestPRF holds RFC 2202 and RFC 4231, test case 2 of each, cut in two.
func TestPRF(t *testing.T) {
	for _, tt := range []struct {
		h    *Hash
		want string
	}{
		{MD5, "750c783e6ab0b503eaa86e310a5db738"},
		{SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{SHA384, "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
		{SHA512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
	} {
		if got := tt.h.PRF([]byte("Jefe"), []byte("what do ya want "), []byte("for nothing?")); !bytes.Equal(got, unhex(tt.want)) || len(got) != tt.h.Size {
			t.Errorf("%s: %x", tt.h.IOS, got)
		}
		whole := tt.h.New()
		whole.Write([]byte("abc"))
		if got := tt.h.Sum([]byte("a"), nil, []byte("bc")); !bytes.Equal(got, whole.Sum(nil)) {
			t.Errorf("%s: %x", tt.h.IOS, got)
		}
	}
}

// TestLookups finds every row by each of its names, and nothing by 0 or "".
func TestLookups(t *testing.T) {
	for _, c := range Ciphers() {
		if got, ok := CipherV1(c.V1); c.V1 != 0 && (!ok || got != c) {
			t.Errorf("CipherV1(%d) = %v", c.V1, got)
		}
		if got, ok := CipherESP(c.ESP); !ok || got != c {
			t.Errorf("CipherESP(%d) = %v", c.ESP, got)
		}
		for _, word := range []string{c.IOS, c.Transform} {
			if got, ok := CipherIOS(word); word != "" && (!ok || got != c) {
				t.Errorf("CipherIOS(%q) = %v", word, got)
			}
		}
	}
	for _, h := range Hashes() {
		if got, ok := HashV1(h.V1); !ok || got != h {
			t.Errorf("HashV1(%d) = %v", h.V1, got)
		}
		if got, ok := HashIOS(h.IOS); !ok || got != h {
			t.Errorf("HashIOS(%q) = %v", h.IOS, got)
		}
	}
	for _, a := range Integrities() {
		if got, ok := IntegrityV1(a.V1); !ok || got != a {
			t.Errorf("IntegrityV1(%d) = %v", a.V1, got)
		}
		if got, ok := IntegrityAH(a.AH); !ok || got != a {
			t.Errorf("IntegrityAH(%d) = %v", a.AH, got)
		}
		for _, word := range []string{a.Transform, a.AHTransform} {
			if got, ok := IntegrityIOS(word); !ok || got != a {
				t.Errorf("IntegrityIOS(%q) = %v", word, got)
			}
		}
		if a.New().Size() != a.KeyLen || a.ICV > a.KeyLen {
			t.Errorf("%s: key of %d octets, ICV of %d", a.Debug, a.KeyLen, a.ICV)
		}
	}
	_, a := CipherV1(0)
	_, b := CipherESP(0)
	_, c := CipherIOS("")
	_, d := HashV1(3)
	_, e := HashIOS("")
	_, f := IntegrityV1(0)
	_, g := IntegrityAH(0)
	_, h := IntegrityIOS("")
	_, i := GroupByNumber(0)
	if a || b || c || d || e || f || g || h || i {
		t.Error("found what is not there")
	}
	if AES.KeyLen(0) != 16 || AES.HasBits(0) || AES.HasBits(160) || DES.HasBits(64) || TripleDES.KeyLen(0) != 24 {
		t.Error("key sizes")
	}
	if got := AES.Long(256); got != "AES - Advanced Encryption Standard (256 bit keys)." {
		t.Error(got)
	}
	if got := TripleDES.Long(0); got != "Three key triple DES" {
		t.Error(got)
	}
}

// TestWeakKeys: all sixteen, with any parity, and no other.
func TestWeakKeys(t *testing.T) {
	if len(weakKeys) != 16 {
		t.Errorf("%d weak keys", len(weakKeys))
	}
	for k := range weakKeys {
		for parity := range byte(2) {
			key := bytes.Clone(k[:])
			key[3] |= parity
			if _, err := DES.NewCBC(key); err != ErrWeakKey {
				t.Errorf("%x: %v", key, err)
			}
			key[0] ^= 0x40
			if _, err := DES.NewCBC(key); err != nil {
				t.Errorf("%x: %v", key, err)
			}
		}
		// Its own inverse (weak), or inverse to another of the list (semi-weak).
		if !hasPartner(t, k) {
			t.Errorf("%x is not weak", k)
		}
	}
}

func hasPartner(t *testing.T, k [8]byte) bool {
	for other := range weakKeys {
		first, err1 := TripleDES.newBlock(append(append(append([]byte{}, k[:]...), k[:]...), k[:]...))
		second, err2 := TripleDES.newBlock(append(append(append([]byte{}, other[:]...), other[:]...), other[:]...))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		b := []byte("12345678")
		first.Encrypt(b, b)
		second.Encrypt(b, b)
		if string(b) == "12345678" {
			return true
		}
	}
	return false
}

func TestKeysDoNotShow(t *testing.T) {
	k := Key("topsecret")
	j, err := json.Marshal(map[string]any{"k": k})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		fmt.Sprint(k), fmt.Sprintf("%s %v %+v %#v %x %X %q %d", k, k, k, k, k, k, k, k), fmt.Sprintf("%v %#v", struct{ K Key }{k}, &struct{ K Key }{k}),
		string(j),
	} {
		if strings.Contains(s, "topsecret") || strings.Contains(s, "746f70") || strings.Contains(s, "116 111") || strings.Contains(s, "dG9w") || !strings.Contains(s, "9 octets") {
			t.Errorf("%s", s)
		}
	}
	k.Wipe()
	if !bytes.Equal(k, make([]byte, 9)) {
		t.Error("not wiped")
	}
}
