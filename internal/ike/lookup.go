package ike

import (
	"crypto/sha1"
	"net/netip"
)

// MaxAnswer is the most octets that the answer to a Lookup may have. A certificate
// has one or two thousand.
const MaxAnswer = 16 << 10

// Lookup asks for what is at a URL: a certificate that a peer shows by hash and URL
// (RFC 7296 section 3.6). The answer is Engine.HandleLookup with the same ID. Who
// named the URL is not authenticated yet.
type Lookup struct {
	ID   LookupID
	Peer netip.Addr
	URL  string          // http://
	SHA1 [sha1.Size]byte // that it has to have; who asked checks it
}

// LookupID names a Lookup of an engine.
type LookupID struct {
	ConnID uint32 // of the IKE SA that waits
	Index  int    // among its CERT payloads
}

// Answer is what a Lookup found, or why it found nothing.
type Answer struct {
	Data []byte
	Err  error
}

func (Lookup) output() {}
