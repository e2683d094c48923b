package policy

import (
	"time"

	"github.com/obol-ike/obol/wire"
)

// PolicyMatch is the answer to an ISAKMP SA offer.
type PolicyMatch struct {
	Policy    *ISAKMPPolicy    // nil: every offer was refused
	Transform wire.TransformV1 // the accepted one, as offered
	Lifetime  time.Duration    // the lower of the offer's and the policy's
	Checks    []PolicyCheck    // every comparison made, in order
}

// PolicyCheck is one offered transform held against one local policy.
type PolicyCheck struct {
	Transform wire.TransformV1
	Policy    *ISAKMPPolicy
	Refusal   string // in IOS's words, "" when acceptable
}

// MatchISAKMPPolicy compares an offer with the policies.  auths restricts the
// authentication methods that can be carried out now; none means any.
func (c *Config) MatchISAKMPPolicy(offer []wire.TransformV1, auths ...AuthMethod) PolicyMatch {
	return PolicyMatch{}
}
