package pki_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// A key pair comes back from its file as it was, in the clear and under a
// passphrase.
func TestKeyPairRoundTrip(t *testing.T) {
	for _, k := range []*pki.KeyPair{
		{Label: "R1", Usage: pki.GeneralKey, Exportable: true, Generated: time.Unix(1e9, 0).UTC(), Signer: testca.RSA(2048, 0)},
		{Label: "R1", Usage: pki.EncryptionKey, Signer: testca.RSA(1024, 0)},
		{Label: "E", Usage: pki.SignatureKey, Signer: testca.ECOn(elliptic.P384(), 2)},
	} {
		for _, pass := range [][]byte{nil, []byte("secret")} {
			data, err := k.PEM(rand.Reader, pass)
			if err != nil {
				t.Fatal(err)
			}
			if pass != nil {
				if _, err := pki.ParseKeyPairs(data); err == nil {
					t.Error("an encrypted key is read without its passphrase")
				}
				if _, err := pki.DecryptPEM(data, []byte("wrong")); err == nil || err.Error() != "wrong passphrase" {
					t.Errorf("%v", err)
				}
			}
			plain, err := pki.DecryptPEM(data, pass)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pki.ParseKeyPairs(plain)
			if err != nil || len(got) != 1 {
				t.Fatalf("%v, %v", got, err)
			}
			g := got[0]
			if g.Label != k.Label || g.Usage != k.Usage || g.Exportable != k.Exportable || !g.Generated.Equal(k.Generated) || g.Kind() != k.Kind() || g.Bits() != k.Bits() {
				t.Errorf("%+v, want %+v", g, k)
			}
			if !g.Signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(k.Signer.Public()) {
				t.Error("another key")
			}
		}
	}
}

// OpenSSL reads what is written, and what OpenSSL writes is read: PKCS #8 with
// several ciphers and functions, and the form before it, which IOS has.
func TestKeysWithOpenSSL(t *testing.T) {
	dir := t.TempDir()
	openssl := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	key := &pki.KeyPair{Label: "R1", Usage: pki.GeneralKey, Signer: testca.RSA(2048, 0)}
	data, err := key.PEM(rand.Reader, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	openssl("pkey", "-in", "key.pem", "-passin", "pass:secret", "-out", "plain.pem")
	for _, args := range [][]string{
		{"pkcs8", "-topk8", "-v2", "aes-256-cbc"},
		{"pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"},
		{"pkcs8", "-topk8", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"},
		{"pkcs8", "-topk8", "-v2", "des3", "-iter", "4000"},
		{"rsa", "-des3", "-traditional"},
		{"rsa", "-aes128", "-traditional"},
	} {
		sealed := openssl(append(args, "-in", "plain.pem", "-passout", "pass:secret")...)
		sealed = sealed[bytes.Index(sealed, []byte("-----BEGIN")):]
		plain, err := pki.DecryptPEM(sealed, []byte("secret"))
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		if got, err := pki.ParseKeyPairs(plain); err != nil || !got[0].Signer.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key.Signer) {
			t.Errorf("%q: %v", args, err)
		}
		if _, err := pki.DecryptPEM(sealed, nil); err == nil || !strings.Contains(err.Error(), "no passphrase") {
			t.Errorf("%q: %v", args, err)
		}
	}
	scrypt := openssl("pkcs8", "-topk8", "-scrypt", "-in", "plain.pem", "-passout", "pass:secret")
	if _, err := pki.DecryptPEM(scrypt, []byte("secret")); err == nil || !strings.Contains(err.Error(), "PBKDF2 is expected") {
		t.Errorf("%v", err)
	}
}

// Cut anywhere, an encrypted key is an error and no more; so it is with every bit
// of its parameters turned.
func TestDamagedEncryptedKey(t *testing.T) {
	block, _ := pem.Decode([]byte(sealedKey))
	try := func(der []byte) error {
		_, err := pki.DecryptPEM(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}), []byte("secret"))
		return err
	}
	if err := try(block.Bytes); err != nil {
		t.Fatal(err)
	}
	for n := range len(block.Bytes) {
		if try(block.Bytes[:n]) == nil {
			t.Errorf("%d octets are read", n)
		}
	}
	header := bytes.Index(block.Bytes, []byte{0x04, 0x81}) // the text's OCTET STRING
	for i := range header {
		for bit := range 8 {
			der := bytes.Clone(block.Bytes)
			der[i] ^= 1 << bit
			try(der) // no panic; what decrypts is right
		}
	}
}

// FuzzDecryptPEM looks for a panic, and for a key that is read but was not sealed
// whole.
func FuzzDecryptPEM(f *testing.F) {
	f.Add([]byte(sealedKey), []byte("secret"))
	f.Add(testca.New("CA1", 0).Enroll("R1", "192.168.0.1", "100", 3).KeyPEM(), []byte{})
	f.Fuzz(func(t *testing.T, data, passphrase []byte) {
		plain, err := pki.DecryptPEM(data, passphrase)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		if pairs, err := pki.ParseKeyPairs(plain); err == nil {
			for _, k := range pairs {
				if k.Signer == nil || k.Bits() == 0 || k.Kind() == "" {
					t.Errorf("%+v", k)
				}
			}
		}
	})
}

// sealedKey is an EC key under "secret", made by openssl pkcs8 with two iterations.
const sealedKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhQ8zDoo5e00gIBAjAM
BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQhKosJooSzcFmJOBAv8/ongSBkPyg
sItGhSfrc6i0fQHKBRq+H0bxhVHyr6NEwXMHfacg8y91oL+1T3OyIGaRI5/8jtMI
Cjg3MCumBl6S1UR6aCkm1/g2bmfNgGclgrJ+6X3SCn9uehxbopeaHYJiZVcrXsMT
H5rMrcMq7pvrjKN8B/KiN7qga0n49idexbqC8EwVNbFHt68HCDx2cX5K7mN4VQ==
-----END ENCRYPTED PRIVATE KEY-----
`
