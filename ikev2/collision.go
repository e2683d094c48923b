package ikev2

import "bytes"

// A contest is between two exchanges that replace the same SA, one begun at each
// end. RFC 7296 section 2.8.1: "the SA created with the lowest of the four nonces
// used in the two exchanges SHOULD be closed by the endpoint that created it", and
// section 2.8.2 says the same of IKE SAs. Both ends see all four, so both come to
// the same answer, whatever is lost on the way.
type contest struct{ lowest []byte } // nonce of the peer's exchange; nil: there is none

// enter notes the nonces of the peer's exchange.
func (c *contest) enter(ni, nr []byte) { c.lowest = lower(ni, nr) }

// leave takes the peer's exchange back: it came to nothing.
func (c *contest) leave() { c.lowest = nil }

// lost says whether our exchange, with these nonces, is the one to be closed.
func (c *contest) lost(ni, nr []byte) bool {
	return c.lowest != nil && bytes.Compare(lower(ni, nr), c.lowest) < 0
}

// lower compares octet by octet; a nonce that the other begins with is the lower.
func lower(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}
