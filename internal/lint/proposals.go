package lint

import (
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// agreed is the responder's isakmp policy that both would agree on, nil when
// there is none: the first of its own that the initiator offers too, among those
// whose authentication both can carry out. offered is the initiator's.
func (l link) agreed(i, r end) (accepted, offered *policy.ISAKMPPolicy) {
	if i.ikev2() != nil {
		return nil, nil
	}
	for _, q := range r.Config.Policies {
		for _, p := range i.Config.Policies {
			if same(p, q) && r.able(q.Auth) && i.able(q.Auth) {
				return q, p
			}
		}
	}
	return nil, nil
}

// same compares what is negotiated of two policies; the lower lifetime holds.
func same(p, q *policy.ISAKMPPolicy) bool {
	return p.Encr == q.Encr && p.KeyBits == q.KeyBits && p.Hash == q.Hash && p.Auth == q.Auth && p.Group == q.Group
}

// proposals tells of ends that have no algorithms for IKE in common.
func (c *checker) proposals(l link) {
	if l.a.ikev2() == nil {
		common := slices.ContainsFunc(l.a.Config.Policies, func(p *policy.ISAKMPPolicy) bool {
			return slices.ContainsFunc(l.b.Config.Policies, func(q *policy.ISAKMPPolicy) bool { return same(p, q) })
		})
		if !common {
			c.add(NoProposal, Error, append(policyPos(l.a), policyPos(l.b)...), "give both a policy with the same encryption, hash, authentication and group",
				"No isakmp policy of %s is one of %s", l.a.Name, l.b.Name)
		}
		return
	}
	a, b := l.a.Config.In(l.a.vrf()).IKEv2PolicyFor(l.a.local()).Policy, l.b.Config.In(l.b.vrf()).IKEv2PolicyFor(l.b.local()).Policy
	if a == nil || b == nil {
		return
	}
	for _, p := range a.Proposals {
		for _, q := range b.Proposals {
			if overlap(p, q) {
				return
			}
		}
	}
	c.add(NoProposal, Error, []ios.Pos{a.Proposals[0].Pos, b.Proposals[0].Pos}, "give both a proposal with an encryption, an integrity, a prf and a group in common",
		"No ikev2 proposal of %s has algorithms of every kind in common with one of %s", l.a.Name, l.b.Name)
}

func policyPos(e end) (all []ios.Pos) {
	for _, p := range e.Config.Policies {
		all = append(all, p.Pos)
	}
	return all
}

// overlap says whether two proposals have something of every kind in common.
func overlap(p, q *policy.IKEv2Proposal) bool {
	return slices.ContainsFunc(p.Encr, func(e policy.IKEv2Encryption) bool { return slices.Contains(q.Encr, e) }) &&
		slices.ContainsFunc(p.PRF, func(h *suite.Hash) bool { return slices.Contains(q.PRF, h) }) &&
		slices.ContainsFunc(p.Groups, func(g *suite.Group) bool { return slices.Contains(q.Groups, g) }) &&
		(len(p.Integ) == 0 || slices.ContainsFunc(p.Integ, func(i *suite.Integrity) bool { return slices.Contains(q.Integ, i) }))
}

// transforms tells of ends that have no algorithms for ESP and AH in common.
func (c *checker) transforms(l link) {
	for _, s := range l.a.ipsec().Transforms {
		for _, t := range l.b.ipsec().Transforms {
			if s.Encr == t.Encr && s.KeyBits == t.KeyBits && s.Integ == t.Integ && s.AH == t.AH {
				return
			}
		}
	}
	where := []ios.Pos{l.a.ipsec().Transforms[0].Pos, l.b.ipsec().Transforms[0].Pos}
	c.add(NoTransform, Error, where, "give both ipsec profiles a transform-set with the same transforms", "No transform-set of %s, on %s, is one of %s, on %s", l.a.Name, l.a.tunnel.Name, l.b.Name, l.b.tunnel.Name)
}
