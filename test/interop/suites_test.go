//go:build vm

package interop

// A suite is what both ends are told to use, for both phases and, as PFS, for
// quick mode's own exchange of keys.
type suite struct {
	name                     string
	encryption, hash, group  string // crypto isakmp policy
	transforms               string // crypto ipsec transform-set
	charonIKE, charonESP     string
	plutoIKE, plutoESP       string
	kernelEncr, kernelDigest string // as ip xfrm state names them
}

var suites = []suite{
	{
		name: "3DES-MD5-5", encryption: "3des", hash: "md5", group: "5", transforms: "esp-3des esp-md5-hmac",
		charonIKE: "3des-md5-modp1536", charonESP: "3des-md5-modp1536",
		plutoIKE: "3des-md5-modp1536", plutoESP: "3des-md5;modp1536",
		kernelEncr: "cbc(des3_ede)", kernelDigest: "hmac(md5)",
	},
	{
		name: "AES-SHA256-14", encryption: "aes", hash: "sha256", group: "14", transforms: "esp-aes esp-sha256-hmac",
		charonIKE: "aes128-sha256-modp2048", charonESP: "aes128-sha256-modp2048",
		plutoIKE: "aes128-sha2_256-modp2048", plutoESP: "aes128-sha2_256;modp2048",
		kernelEncr: "cbc(aes)", kernelDigest: "hmac(sha256)",
	},
	{
		name: "AES-SHA256-19", encryption: "aes", hash: "sha256", group: "19", transforms: "esp-aes esp-sha256-hmac",
		charonIKE: "aes128-sha256-ecp256", charonESP: "aes128-sha256-ecp256",
		plutoIKE: "aes128-sha2_256-dh19", plutoESP: "aes128-sha2_256;dh19",
		kernelEncr: "cbc(aes)", kernelDigest: "hmac(sha256)",
	},
}
