package suite

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"
)

// An Integrity algorithm authenticates the packets of a child SA.
type Integrity struct {
	Transform   string // word of crypto ipsec transform-set for ESP: "esp-sha256-hmac"
	AHTransform string // the same for AH: "ah-sha256-hmac"
	Debug       string // debug crypto isakmp: "HMAC-SHA256"
	IKEv2       string // show and debug crypto ikev2: "SHA256"
	V1          uint16 // RFC 2407 section 4.5 authentication algorithm
	AH          uint8  // RFC 2407 section 4.4.3 transform identifier
	V2          uint16 // RFC 7296 transform type 3
	XFRM        string // Linux crypto API name
	KeyLen      int    // octets
	ICV         int    // octets on the wire
	New         func() hash.Hash
}

// The integrity algorithms.
var (
	HMACMD5    = &Integrity{Transform: "esp-md5-hmac", AHTransform: "ah-md5-hmac", Debug: "HMAC-MD5", IKEv2: "MD596", V1: 1, AH: 2, V2: 1, XFRM: "hmac(md5)", KeyLen: 16, ICV: 12, New: md5.New}
	HMACSHA1   = &Integrity{Transform: "esp-sha-hmac", AHTransform: "ah-sha-hmac", Debug: "HMAC-SHA", IKEv2: "SHA96", V1: 2, AH: 3, V2: 2, XFRM: "hmac(sha1)", KeyLen: 20, ICV: 12, New: sha1.New}
	HMACSHA256 = &Integrity{Transform: "esp-sha256-hmac", AHTransform: "ah-sha256-hmac", Debug: "HMAC-SHA256", IKEv2: "SHA256", V1: 5, AH: 5, V2: 12, XFRM: "hmac(sha256)", KeyLen: 32, ICV: 16, New: sha256.New}
	HMACSHA384 = &Integrity{Transform: "esp-sha384-hmac", AHTransform: "ah-sha384-hmac", Debug: "HMAC-SHA384", IKEv2: "SHA384", V1: 6, AH: 6, V2: 13, XFRM: "hmac(sha384)", KeyLen: 48, ICV: 24, New: sha512.New384}
	HMACSHA512 = &Integrity{Transform: "esp-sha512-hmac", AHTransform: "ah-sha512-hmac", Debug: "HMAC-SHA512", IKEv2: "SHA512", V1: 7, AH: 7, V2: 14, XFRM: "hmac(sha512)", KeyLen: 64, ICV: 32, New: sha512.New}
)

// Integrities lists the table.
func Integrities() []*Integrity {
	return []*Integrity{HMACMD5, HMACSHA1, HMACSHA256, HMACSHA384, HMACSHA512}
}

// IntegrityV1 finds an algorithm by the authentication attribute of RFC 2407.
func IntegrityV1(id uint16) (*Integrity, bool) {
	return findIntegrity(func(a *Integrity) bool { return a.V1 == id })
}

// IntegrityV2 finds an algorithm by its IKEv2 number.
func IntegrityV2(id uint16) (*Integrity, bool) {
	return findIntegrity(func(a *Integrity) bool { return a.V2 == id })
}

// IntegrityAH finds an algorithm by its AH transform identifier.
func IntegrityAH(id uint8) (*Integrity, bool) {
	return findIntegrity(func(a *Integrity) bool { return a.AH == id })
}

// IntegrityIOS finds an algorithm by its word in a transform set, of ESP or AH.
func IntegrityIOS(word string) (*Integrity, bool) {
	return findIntegrity(func(a *Integrity) bool { return a.Transform == word || a.AHTransform == word })
}

func findIntegrity(is func(*Integrity) bool) (*Integrity, bool) {
	all := Integrities()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return nil, false
}
