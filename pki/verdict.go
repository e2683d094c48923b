package pki

import (
	"fmt"
	"time"
)

// Policy is what the verdicts tolerate. The zero value is IOS 15.3: MD5 and
// SHA-1 signatures are accepted, with a note, and RSA keys from 512 bits up.
type Policy struct {
	RefuseMD5  bool
	RefuseSHA1 bool
	MinRSABits int // 0: 512
	// CRLCacheLen is how many octets of CRLs that servers gave are kept; 0: 32 MB,
	// which is the most.
	CRLCacheLen int
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
	Revoked                       // the issuer's CRL lists it, or its responder says so
	NoCRL                         // revocation-check without a valid answer
	WeakHash                      // MD5 or SHA-1 against the policy
	WeakKey                       // key too small, too large or of an unusable kind
	NotCA                         // the issuer is no CA
	NotPeer                       // a CA's certificate stands where the peer's should
	PathLength                    // a path length constraint is exceeded
	KeyUsage                      // the key usage does not permit it
	ExtendedKeyUsage              // it is for other purposes
	NameConstraint                // a CA above may not issue to this name
	Unauthorized                  // the trustpoint's match certificate does not take it
	CriticalExtension             // a critical extension that is not understood
	Malformed                     // no certificate, or beyond the limits
)

func (c VerdictCode) String() string {
	return [...]string{
		VerdictOK: "ok", NoTrustpoint: "no trustpoint", BadSignature: "bad signature", Expired: "expired",
		NotYetValid: "not yet valid", Revoked: "revoked", NoCRL: "no CRL", WeakHash: "weak hash", WeakKey: "weak key",
		NotCA: "not a CA", NotPeer: "not a peer's", PathLength: "path length", KeyUsage: "key usage",
		ExtendedKeyUsage: "extended key usage", NameConstraint: "name constraint", Unauthorized: "unauthorized",
		CriticalExtension: "critical extension", Malformed: "malformed",
	}[c]
}

// Verdict is the answer about a peer's certificate chain.
type Verdict struct {
	OK         bool
	Trustpoint string // whose CA anchors the chain; "" when none does
	Code       VerdictCode
	Reason     string   // one sentence, also when OK
	Notes      []string // accepted, but the reader should know
	// The certificate that the verdict is about: the leaf when OK, else the
	// one that was refused; nil when the peer sent none.
	Certificate     *Certificate
	Subject, Issuer Name
	Serial          string
	Path            []*Certificate // from the leaf to the anchor; when OK
	CRLs            int            // that were looked into
	// Queries are what servers might still tell: the verdict is what holds without.
	Queries []Query
}

// about fills in the certificate that the verdict is about.
func (v Verdict) about(c *Certificate) Verdict {
	v.Certificate, v.Subject, v.Issuer, v.Serial = c, c.Subject, c.Issuer, c.Serial
	return v
}

// Verify judges the peer's certificates, leaf first; the order of the others
// does not matter. The CAs of the trustpoints in only are the anchors, those of
// all trustpoints when the list is empty. Of several paths the first that
// stands counts; when none does, the reason is that of the first one that
// reached an anchor.
//
// Where a verdict has Queries, whoever can wait asks them, gives the answers to Learn
// and verifies again; whoever cannot takes it as it is.
func (s *Snapshot) Verify(chain []*Certificate, only []string, now time.Time) Verdict {
	if len(chain) == 0 {
		return Verdict{Code: Malformed, Reason: "the peer sent no certificate"}
	}
	leaf := chain[0]
	if len(chain) > MaxChain {
		return Verdict{Code: Malformed, Reason: fmt.Sprintf("the peer sent %d certificates, at most %d are accepted", len(chain), MaxChain)}.about(leaf)
	}
	search := newSearch(s, chain, only, now)
	if tp := search.anchor(leaf); tp != nil {
		return Verdict{Code: NotPeer, Trustpoint: tp.Name, Reason: describe(leaf) + ": it is the CA certificate of the trustpoint itself"}.about(leaf)
	}
	v, ok := search.extend(chain[:1:1])
	if !ok {
		v = search.failure(leaf, only)
	}
	v.CRLs = search.crls
	return v
}
