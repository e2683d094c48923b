package ike

import (
	"crypto/sha1"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/pki"
)

// MaxAnswer is the most octets that the answer to a Lookup may have. A certificate
// has one or two thousand.
const MaxAnswer = 16 << 10

// LookupTime is how long an exchange waits for the answers to its Lookups, all
// together: far below what a peer repeats its message, so that it hears of a failure.
const LookupTime = 10 * time.Second

// MaxLooks is how often an exchange looks at a peer's chain and finds that there is more
// to ask: an answer may lead to another question, to which the chain names the server.
const MaxLooks = 16

// Lookup asks for what is elsewhere. It is a certificate that a peer shows by hash and
// URL (RFC 7296 section 3.6), who is not authenticated yet; or, with a Query, evidence
// about a certificate of a chain that is trusted. The answer is Engine.HandleLookup
// with the same ID.
type Lookup struct {
	ID   LookupID
	Peer netip.Addr
	URL  string          // http://
	SHA1 [sha1.Size]byte // that it has to have; who asked checks it

	Query *pki.Query // nil: a certificate of the peer's
}

// LookupID names a Lookup of an engine.
type LookupID struct {
	ConnID uint32 // of the IKE SA that waits; 0 for a Query, for which many may wait
	Index  int    // among its CERT payloads, or among the queries
}

// Answer is what a Lookup found, or why it found nothing.
type Answer struct {
	Data    []byte       // the certificate
	Finding *pki.Finding // of a Query
	Err     error
}

// Inquire asks for evidence that a session waits for: the engine makes Lookups of it,
// one for all sessions that ask the same, and calls HandleEvidence when there is more.
type Inquire struct{ Queries []pki.Query }

// Unchecked says why a peer's proof is not judged yet: servers have to be asked
// first. It is no error of the peer's.
type Unchecked struct{ Queries []pki.Query }

func (*Unchecked) Error() string { return "its certificate is not checked for revocation yet" }

func (Lookup) output()  {}
func (Inquire) output() {}
