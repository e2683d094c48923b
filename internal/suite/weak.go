package suite

import "errors"

// ErrWeakKey says that a derived DES key is weak or semi-weak. RFC 2409
// appendix B: "The key for DES-CBC is derived from the first eight (8) non-weak
// and non-semi-weak (see Appendix A) bytes of SKEYID_e." One key in 2^52 is, so
// such an exchange is given up and begun again rather than derived otherwise.
var ErrWeakKey = errors.New("suite: weak or semi-weak DES key")

// weakKeys are the weak and semi-weak keys of RFC 2409 appendix A, with their
// parity bits taken off.
var weakKeys = map[[8]byte]bool{}

func init() {
	for _, k := range []string{
		"\x01\x01\x01\x01\x01\x01\x01\x01", "\x1f\x1f\x1f\x1f\x0e\x0e\x0e\x0e",
		"\xe0\xe0\xe0\xe0\xf1\xf1\xf1\xf1", "\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe",
		"\x01\xfe\x01\xfe\x01\xfe\x01\xfe", "\x1f\xe0\x1f\xe0\x0e\xf1\x0e\xf1",
		"\x01\xe0\x01\xe0\x01\xf1\x01\xf1", "\x1f\xfe\x1f\xfe\x0e\xfe\x0e\xfe",
		"\x01\x1f\x01\x1f\x01\x0e\x01\x0e", "\xe0\xfe\xe0\xfe\xf1\xfe\xf1\xfe",
		"\xfe\x01\xfe\x01\xfe\x01\xfe\x01", "\xe0\x1f\xe0\x1f\xf1\x0e\xf1\x0e",
		"\xe0\x01\xe0\x01\xf1\x01\xf1\x01", "\xfe\x1f\xfe\x1f\xfe\x0e\xfe\x0e",
		"\x1f\x01\x1f\x01\x0e\x01\x0e\x01", "\xfe\xe0\xfe\xe0\xfe\xf1\xfe\xf1",
	} {
		weakKeys[withoutParity([]byte(k))] = true
	}
}

func weakDES(key []byte) bool { return len(key) == 8 && weakKeys[withoutParity(key)] }

func withoutParity(key []byte) (k [8]byte) {
	for i := range k {
		k[i] = key[i] &^ 1
	}
	return k
}
