package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// Combined algorithms: they encrypt and authenticate at once. SaltLen octets of
// key material stand behind the key (RFC 4106 section 8.1, RFC 5282 section
// 7.1, RFC 7634 section 2) and are the implicit part of the nonce; the other
// eight octets are the IV of each packet.
var (
	AESGCM16 = &Cipher{
		Transform: "esp-gcm", QM: "ESP_AES_GCM_16", IKEv2: "AES-GCM", ESP: 20, V2: 20, XFRM: "rfc4106(gcm(aes))",
		Bits: []int{128, 192, 256}, Block: 4, IV: 8, SaltLen: saltLen, ICV: 16, newAEAD: newGCM,
	}
	AESGCM12 = &Cipher{
		QM: "ESP_AES_GCM_12", IKEv2: "AES-GCM-12", ESP: 19, V2: 19, XFRM: "rfc4106(gcm(aes))",
		Bits: []int{128, 192, 256}, Block: 4, IV: 8, SaltLen: saltLen, ICV: 12, newAEAD: newGCM,
	}
	AESGCM8 = &Cipher{
		QM: "ESP_AES_GCM_8", IKEv2: "AES-GCM-8", ESP: 18, V2: 18, XFRM: "rfc4106(gcm(aes))",
		Bits: []int{128, 192, 256}, Block: 4, IV: 8, SaltLen: saltLen, ICV: 8, newAEAD: newGCM,
	}
	ChaCha20Poly1305 = &Cipher{
		Transform: "esp-chacha20-poly1305", QM: "ESP_CHACHA20_POLY1305", IKEv2: "CHACHA20-POLY1305", V2: 28, XFRM: "rfc7539esp(chacha20,poly1305)",
		FixedBits: 256, Block: 4, IV: 8, SaltLen: saltLen, ICV: 16, newAEAD: newChaCha20,
	}
)

const saltLen = 4

var errOpen = errors.New("suite: message authentication failed")

// AEADs lists the combined algorithms.
func AEADs() []*Cipher { return []*Cipher{AESGCM16, AESGCM12, AESGCM8, ChaCha20Poly1305} }

// Combined says whether the cipher authenticates too.
func (c *Cipher) Combined() bool { return c.newAEAD != nil }

// NewAEAD makes a combined algorithm; its nonce is the salt and the IV, its
// overhead the ICV. The key must be of one of the cipher's lengths.
func (c *Cipher) NewAEAD(key []byte) (cipher.AEAD, error) {
	if c.newAEAD == nil {
		return nil, errors.New("suite: " + c.QM + " does not authenticate")
	}
	return c.newAEAD(key, c.ICV)
}

func newChaCha20(key []byte, _ int) (cipher.AEAD, error) { return chacha20poly1305.New(key) }

func newGCM(key []byte, icv int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if icv == shortTag {
		aead, err := cipher.NewGCM(block)
		return shortGCM{aead, &sync.Pool{New: func() any { return new([]byte) }}}, err
	}
	return cipher.NewGCMWithTagSize(block, icv)
}

// shortGCM is GCM with a tag of eight octets, which crypto/cipher leaves out: a
// tag may be cut, but then it can be checked only by making it again.
type shortGCM struct {
	cipher.AEAD
	room *sync.Pool // of *[]byte, to open in
}

const shortTag = 8

func (g shortGCM) Overhead() int { return shortTag }

func (g shortGCM) Seal(dst, nonce, plaintext, additional []byte) []byte {
	out := g.AEAD.Seal(dst, nonce, plaintext, additional)
	return out[:len(out)-g.AEAD.Overhead()+shortTag]
}

// Open seals twice: in counter mode (SP 800-38D section 7.1) that decrypts what is
// encrypted, and then encrypts it again, with the tag that it had.
func (g shortGCM) Open(dst, nonce, ciphertext, additional []byte) ([]byte, error) {
	if len(ciphertext) < shortTag {
		return nil, errOpen
	}
	n, start := len(ciphertext)-shortTag, len(dst)
	tag := [shortTag]byte(ciphertext[n:])
	room := g.room.Get().(*[]byte)
	defer g.room.Put(room)
	*room = g.AEAD.Seal((*room)[:0], nonce, ciphertext[:n], nil)
	dst = append(dst, (*room)[:n]...)
	*room = g.AEAD.Seal((*room)[:0], nonce, (*room)[:n], additional)
	if subtle.ConstantTimeCompare((*room)[n:n+shortTag], tag[:]) != 1 {
		clear(dst[start:])
		return nil, errOpen
	}
	return dst, nil
}
