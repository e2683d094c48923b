package wire

// Payload types of RFC 7296 section 3.2 and RFC 7383 that end a chain: what is
// in them is encrypted, and their next payload is the first one inside.
const (
	PayloadSK  PayloadType = 46
	PayloadSKF PayloadType = 53
)

func (t PayloadType) encrypts() bool { return t == PayloadSK || t == PayloadSKF }
