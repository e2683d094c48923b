package pki

import "crypto/x509"

// Iterations lets the fuzz target skip what would only burn time.
var Iterations = iterations

// MaxKnown is how many certificates of peers are remembered at most.
const MaxKnown = maxKnown

// Known is how many are, and Know adds one.
func (s *Snapshot) Known() int { return len(s.known.certs) }

func (s *Snapshot) Know(der []byte) {
	s.known.keep(knownCertificate{cert: &Certificate{X509: &x509.Certificate{Raw: der}}})
}
