package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"slices"
)

// A Cipher is an encryption algorithm of IKE and ESP: in CBC mode, or combined
// with authentication.
type Cipher struct {
	IOS       string // word of crypto isakmp policy: "3des"; "" where IKE itself cannot use it
	Transform string // word of crypto ipsec transform-set: "esp-3des"
	Debug     string // debug crypto isakmp, phase 1: "3DES-CBC"
	QM        string // debug crypto isakmp, quick mode: "ESP_3DES"
	Show      string // show crypto isakmp sa detail: "3des"
	IKEv2     string // show and debug crypto ikev2: "3DES"
	long      string // show crypto isakmp policy, with %d for the key size where it varies
	V1        uint16 // RFC 2409 appendix A encryption algorithm, 0: none
	ESP       uint8  // RFC 2407 section 4.4.4 transform identifier
	V2        uint16 // RFC 7296 transform type 1
	XFRM      string // Linux crypto API name
	Bits      []int  // key sizes in bits, the default first; nil: one fixed size, no key length attribute
	FixedBits int    // key size of the wire format in bits, where it is fixed
	Block     int    // block size, octets
	IV        int    // initialisation vector on the wire, octets
	SaltLen   int    // key material behind the key, octets; combined algorithms only
	ICV       int    // octets on the wire; combined algorithms only
	newBlock  func(key []byte) (cipher.Block, error)
	newAEAD   func(key []byte, icv int) (cipher.AEAD, error) // nil: CBC mode
}

// The ciphers.
var (
	DES = &Cipher{
		IOS: "des", Transform: "esp-des", Debug: "DES-CBC", QM: "ESP_DES", Show: "des", IKEv2: "DES",
		long: "DES - Data Encryption Standard (56 bit keys).",
		V1:   1, ESP: 2, V2: 2, XFRM: "cbc(des)", FixedBits: 64, Block: 8, IV: 8, newBlock: newDES,
	}
	TripleDES = &Cipher{
		IOS: "3des", Transform: "esp-3des", Debug: "3DES-CBC", QM: "ESP_3DES", Show: "3des", IKEv2: "3DES",
		long: "Three key triple DES",
		V1:   5, ESP: 3, V2: 3, XFRM: "cbc(des3_ede)", FixedBits: 192, Block: 8, IV: 8, newBlock: des.NewTripleDESCipher,
	}
	AES = &Cipher{
		IOS: "aes", Transform: "esp-aes", Debug: "AES-CBC", QM: "ESP_AES", Show: "aes", IKEv2: "AES-CBC",
		long: "AES - Advanced Encryption Standard (%d bit keys).",
		V1:   7, ESP: 12, V2: 12, XFRM: "cbc(aes)", Bits: []int{128, 192, 256}, Block: 16, IV: 16, newBlock: aes.NewCipher,
	}
	Null = &Cipher{
		Transform: "esp-null", QM: "ESP_NULL", IKEv2: "NULL", ESP: 11, V2: 11, XFRM: "ecb(cipher_null)", Block: 4,
	}
)

// Ciphers lists those in CBC mode; AEADs has the others.
func Ciphers() []*Cipher { return []*Cipher{DES, TripleDES, AES, Null} }

// CipherV2 finds a cipher, combined or not, by its IKEv2 number.
func CipherV2(id uint16) (*Cipher, bool) {
	return find(allCiphers(), func(c *Cipher) bool { return c.V2 == id })
}

// CipherV1 finds a cipher by its IKEv1 phase 1 number.
func CipherV1(id uint16) (*Cipher, bool) {
	return findCipher(func(c *Cipher) bool { return c.V1 != 0 && c.V1 == id })
}

// CipherESP finds a cipher by its ESP transform identifier.
func CipherESP(id uint8) (*Cipher, bool) {
	return findCipher(func(c *Cipher) bool { return c.ESP == id })
}

// CipherIOS finds a cipher, combined or not, by its word in crypto isakmp policy
// or in crypto ipsec transform-set.
func CipherIOS(word string) (*Cipher, bool) {
	return find(allCiphers(), func(c *Cipher) bool { return word != "" && (c.IOS == word || c.Transform == word) })
}

func findCipher(is func(*Cipher) bool) (*Cipher, bool) { return find(Ciphers(), is) }

func allCiphers() []*Cipher { return append(Ciphers(), AEADs()...) }

func find(all []*Cipher, is func(*Cipher) bool) (*Cipher, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return nil, false
}

// KeyLen is the length of a key in octets; bits is ignored where the size is
// fixed, and 0 stands for the default.
func (c *Cipher) KeyLen(bits int) int {
	if c.Bits == nil {
		return c.FixedBits / 8
	}
	if bits == 0 {
		bits = c.Bits[0]
	}
	return bits / 8
}

// HasBits says whether the cipher has keys of that size; 0 is right for
// ciphers with one size only.
func (c *Cipher) HasBits(bits int) bool {
	if c.Bits == nil {
		return bits == 0
	}
	return slices.Contains(c.Bits, bits)
}

// Long is the cipher as show crypto isakmp policy prints it.
func (c *Cipher) Long(bits int) string {
	if c.Bits == nil {
		return c.long
	}
	return fmt.Sprintf(c.long, 8*c.KeyLen(bits))
}

// NewCBC makes the block cipher to be used in CBC mode. The key's length must
// be one of the cipher's; a weak DES key is refused.
func (c *Cipher) NewCBC(key []byte) (cipher.Block, error) {
	if c.newBlock == nil {
		return nil, fmt.Errorf("suite: %s does not encrypt", c.Transform)
	}
	return c.newBlock(key)
}

func newDES(key []byte) (cipher.Block, error) {
	if weakDES(key) {
		return nil, ErrWeakKey
	}
	return des.NewCipher(key)
}
