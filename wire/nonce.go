package wire

// Limits of a nonce in octets. RFC 2409 section 5: "The length of nonce payload
// MUST be between 8 and 256 bytes inclusive."
const (
	MinNonce = 8
	MaxNonce = 256
)

// ParseNonce checks the body of a nonce payload, which is the nonce itself.
func ParseNonce(body []byte) ([]byte, error) {
	if len(body) < MinNonce || len(body) > MaxNonce {
		return nil, malformed(PayloadNonce, 0, "nonce of %d octets, not between %d and %d", len(body), MinNonce, MaxNonce)
	}
	return body, nil
}
