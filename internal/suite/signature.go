package suite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A Signature is a way to sign the AUTH payload of IKEv2.
type Signature struct {
	Name string
	Hash crypto.Hash // 0: the algorithm hashes by itself (RFC 8420)
	// ID is the AlgorithmIdentifier that authentication method 14 puts before
	// the signature (RFC 7427 appendix A), DER.
	ID []byte
	// HashID is the number that SIGNATURE_HASH_ALGORITHMS announces the hash by.
	HashID uint16
	kind   signatureKind
}

type signatureKind uint8

const (
	pkcs1 signatureKind = iota
	pss
	ecdsaDER
	eddsa
)

// Algorithm identifiers of RFC 7427 appendix A and RFC 8420 appendix A. Those of
// PSS name the hash twice, and a salt as long as it.
var signatures = []*Signature{
	{"RSA-PSS with SHA-512", crypto.SHA512, unhex("304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140"), 4, pss},
	{"RSA-PSS with SHA-384", crypto.SHA384, unhex("304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130"), 3, pss},
	{"RSA-PSS with SHA-256", crypto.SHA256, unhex("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"), 2, pss},
	{"RSA with SHA-512", crypto.SHA512, unhex("300d06092a864886f70d01010d0500"), 4, pkcs1},
	{"RSA with SHA-384", crypto.SHA384, unhex("300d06092a864886f70d01010c0500"), 3, pkcs1},
	{"RSA with SHA-256", crypto.SHA256, unhex("300d06092a864886f70d01010b0500"), 2, pkcs1},
	{"RSA with SHA-1", crypto.SHA1, unhex("300d06092a864886f70d0101050500"), 1, pkcs1},
	{"ECDSA with SHA-512", crypto.SHA512, unhex("300a06082a8648ce3d040304"), 4, ecdsaDER},
	{"ECDSA with SHA-384", crypto.SHA384, unhex("300a06082a8648ce3d040303"), 3, ecdsaDER},
	{"ECDSA with SHA-256", crypto.SHA256, unhex("300a06082a8648ce3d040302"), 2, ecdsaDER},
	{"Ed25519", 0, unhex("300506032b6570"), 5, eddsa},
}

// Signatures lists the ways of authentication method 14, the strongest first.
func Signatures() []*Signature { return slices.Clone(signatures) }

// SignatureByID finds one by its AlgorithmIdentifier.
func SignatureByID(der []byte) (*Signature, bool) {
	if i := slices.IndexFunc(signatures, func(s *Signature) bool { return bytes.Equal(s.ID, der) }); i >= 0 {
		return signatures[i], true
	}
	return nil, false
}

// Fits says whether a key of this kind signs so.
func (s *Signature) Fits(pub crypto.PublicKey) bool {
	switch pub.(type) {
	case *rsa.PublicKey:
		return s.kind == pkcs1 || s.kind == pss
	case *ecdsa.PublicKey:
		return s.kind == ecdsaDER
	case ed25519.PublicKey:
		return s.kind == eddsa
	}
	return false
}

// SignatureFor is the way in which a key signs for who has announced hashes by
// their numbers, the strongest that the key has room for; an ECDSA key takes the
// hash of its curve's size if it can. It is nil when there is none.
func SignatureFor(pub crypto.PublicKey, announced func(hashID uint16) bool) *Signature {
	var best *Signature
	for _, s := range signatures {
		switch {
		case !s.Fits(pub) || !s.room(pub) || !announced(s.HashID):
		case best == nil, s.Hash == ECDSAMethods[ECDSAMethodFor(pub)].Hash:
			best = s
		}
	}
	return best
}

// room says whether a key is long enough. RFC 8017: PSS needs two hashes, one of
// them the salt, and two octets (section 9.1.1), PKCS #1 v1.5 the hash with 19
// octets of its name and 11 of padding (section 9.2).
func (s *Signature) room(pub crypto.PublicKey) bool {
	key, ok := pub.(*rsa.PublicKey)
	switch {
	case !ok:
		return true
	case s.kind == pss:
		return (key.N.BitLen()-1+7)/8 >= 2*s.Hash.Size()+2
	}
	return key.Size() >= s.Hash.Size()+30
}

// RSAMethod has the ways of authentication method 1, the default first. RFC 7296
// section 3.8: "implementations that support this type SHOULD support signatures
// that use SHA-1 as the hash function and SHOULD use SHA-1 as the default hash
// function when generating signatures"; the signature itself says which it is.
func RSAMethod() []*Signature {
	var ways []*Signature
	for _, s := range slices.Backward(signatures) {
		if s.kind == pkcs1 {
			ways = append(ways, s)
		}
	}
	return ways
}

// Sign signs the octets, which it hashes. rand serves the salt of PSS only: ECDSA
// draws its nonce from key and digest (RFC 6979), for a bad one gives the key
// away, and Ed25519 always does so.
func (s *Signature) Sign(rand io.Reader, key crypto.Signer, octets []byte) ([]byte, error) {
	if !s.Fits(key.Public()) {
		return nil, fmt.Errorf("suite: %s does not sign with %T", s.Name, key.Public())
	}
	if s.kind == ecdsaDER {
		rand = nil
	}
	var options crypto.SignerOpts = s.Hash
	if s.kind == pss {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.Hash}
	}
	return key.Sign(rand, s.digest(octets), options)
}

// Verify checks a signature made so. The error is ErrSignature, or says what is
// wrong with the key.
func (s *Signature) Verify(pub crypto.PublicKey, octets, sig []byte) error {
	if !s.Fits(pub) {
		return fmt.Errorf("suite: %s does not verify with %T", s.Name, pub)
	}
	ok := false
	switch digest := s.digest(octets); pub := pub.(type) {
	case *rsa.PublicKey:
		if err := checkRSAKey(pub); err != nil {
			return err
		}
		if s.kind == pss {
			ok = rsa.VerifyPSS(pub, s.Hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		} else {
			ok = rsa.VerifyPKCS1v15(pub, s.Hash, digest, sig) == nil
		}
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(pub, digest, sig)
	case ed25519.PublicKey:
		ok = ed25519.Verify(pub, digest, sig)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

func (s *Signature) digest(octets []byte) []byte {
	if s.Hash == 0 {
		return octets
	}
	h := s.Hash.New()
	h.Write(octets)
	return h.Sum(nil)
}

// An ECDSAMethod is one of authentication methods 9 to 11 (RFC 4754 section
// 3), which fix curve and hash; the signature is r and s, each as long as the
// curve's order.
type ECDSAMethod struct {
	Curve string
	Hash  crypto.Hash
	size  int // of r and of s, octets
}

// ECDSAMethods has them by their number.
var ECDSAMethods = map[uint8]ECDSAMethod{9: {"P-256", crypto.SHA256, 32}, 10: {"P-384", crypto.SHA384, 48}, 11: {"P-521", crypto.SHA512, 66}}

// ECDSAMethodFor finds the number for a key, 0 for none.
func ECDSAMethodFor(pub crypto.PublicKey) uint8 {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return 0
	}
	for n, m := range ECDSAMethods {
		if key.Curve.Params().Name == m.Curve {
			return n
		}
	}
	return 0
}

// Sign signs the octets, which it hashes, with a nonce from key and digest (RFC
// 6979).
func (m ECDSAMethod) Sign(key crypto.Signer, octets []byte) ([]byte, error) {
	h := m.Hash.New()
	h.Write(octets)
	der, err := key.Sign(nil, h.Sum(nil), m.Hash)
	if err != nil {
		return nil, err
	}
	var r, s []byte
	input, value := cryptobyte.String(der), cryptobyte.String(nil) // ECDSA-Sig-Value, RFC 3279 section 2.2.3
	if !input.ReadASN1(&value, asn1.SEQUENCE) || !value.ReadASN1Integer(&r) || !value.ReadASN1Integer(&s) || max(len(r), len(s)) > m.size {
		return nil, fmt.Errorf("suite: %T makes no ECDSA-Sig-Value", key)
	}
	sig := make([]byte, 2*m.size)
	copy(sig[m.size-len(r):], r)
	copy(sig[2*m.size-len(s):], s)
	return sig, nil
}

// Verify checks a signature made so.
func (m ECDSAMethod) Verify(pub crypto.PublicKey, octets, sig []byte) error {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok || key.Curve.Params().Name != m.Curve {
		return fmt.Errorf("suite: an ECDSA signature on %s needs a key of it", m.Curve)
	}
	if len(sig) != 2*m.size {
		return ErrSignature
	}
	h := m.Hash.New()
	h.Write(octets)
	if !ecdsa.Verify(key, h.Sum(nil), new(big.Int).SetBytes(sig[:m.size]), new(big.Int).SetBytes(sig[m.size:])) {
		return ErrSignature
	}
	return nil
}
