package policy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
)

// SignTrustpoints are those that a profile may sign with, in order; empty: all.
// An initiator without any builds no certificate payload: ok is false. What the
// profile does not list a responder takes from the global list.
func (p *IKEv2Profile) SignTrustpoints(initiator bool) (only []string, ok bool) {
	for _, t := range p.Trustpoints {
		if t.Sign {
			only = append(only, t.Name)
		}
	}
	return only, len(only) > 0 || !initiator
}

// VerifyTrustpoints are those that a profile verifies by, in order; empty: all.
func (p *IKEv2Profile) VerifyTrustpoints() []string {
	var names []string
	for _, t := range p.Trustpoints {
		if t.Verify {
			names = append(names, t.Name)
		}
	}
	return names
}

// Fits says whether a method is carried out with a key of this kind. Ed25519,
// which IOS does not know, is an elliptic curve's.
func (a IKEv2Auth) Fits(pub crypto.PublicKey) bool {
	switch pub.(type) {
	case *rsa.PublicKey:
		return a == IKEv2RSASig
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return a == IKEv2ECDSASig
	}
	return false
}
