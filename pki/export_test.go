package pki

import (
	"crypto/x509"
	"errors"
	"time"
)

// Iterations lets the fuzz target skip what would only burn time.
var Iterations = iterations

// MaxKnown is how many certificates of peers are remembered at most.
const MaxKnown = maxKnown

// Known is how many are, and Know adds one.
func (s *Snapshot) Known() int { return len(s.known.certs) }

func (s *Snapshot) Know(der []byte) {
	s.known.keep(knownCertificate{cert: &Certificate{X509: &x509.Certificate{Raw: der}}})
}

// Bounds of what servers told.
const (
	MaxFailures   = maxFailures
	MaxHeldStatus = maxHeldStatus
)

// Tell has a responder fail about a certificate of so many octets, and then answer. It
// gives how many failures and answers are kept.
func (s *Snapshot) Tell(raw []byte, issuer *Certificate, now time.Time) (failures, answers int) {
	c := &Certificate{X509: &x509.Certificate{Raw: raw}}
	s.Learn(&Query{evidence: s.evidence, Method: RevocationOCSP, cert: c, issuer: issuer, URLs: []string{string(raw)}}, nil, errors.New("no"), now)
	failures = len(s.evidence.failed)
	s.Learn(&Query{evidence: s.evidence, Method: RevocationOCSP, cert: c, issuer: issuer}, &Finding{until: now.Add(time.Hour)}, nil, now)
	return failures, len(s.evidence.status)
}
