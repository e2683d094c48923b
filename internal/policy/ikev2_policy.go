package policy

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

type ikev2PolicyPart struct {
	v2Policies blocks[string, ikev2PolicyDraft]
	v2Policy   *ikev2PolicyDraft
	noV2Policy bool // no crypto ikev2 policy default
}

type ikev2PolicyDraft struct {
	IKEv2Policy
	at        ios.Place
	proposals []ref
}

var ikev2PolicyCommands = []ios.Command[*builder]{
	{Syntax: "crypto ikev2 policy name:WORD", Enter: ikev2PolicyMode, Do: ikev2Policy},
}

var ikev2PolicyMode = (&ios.Mode[*builder]{Name: "config-ikev2-policy", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "match fvrf name:WORD", Do: func(b *builder, m *ios.Match) {
		b.v2Policy.FVRF = set(m, "name")
	}},
	ios.Command[*builder]{Syntax: "match address local {A.B.C.D | X:X::X}", Do: func(b *builder, m *ios.Match) {
		b.v2Policy.Local = changeAddress(b.v2Policy.Local, m)
	}},
	ios.Command[*builder]{Syntax: "proposal name:WORD", Do: policyProposal},
)

// changeAddress adds the address of a line to a list, or takes it out.
func changeAddress(list []netip.Addr, m *ios.Match) []netip.Addr {
	a := m.Addr("A.B.C.D")
	if !a.IsValid() {
		a = m.Addr("X:X::X")
	}
	list = slices.DeleteFunc(list, func(x netip.Addr) bool { return x == a })
	if m.Form == ios.Set {
		list = append(list, a)
	}
	return list
}

func ikev2Policy(b *builder, m *ios.Match) {
	name := m.Str("name")
	if name == smartDefault {
		b.noV2Policy = m.Form == ios.No
	}
	if m.Form != ios.Set {
		b.v2Policies.drop(name)
		return
	}
	b.v2Policy = b.v2Policies.open(name, func() *ikev2PolicyDraft {
		return &ikev2PolicyDraft{at: m.Place("name"), IKEv2Policy: IKEv2Policy{Name: name, Pos: m.Line.Pos}}
	})
}

func policyProposal(b *builder, m *ios.Match) {
	p, r := b.v2Policy, refOf(m, "name")
	p.proposals = slices.DeleteFunc(p.proposals, func(x ref) bool { return x.name == r.name || r.name == "" })
	if m.Form == ios.Set {
		p.proposals = append(p.proposals, r)
	}
}

func (b *builder) finishIKEv2Policies() {
	for _, d := range b.v2Policies.all {
		for _, r := range d.proposals {
			if p := b.ikev2ProposalNamed(r.name); p != nil {
				d.Proposals = append(d.Proposals, p)
			} else if b.v2Proposals.get(r.name) == nil {
				b.missing(r, "ikev2 proposal", b.v2Proposals.keys)
			}
		}
		if len(d.Proposals) == 0 {
			b.warn(d.at, "IKEv2 policy MUST have atleast one complete proposal attached; policy %s is not used", d.Name)
			continue
		}
		b.cfg.IKEv2.Policies = append(b.cfg.IKEv2.Policies, &d.IKEv2Policy)
	}
	if p := b.ikev2ProposalNamed(smartDefault); p != nil && b.v2Policies.get(smartDefault) == nil && !b.noV2Policy {
		b.cfg.IKEv2.Policies = append(b.cfg.IKEv2.Policies, &IKEv2Policy{Name: smartDefault, FVRF: anyFVRF, Proposals: []*IKEv2Proposal{p}})
	}
}
