package pki

import (
	"bytes"
	"crypto/sha256"
	"sync"
)

// maxKnown bounds what a snapshot remembers: at five kilobytes a certificate, little
// more than a megabyte.
const maxKnown = 256

// known are the peers' certificates of chains that stood, with the issuer whose
// key signed each: of a peer that comes back they need not be parsed, nor that
// signature verified, again. Whatever else may refuse a chain, time and revocation
// among it, is looked at each time. It is of one policy, and empty at first.
type known struct {
	mu    sync.Mutex
	certs map[[sha256.Size]byte]knownCertificate
}

type knownCertificate struct {
	cert, issuer *Certificate
	note         string // about its signature
}

func newKnown() *known { return &known{certs: map[[sha256.Size]byte]knownCertificate{}} }

func (k *known) find(der []byte) (knownCertificate, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.certs[sha256.Sum256(der)]
	return c, ok
}

// keep is for certificates of a chain that stood only: whoever no CA vouches for
// cannot fill the memory.
func (k *known) keep(c knownCertificate) {
	id := sha256.Sum256(c.cert.Raw())
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, again := k.certs[id]; !again && len(k.certs) >= maxKnown {
		clear(k.certs)
	}
	k.certs[id] = c
}

// Certificate is ParseCertificate for one that a peer sent; der is not kept.
func (s *Snapshot) Certificate(der []byte) (*Certificate, error) {
	if k, ok := s.known.find(der); ok {
		return k.cert, nil
	}
	return ParseCertificate(bytes.Clone(der))
}

// signature is signatureBy under the snapshot's policy.
func (s *Snapshot) signature(c, issuer *Certificate) (note string, _ *refusal) {
	if k, ok := s.known.find(c.Raw()); ok && k.issuer.Equal(issuer) {
		return k.note, nil
	}
	return signatureBy(c, issuer, s.policy)
}
