package pki

import "time"

// Policy is what the verdicts tolerate. The zero value is IOS 15.3: MD5 and
// SHA-1 signatures are accepted, with a note, and RSA keys from 512 bits up.
type Policy struct {
	RefuseMD5  bool
	RefuseSHA1 bool
	MinRSABits int // 0: 512
}

// VerdictCode says what a chain was refused for.
type VerdictCode uint8

// Verdict codes.
const (
	VerdictOK         VerdictCode = iota
	NoTrustpoint                  // no permitted trustpoint issued it
	BadSignature                  // a signature does not verify
	Expired                       // notAfter has passed
	NotYetValid                   // notBefore is to come
	Revoked                       // the issuer's CRL lists it
	NoCRL                         // revocation-check crl without a valid CRL
	WeakHash                      // MD5 or SHA-1 against the policy
	WeakKey                       // key too small or of an unusable kind
	NotCA                         // the issuer is no CA
	PathLength                    // the issuer's path length constraint is exceeded
	KeyUsage                      // the key usage does not permit it
	CriticalExtension             // an unknown critical extension
	Malformed                     // an empty chain, or beyond the limits
)

// Verdict is the answer about a peer's certificate chain.
type Verdict struct {
	OK         bool
	Trustpoint string // whose CA anchors the chain; "" when none does
	Code       VerdictCode
	Reason     string   // one sentence, also when OK
	Notes      []string // accepted, but the reader should know
	// The certificate that the verdict is about: the leaf when OK, else the
	// one that was refused.
	Certificate     *Certificate
	Subject, Issuer Name
	Serial          string
	Path            []*Certificate // when OK: from the leaf to the anchor
}

// Verify judges the peer's certificates, leaf first. The CAs of the trustpoints
// in only are the anchors; an empty list means all trustpoints.
func (s *Snapshot) Verify(chain []*Certificate, only []string, now time.Time) Verdict {
	return Verdict{Code: NoTrustpoint}
}
