package ikev2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// signedOctets are what one end authenticates. RFC 7296 section 2.15, of the
// initiator:
//
//	InitiatorSignedOctets = RealMessage1 | NonceRData | MACedIDForI
//	MACedIDForI = prf(SK_pi, RestOfInitIDPayload)
//
// message is that end's whole IKE_SA_INIT message, nonce the other end's, p its
// SK_p, id the body of its ID payload. intermediate is IntAuth of RFC 9242 section
// 3.3.2, nil without an IKE_INTERMEDIATE.
func signedOctets(prf *suite.Hash, message, nonce []byte, p suite.Key, id, intermediate []byte) []byte {
	return slices.Concat(message, nonce, prf.PRF(p, id), intermediate)
}

// keyPad is what RFC 7296 section 2.15 puts under a shared secret, without a zero
// at its end.
const keyPad = "Key Pad for IKEv2"

var errNoKey = errors.New("ikev2: there is no pre-shared key")

// presharedAuth, RFC 7296 section 2.15: "AUTH = prf( prf(Shared Secret, "Key Pad
// for IKEv2"), <InitiatorSignedOctets>)".
func presharedAuth(prf *suite.Hash, key suite.Key, octets []byte) (wire.AuthV2, error) {
	if len(key) == 0 {
		return wire.AuthV2{}, errNoKey
	}
	padded := suite.Key(prf.PRF(key, []byte(keyPad)))
	defer padded.Wipe()
	return wire.AuthV2{Method: wire.AuthPSK, Data: prf.PRF(padded, octets)}, nil
}

// verifyPreshared checks the AUTH of a peer that has to have the key.
func verifyPreshared(prf *suite.Hash, key suite.Key, octets []byte, got wire.AuthV2) error {
	want, err := presharedAuth(prf, key, octets)
	switch {
	case err != nil:
		return reject(wire.V2AuthenticationFailed, "%v", err)
	case got.Method != wire.AuthPSK:
		return reject(wire.V2AuthenticationFailed, "the peer authenticates by %s, not with a pre-shared key", got.Method)
	case !hmac.Equal(want.Data, got.Data):
		return reject(wire.V2AuthenticationFailed, "AUTH does not verify: the peer's pre-shared key is another one")
	}
	return nil
}

// signatureHashes is what SIGNATURE_HASH_ALGORITHMS of ours announces. SHA-1 is
// not in it: who has nothing better has method 1.
var signatureHashes = []wire.HashAlgorithm{wire.HashSHA256, wire.HashSHA384, wire.HashSHA512, wire.HashIdentity}

// hashNotify is that notify.
func hashNotify() wire.NotifyV2 {
	n := wire.NotifyV2{Type: wire.V2SignatureHashAlgorithms}
	for _, h := range signatureHashes {
		n.Data = append(n.Data, byte(h>>8), byte(h))
	}
	return n
}

// signAuth makes AUTH with a private key. A peer that has announced hashes takes
// method 14 (RFC 7427); for any other it is method 1 with an RSA key, which is
// IOS's, and methods 9 to 11 with an ECDSA key (RFC 4754).
func signAuth(rand io.Reader, key crypto.Signer, announced []wire.HashAlgorithm, octets []byte) (wire.AuthV2, error) {
	way := suite.SignatureFor(key.Public(), func(id uint16) bool { return slices.Contains(announced, wire.HashAlgorithm(id)) })
	if way != nil {
		sig, err := way.Sign(rand, key, octets)
		if err != nil {
			return wire.AuthV2{}, fmt.Errorf("ikev2: signing by %s: %w", way.Name, err)
		}
		return wire.SignatureV2(way.ID, sig), nil
	}
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		sig, err := suite.RSAMethod()[0].Sign(rand, key, octets)
		return signed(wire.AuthRSA, sig, err)
	}
	number := suite.ECDSAMethodFor(key.Public())
	if number == 0 {
		return wire.AuthV2{}, fmt.Errorf("ikev2: the peer announces no hash that a signature of %T needs", key.Public())
	}
	sig, err := suite.ECDSAMethods[number].Sign(key, octets)
	return signed(wire.AuthMethod(number), sig, err)
}

func signed(m wire.AuthMethod, sig []byte, err error) (wire.AuthV2, error) {
	if err != nil {
		return wire.AuthV2{}, fmt.Errorf("ikev2: signing by %s: %w", m, err)
	}
	return wire.AuthV2{Method: m, Data: sig}, nil
}

// verifySignature checks the AUTH of a peer whose certificate has the key. allowed
// are the methods that the profile takes of a peer; announced says whether our
// SIGNATURE_HASH_ALGORITHMS went out, without which method 14 is not spoken.
func verifySignature(pub crypto.PublicKey, allowed []policy.IKEv2Auth, announced bool, octets []byte, got wire.AuthV2) error {
	if !takesKey(allowed, pub) {
		return reject(wire.V2AuthenticationFailed, "the profile takes no authentication with a key of %T", pub)
	}
	if err := checkSignature(pub, announced, octets, got); err != nil {
		return reject(wire.V2AuthenticationFailed, "AUTH does not verify: %v", err)
	}
	return nil
}

// takesKey says whether one of the methods is carried out with a key.
func takesKey(allowed []policy.IKEv2Auth, pub crypto.PublicKey) bool {
	return slices.ContainsFunc(allowed, func(a policy.IKEv2Auth) bool { return a.Fits(pub) })
}

func checkSignature(pub crypto.PublicKey, announced bool, octets []byte, got wire.AuthV2) error {
	switch m, isECDSA := suite.ECDSAMethods[uint8(got.Method)]; {
	case isECDSA:
		return m.Verify(pub, octets, got.Data)
	case got.Method == wire.AuthRSA:
		return checkRSA(pub, octets, got.Data)
	case got.Method != wire.AuthSignature:
		return fmt.Errorf("the peer authenticates by %s", got.Method)
	case !announced:
		return errors.New("a digital signature that nobody has announced to understand")
	}
	id, sig, err := got.Algorithm()
	if err != nil {
		return err
	}
	way, ok := suite.SignatureByID(id)
	if !ok || !slices.Contains(signatureHashes, wire.HashAlgorithm(way.HashID)) {
		return fmt.Errorf("a digital signature by algorithm %x, which was not announced", id)
	}
	return way.Verify(pub, octets, sig)
}

// checkRSA tries the hashes that method 1 leaves open.
func checkRSA(pub crypto.PublicKey, octets, sig []byte) (err error) {
	for _, way := range suite.RSAMethod() {
		if err = way.Verify(pub, octets, sig); err == nil {
			return nil
		}
	}
	return err
}

// authName is a method in the words of debug crypto ikev2: "My authentication
// method is 'PSK'".
func authName(m wire.AuthMethod, pub crypto.PublicKey) string {
	switch {
	case m == wire.AuthPSK:
		return "PSK"
	case m == wire.AuthRSA:
		return "RSA"
	}
	switch pub.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "ECDSA"
	}
	return m.String()
}
