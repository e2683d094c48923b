package ikev1

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// agreement is the phase 1 policy both ends hold to.
type agreement struct {
	policy   *policy.ISAKMPPolicy // nil: none yet
	offered  time.Duration        // the lifetime in the offer
	lifetime time.Duration        // the one that holds
}

// usable are the policies whose authentication we can carry out.
func (s *Session) usable() ([]*policy.ISAKMPPolicy, error) {
	methods, err := s.methods()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(s.config.Policies), func(p *policy.ISAKMPPolicy) bool { return !slices.Contains(methods, p.Auth) }), nil
}

// phase1Offer is the SA of MM1 or AG1: one proposal with a transform for each
// policy, in the order of priority.
func phase1Offer(policies []*policy.ISAKMPPolicy) wire.SAV1 {
	p := wire.ProposalV1{Number: 1, Protocol: wire.ProtocolISAKMP}
	for i, pol := range policies {
		p.Transforms = append(p.Transforms, wire.TransformV1{Number: uint8(i + 1), ID: wire.TransformKeyIKE, Attributes: phase1Attributes(pol)})
	}
	return wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: []wire.ProposalV1{p}}
}

// phase1Attributes stand in IOS's order.
func phase1Attributes(p *policy.ISAKMPPolicy) []wire.Attribute {
	a := []wire.Attribute{{Type: wire.AttrEncr, Value: uint64(p.Encr.V1)}}
	if p.Encr.Bits != nil {
		a = append(a, wire.Attribute{Type: wire.AttrKeyLength, Value: uint64(p.Encr.KeyLen(p.KeyBits) * 8)})
	}
	return append(a,
		wire.Attribute{Type: wire.AttrHash, Value: uint64(p.Hash.V1)},
		wire.Attribute{Type: wire.AttrGroup, Value: uint64(p.Group.Number)},
		wire.Attribute{Type: wire.AttrAuth, Value: uint64(p.Auth)},
		wire.Attribute{Type: wire.AttrLifeType, Value: uint64(wire.LifeSeconds)},
		wire.Attribute{Type: wire.AttrLifeDuration, Value: uint64(p.Lifetime / time.Second)})
}

// phase1SA reads an SA payload of main mode: one proposal of protocol ISAKMP.
func phase1SA(body []byte) (wire.ProposalV1, error) {
	sa, err := wire.ParseSAV1(body)
	if err != nil {
		return wire.ProposalV1{}, err
	}
	if len(sa.Proposals) != 1 || sa.Proposals[0].Protocol != wire.ProtocolISAKMP {
		return wire.ProposalV1{}, reject(wire.NotifyBadProposalSyntax, "a phase 1 SA holds one proposal, of protocol ISAKMP")
	}
	return sa.Proposals[0], nil
}

// acceptOffer answers an offer with a policy that can be carried out now; message
// is what it came in. When there is none the peer is told and nothing begins.
func (s *Session) acceptOffer(message string, m *inbound, transforms []wire.TransformV1) (agreed agreement, accepted wire.TransformV1, ok bool) {
	if _, err := s.methods(); err != nil {
		s.reportMissing(err)
		s.failed(message, err.Error())
		s.refuseOffer(m)
		return agreement{}, wire.TransformV1{}, false
	}
	agreed, accepted = s.checkOffer(transforms)
	if agreed.policy == nil {
		s.failed(message, "no offer of the peer is acceptable")
		s.refuseOffer(m)
		return agreement{}, wire.TransformV1{}, false
	}
	return agreed, accepted, true
}

// checkOffer compares transforms with the policies and reports every
// comparison. The policy of the agreement is nil when none will do.
func (s *Session) checkOffer(transforms []wire.TransformV1) (agreement, wire.TransformV1) {
	var match policy.PolicyMatch
	if methods, err := s.methods(); err == nil { // else no policy can be carried out
		match = s.config.MatchISAKMPPolicy(transforms, methods...)
	}
	for _, c := range match.Checks {
		s.report(TransformChecked{
			SA: s.sa(), Transform: c.Transform, Priority: c.Policy.Priority, Refusal: c.Refusal,
			More: c.Transform.Number != transforms[len(transforms)-1].Number,
		})
	}
	if match.Policy == nil {
		s.report(NoOfferAccepted{SA: s.sa(), Exchange: s.exchange})
		return agreement{}, wire.TransformV1{}
	}
	a := agreement{policy: match.Policy, lifetime: match.Lifetime}
	a.offered = max(a.lifetime, readLife(match.Transform.Attributes, wire.AttrLifeType, wire.AttrLifeDuration).Duration)
	s.report(LifetimeAgreed{SA: s.sa(), Offered: a.offered, Actual: a.lifetime})
	return a, match.Transform
}

// maxSeconds bounds durations of the peer before they are counted with: a
// century.
const maxSeconds = 100 * 365 * 86400

// choiceOf is what the responder took of our offer, and the body of its SA
// payload: one transform, as it was offered.
func choiceOf(payloads []wire.Payload, offered []wire.TransformV1) (chosen wire.ProposalV1, body []byte, err error) {
	if body, err = one(payloads, wire.PayloadSA); err != nil {
		return chosen, nil, err
	}
	if chosen, err = phase1SA(body); err != nil {
		return chosen, nil, err
	}
	if len(chosen.Transforms) != 1 || !sameTransform(offered, chosen.Transforms[0]) {
		return chosen, nil, reject(wire.NotifyBadProposalSyntax, "the peer's choice is not one of our transforms")
	}
	return chosen, body, nil
}

// sameTransform says whether the peer returned a transform of ours. RFC 2409
// section 5: "If the initiator of an exchange notices that attribute values
// have changed or attributes have been added or deleted from an offer made,
// that response MUST be rejected." Numbers and encodings may differ: IOS
// renumbers.
func sameTransform(offered []wire.TransformV1, got wire.TransformV1) bool {
	return slices.ContainsFunc(offered, func(t wire.TransformV1) bool {
		return t.ID == got.ID && slices.EqualFunc(sorted(t.Attributes), sorted(got.Attributes), func(a, b wire.Attribute) bool {
			return a.Type == b.Type && a.Value == b.Value
		})
	})
}

// sorted orders attributes by type; a life type stays before its duration.
func sorted(a []wire.Attribute) []wire.Attribute {
	a = slices.Clone(a)
	slices.SortStableFunc(a, func(x, y wire.Attribute) int { return int(x.Type) - int(y.Type) })
	return a
}
