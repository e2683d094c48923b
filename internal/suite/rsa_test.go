package suite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

//go:embed testdata/rsa1024.pem
var rsaPEM []byte

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode(rsaPEM)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// opensslSignature is what `openssl pkeyutl -sign`, which puts PKCS #1 padding
// around bare octets, made of rsaHash with testdata/rsa1024.pem.
const opensslSignature = "" +
	"9df3085e7b69ff26d54fa88118151328598b7233850735f983b6f560782a6849844d31b5f856aa9e8ea0ce6aa47ba7b2a18536d296721d715cdd22c76b552a62" +
	"14671463110cce7e7bf5c0f84181f451434b696dc7bf8cc3a2b523921ec09ec6f34757003578f1b1482866a2adaf4012bab940f9ebdaf20a20441bef5d28710c"

var rsaHash = []byte("0123456789abcdef0123") // as long as a SHA-1 HASH_I

func TestSignRSAV1(t *testing.T) {
	key := rsaKey(t)
	sig, err := SignRSAV1(seeded(1), key, rsaHash)
	if err != nil || !bytes.Equal(sig, unhex(opensslSignature)) {
		t.Fatalf("%x, %v", sig, err)
	}
	for _, h := range Hashes() {
		hash := bytes.Repeat([]byte{7}, h.Size)
		sig, err := SignRSAV1(nil, key, hash)
		if err != nil {
			t.Fatalf("%s: %v", h.IOS, err)
		}
		if err := VerifyRSAV1(&key.PublicKey, hash, sig); err != nil {
			t.Errorf("%s: %v", h.IOS, err)
		}
	}
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignRSAV1(nil, ec, rsaHash); err == nil {
		t.Error("an ECDSA key signed")
	}
	if _, err := SignRSAV1(nil, key, make([]byte, 128)); err == nil {
		t.Error("a hash as long as the modulus was signed")
	}
}

// raw is what the private key makes of a block, whatever the block holds.
func raw(key *rsa.PrivateKey, block []byte) []byte {
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size()))
}

// TestVerifyRefuses: signatures by the right key of blocks that a lenient
// parser would take, and octets that are no signature.
func TestVerifyRefuses(t *testing.T) {
	key := rsaKey(t)
	right, _ := blockType1(rsaHash, key.Size())
	change := func(at int, v byte) []byte {
		b := bytes.Clone(right)
		b[at] = v
		return b
	}
	hashAt := len(right) - len(rsaHash)
	fewFF := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 7)...), 0)
	fewFF = append(append(fewFF, rsaHash...), make([]byte, key.Size()-len(fewFF)-len(rsaHash))...)
	garbage := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 20)...), 0)
	garbage = append(append(garbage, rsaHash...), bytes.Repeat([]byte{0x5a}, key.Size()-len(garbage)-len(rsaHash))...)
	sum := sha1.Sum(rsaHash)
	withOID, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	good := unhex(opensslSignature)
	plusN := new(big.Int).Add(new(big.Int).SetBytes(good), key.N).FillBytes(make([]byte, key.Size()+1))
	for name, tt := range map[string]struct{ hash, sig []byte }{
		"another hash":                {[]byte("0123456789abcdef0124"), good},
		"a prefix of the hash":        {rsaHash[:19], good},
		"no hash":                     {nil, good},
		"no signature":                {rsaHash, nil},
		"a short signature":           {rsaHash, good[:127]},
		"a leading nought":            {rsaHash, append([]byte{0}, good...)},
		"a trailing nought":           {rsaHash, append(bytes.Clone(good), 0)},
		"s = 0":                       {rsaHash, make([]byte, 128)},
		"s = n":                       {rsaHash, key.N.Bytes()},
		"s + n":                       {rsaHash, plusN},
		"s + n without its carry":     {rsaHash, plusN[1:]},
		"s = 2^1024-1":                {rsaHash, bytes.Repeat([]byte{0xff}, 128)},
		"the block unsigned":          {rsaHash, right},
		"block type 0":                {rsaHash, raw(key, change(1, 0))},
		"block type 2":                {rsaHash, raw(key, change(1, 2))},
		"a hole in the padding":       {rsaHash, raw(key, change(5, 0xfe))},
		"a nought in the padding":     {rsaHash, raw(key, change(40, 0))},
		"no separator":                {rsaHash, raw(key, change(hashAt-1, 0xff))},
		"garbage behind the hash":     {rsaHash, raw(key, garbage)},
		"seven octets of padding":     {rsaHash, raw(key, fewFF)},
		"a DigestInfo around SHA-1":   {sum[:], withOID},
		"the hash of the hash inside": {sum[:], good},
	} {
		if err := VerifyRSAV1(&key.PublicKey, tt.hash, tt.sig); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := VerifyRSAV1(&key.PublicKey, rsaHash, good); err != nil {
		t.Errorf("the right one: %v", err)
	}
	// s + n is as good as s for whoever does not compare it with n. It has to fit
	// into as many octets, so a small s is looked for.
	for i := 0; ; i++ {
		hash := fmt.Appendf(nil, "%020d", i)
		block, _ := blockType1(hash, key.Size())
		s := new(big.Int).SetBytes(raw(key, block))
		if s.Add(s, key.N).BitLen() > 8*key.Size() {
			continue
		}
		if err := VerifyRSAV1(&key.PublicKey, hash, s.Bytes()); !errors.Is(err, ErrSignature) {
			t.Errorf("s + n: %v", err)
		}
		break
	}
	// A hash too long for eight octets of padding has no right signature.
	long := bytes.Repeat([]byte{1}, 118)
	block := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 7)...), 0)
	if err := VerifyRSAV1(&key.PublicKey, long, raw(key, append(block, long...))); !errors.Is(err, ErrSignature) {
		t.Errorf("seven octets of padding before a long hash: %v", err)
	}
}

// TestForgeryWithExponent3 is Bleichenbacher's: a cube root of a block that
// begins well and ends in garbage needs no private key.
func TestForgeryWithExponent3(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	pub := &rsa.PublicKey{N: n.Add(n, big.NewInt(12345)), E: 3}
	begin := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 8)...), 0)
	begin = append(begin, rsaHash...)
	low := new(big.Int).SetBytes(append(bytes.Clone(begin), make([]byte, 256-len(begin))...))
	root := cubeRootUp(low)
	forged := root.FillBytes(make([]byte, 256))
	block := new(big.Int).Exp(root, big.NewInt(3), pub.N).FillBytes(make([]byte, 256))
	if !bytes.HasPrefix(block, begin) {
		t.Fatalf("the forgery is none: %x", block)
	}
	if err := VerifyRSAV1(pub, rsaHash, forged); !errors.Is(err, ErrSignature) {
		t.Errorf("forged signature: %v", err)
	}
}

// cubeRootUp is the least number whose cube is not below n.
func cubeRootUp(n *big.Int) *big.Int {
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/3+1))
	for low.Cmp(high) < 0 {
		mid := new(big.Int).Add(low, high)
		mid.Rsh(mid, 1)
		if new(big.Int).Exp(mid, big.NewInt(3), nil).Cmp(n) < 0 {
			low = mid.Add(mid, big.NewInt(1))
		} else {
			high = mid
		}
	}
	return low
}

// TestBadKeys: with e = 1 the block itself is its signature.
func TestBadKeys(t *testing.T) {
	n := rsaKey(t).N
	bits := func(size uint) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), size-1), big.NewInt(1))
	}
	for _, tt := range []struct {
		pub  *rsa.PublicKey
		want string
	}{
		{nil, "without a modulus"}, {&rsa.PublicKey{E: 3}, "without a modulus"}, {&rsa.PublicKey{N: new(big.Int), E: 3}, "without a modulus"},
		{&rsa.PublicKey{N: new(big.Int).Neg(n), E: 3}, "without a modulus"},
		{&rsa.PublicKey{N: big.NewInt(15), E: 3}, "too short"}, {&rsa.PublicKey{N: bits(511), E: 3}, "too short"},
		{&rsa.PublicKey{N: bits(8193), E: 3}, "too long"}, {&rsa.PublicKey{N: bits(1 << 20), E: 3}, "too long"},
		{&rsa.PublicKey{N: new(big.Int).Lsh(n, 1), E: 3}, "even modulus"},
		{&rsa.PublicKey{N: n, E: 0}, "exponent 0"}, {&rsa.PublicKey{N: n, E: 1}, "exponent 1"}, {&rsa.PublicKey{N: n, E: 2}, "exponent 2"},
		{&rsa.PublicKey{N: n, E: -3}, "exponent -3"}, {&rsa.PublicKey{N: n, E: 65536}, "exponent 65536"}, {&rsa.PublicKey{N: n, E: 1<<31 + 1}, "above 2^31-1"},
	} {
		var block []byte
		if tt.pub != nil && tt.pub.N != nil && tt.pub.N.BitLen() > 300 {
			block, _ = blockType1(rsaHash, tt.pub.Size())
		}
		if err := VerifyRSAV1(tt.pub, rsaHash, block); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.want, err)
		}
	}
	if err := checkRSAKey(&rsa.PublicKey{N: bits(512), E: 3}); err != nil {
		t.Error(err)
	}
	if err := checkRSAKey(&rsa.PublicKey{N: bits(8192), E: 1<<31 - 1}); err != nil {
		t.Error(err)
	}
	even := rsaKey(t)
	even.PublicKey.E = 2
	if _, err := SignRSAV1(nil, even, rsaHash); err == nil {
		t.Error("a key with an even exponent signed")
	}
}

// BenchmarkRSA puts IKEv1's signature beside what crypto/rsa takes for the same
// key: that is the bare operation.
func BenchmarkRSA(b *testing.B) {
	for _, bits := range []int{1024, 2048, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			b.Fatal(err)
		}
		sig, err := SignRSAV1(nil, key, rsaHash)
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range []struct {
			name string
			run  func() error
		}{
			{"sign", func() error { _, err := SignRSAV1(nil, key, rsaHash); return err }},
			{"bare-sign", func() error { _, err := rsa.SignPKCS1v15(nil, key, 0, rsaHash); return err }},
			{"verify", func() error { return VerifyRSAV1(&key.PublicKey, rsaHash, sig) }},
			{"bare-verify", func() error { return rsa.VerifyPKCS1v15(&key.PublicKey, 0, rsaHash, sig) }},
		} {
			b.Run(fmt.Sprintf("%d/%s", bits, op.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := op.run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// blockType1 is the encryption block of PKCS #1 (RFC 2313 section 8.1):
//
//	00 01 FF FF ... FF 00 data      with at least eight octets FF
func blockType1(data []byte, size int) ([]byte, bool) {
	pad := size - 3 - len(data)
	if pad < 8 || len(data) == 0 {
		return nil, false
	}
	b := append(make([]byte, 0, size), 0, 1)
	b = append(b, bytes.Repeat([]byte{0xff}, pad)...)
	b = append(b, 0)
	return append(b, data...), true
}
