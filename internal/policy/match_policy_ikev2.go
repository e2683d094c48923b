package policy

import (
	"fmt"
	"net/netip"
	"slices"
)

// IKEv2PolicyChoice is the policy of an exchange.
type IKEv2PolicyChoice struct {
	Policy   *IKEv2Policy // nil: none; its proposals are in order of preference
	Default  bool         // it is the one that IOS has without being told
	Reason   string
	AlsoRans []IKEv2PolicyAlsoRan
}

// IKEv2PolicyAlsoRan is a policy that was not taken.
type IKEv2PolicyAlsoRan struct {
	Policy *IKEv2Policy
	Why    string
}

// IKEv2PolicyFor finds the policy for peers of a local address. One that names the
// address goes before one for all addresses, one for the peers' VRF before one for any,
// and of equal ones the first configured.
func (c *Config) IKEv2PolicyFor(local netip.Addr) IKEv2PolicyChoice {
	choice := IKEv2PolicyChoice{Reason: "no IKEv2 policy is for local address " + local.String()}
	lose := func(p *IKEv2Policy, why string) {
		choice.AlsoRans = append(choice.AlsoRans, IKEv2PolicyAlsoRan{p, why})
	}
	best := 0
	for _, p := range c.IKEv2.Policies {
		rank, why := p.rank(c.fvrf, local)
		switch {
		case rank == 0:
			lose(p, why)
			continue
		case rank == best:
			lose(p, fmt.Sprintf("policy %s is as specific, and stands first", choice.Policy.Name))
			continue
		case rank < best:
			lose(p, fmt.Sprintf("policy %s is more specific", choice.Policy.Name))
			continue
		case choice.Policy != nil:
			lose(choice.Policy, fmt.Sprintf("policy %s is more specific", p.Name))
		}
		best, choice.Policy = rank, p
	}
	if p := choice.Policy; p != nil {
		choice.Default = p.Pos.Line == 0
		choice.Reason = fmt.Sprintf("Found Policy '%s'", p.Name)
	}
	return choice
}

// rank is 0 for a policy that is not for the local address, with why.
func (p *IKEv2Policy) rank(fvrf string, local netip.Addr) (rank int, why string) {
	rank = 1
	switch {
	case p.FVRF == fvrf:
		rank = 2
	case p.FVRF != anyFVRF:
		return 0, whose(p.FVRF)
	}
	switch {
	case len(p.Local) == 0:
	case !slices.Contains(p.Local, local):
		return 0, fmt.Sprintf("match address local is %v, not %s", p.Local, local)
	default:
		rank += 2
	}
	return rank, ""
}
