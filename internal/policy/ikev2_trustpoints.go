package policy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
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

// ECKey says whether a trustpoint's key is one of elliptic curves: by its own words,
// else by the IKEv2 profiles that sign with it.
func (c *Config) ECKey(t pki.Settings) bool {
	if t.ECKeypair != "" || t.RSAKeypair != "" {
		return t.ECKeypair != ""
	}
	ec := false
	for _, p := range c.IKEv2.Profiles {
		only, _ := p.SignTrustpoints(false)
		if !slices.Contains(only, t.Name) {
			continue
		}
		if p.LocalAuth == IKEv2RSASig {
			return false
		}
		ec = ec || p.LocalAuth == IKEv2ECDSASig
	}
	return ec
}

// TrustpointPos is where a trustpoint is configured.
func TrustpointPos(t pki.Settings) ios.Pos {
	i := strings.LastIndexByte(t.Line, ':')
	line, err := strconv.Atoi(t.Line[i+1:])
	if err != nil {
		return ios.Pos{File: t.Line}
	}
	return ios.Pos{File: t.Line[:i], Line: line}
}
