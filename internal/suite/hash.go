package suite

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"
)

// A Hash is a hash algorithm of phase 1. Its HMAC is the prf, as no prf is
// negotiated in IKEv1 (RFC 2409 section 4).
type Hash struct {
	IOS   string // word of crypto isakmp policy: "sha256"
	Debug string // debug crypto isakmp: "SHA256"
	Show  string // show crypto isakmp sa detail: "sha256"
	IKEv2 string // show and debug crypto ikev2: "SHA1"
	Long  string // show crypto isakmp policy
	V1    uint16 // RFC 2409 appendix A hash algorithm
	V2    uint16 // RFC 7296 transform type 2, the prf of this hash
	Size  int    // octets
	New   func() hash.Hash
}

// The hashes.
var (
	MD5    = &Hash{IOS: "md5", Debug: "MD5", Show: "md5", IKEv2: "MD5", Long: "Message Digest 5", V1: 1, V2: 1, Size: md5.Size, New: md5.New}
	SHA1   = &Hash{IOS: "sha", Debug: "SHA", Show: "sha", IKEv2: "SHA1", Long: "Secure Hash Standard", V1: 2, V2: 2, Size: sha1.Size, New: sha1.New}
	SHA256 = &Hash{IOS: "sha256", Debug: "SHA256", Show: "sha256", IKEv2: "SHA256", Long: "Secure Hash Standard 2 (256 bit)", V1: 4, V2: 5, Size: sha256.Size, New: sha256.New}
	SHA384 = &Hash{IOS: "sha384", Debug: "SHA384", Show: "sha384", IKEv2: "SHA384", Long: "Secure Hash Standard 2 (384 bit)", V1: 5, V2: 6, Size: sha512.Size384, New: sha512.New384}
	SHA512 = &Hash{IOS: "sha512", Debug: "SHA512", Show: "sha512", IKEv2: "SHA512", Long: "Secure Hash Standard 2 (512 bit)", V1: 6, V2: 7, Size: sha512.Size, New: sha512.New}
)

// Hashes lists the table.
func Hashes() []*Hash { return []*Hash{MD5, SHA1, SHA256, SHA384, SHA512} }

// HashV1 finds a hash by its IKEv1 number.
func HashV1(id uint16) (*Hash, bool) {
	return findHash(func(h *Hash) bool { return h.V1 == id })
}

// HashV2 finds a hash by the IKEv2 number of its prf.
func HashV2(id uint16) (*Hash, bool) {
	return findHash(func(h *Hash) bool { return h.V2 == id })
}

// HashIOS finds a hash by its word in crypto isakmp policy.
func HashIOS(word string) (*Hash, bool) {
	return findHash(func(h *Hash) bool { return h.IOS == word })
}

func findHash(is func(*Hash) bool) (*Hash, bool) {
	all := Hashes()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return nil, false
}

// PRF is HMAC of the parts, one after the other: Size octets.
func (h *Hash) PRF(key []byte, parts ...[]byte) []byte { return sum(hmac.New(h.New, key), parts) }

// A KeyedPRF is a prf with its key, for several values of one key: keying costs
// as much as two blocks of input.
type KeyedPRF struct{ mac hash.Hash }

// Keyed prepares the prf.
func (h *Hash) Keyed(key []byte) KeyedPRF { return KeyedPRF{hmac.New(h.New, key)} }

// Sum is HMAC of the parts, one after the other.
func (k KeyedPRF) Sum(parts ...[]byte) []byte {
	k.mac.Reset()
	return sum(k.mac, parts)
}

// Sum is the hash of the parts, one after the other: Size octets.
func (h *Hash) Sum(parts ...[]byte) []byte { return sum(h.New(), parts) }

func sum(d hash.Hash, parts [][]byte) []byte {
	for _, p := range parts {
		d.Write(p)
	}
	return d.Sum(nil)
}
