package policy

import (
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// TransformMatch is the answer to an IPsec SA offer of quick mode.
type TransformMatch struct {
	Set       *TransformSet    // nil: every offer was refused
	Proposal  wire.ProposalV1  // the accepted one, as offered, SPI of the offerer
	Transform wire.TransformV1 // the accepted one of Proposal, as offered
	Mode      ipsec.Mode
	UDP       bool           // the offer says UDP encapsulation (RFC 3947 section 5.1)
	Group     *suite.Group   // nil: no PFS
	Lifetime  ipsec.Lifetime // the lower of the offer's and the profile's
	Checks    []TransformCheck
}

// TransformCheck is one offered transform held against one transform set.
type TransformCheck struct {
	Proposal  wire.ProposalV1
	Transform wire.TransformV1
	Set       *TransformSet
	Refusal   string // in IOS's words, "" when acceptable
}

// MatchTransformSet compares an offer with the transform sets of a profile.
func MatchTransformSet(p *IPsecProfile, proposals []wire.ProposalV1) TransformMatch {
	return TransformMatch{}
}
