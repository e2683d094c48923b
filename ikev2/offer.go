package ikev2

import (
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// algorithms are those that an IKE SA was negotiated with.
type algorithms struct {
	encr       *suite.Cipher
	bits       int // 0 for ciphers with one size
	prf        *suite.Hash
	integ      *suite.Integrity // nil with a combined cipher
	group      *suite.Group
	additional []*suite.Group // one for each additional key exchange, in their order
}

// lengths are those of the keys.
func (a algorithms) lengths() Lengths {
	n := Lengths{Encr: a.encr.KeyLen(a.bits) + a.encr.SaltLen}
	if a.integ != nil {
		n.Integ = a.integ.KeyLen
	}
	return n
}

// Checked is a proposal of the peer held against one of ours.
type Checked struct {
	Number  uint8  // of the peer's proposal
	Ours    string // name of the proposal, or of the transform set
	Refusal string // "" when it was taken
}

// ikeOffer is the SA payload of IKE_SA_INIT, or with an SPI that of a rekeying: a
// proposal for each configured one. With a combined cipher there is no INTEG, which
// is what RFC 7296 section 3.3 recommends; NONE there is as good.
func ikeOffer(proposals []*policy.IKEv2Proposal, spi []byte) wire.SAV2 {
	sa := make(wire.SAV2, len(proposals))
	for i, p := range proposals {
		sa[i] = wire.ProposalV2{Number: uint8(i + 1), Protocol: wire.ProtocolISAKMP, SPI: spi}
		add := func(t wire.TransformType, id uint16, bits int) {
			sa[i].Transforms = append(sa[i].Transforms, wire.TransformV2{Type: t, ID: id, KeyBits: uint16(bits)})
		}
		for _, e := range p.Encr {
			add(wire.TransformEncr, e.Cipher.V2, e.Bits)
		}
		for _, h := range p.PRF {
			add(wire.TransformPRF, h.V2, 0)
		}
		for _, integ := range p.Integ {
			add(wire.TransformInteg, integ.V2, 0)
		}
		for _, g := range p.Groups {
			add(wire.TransformKE, g.Number, 0)
		}
		for j, g := range p.Additional {
			add(wire.TransformAKE1+wire.TransformType(j), g.Number, 0)
		}
	}
	return sa
}

// offersGroup finds a group in an offer of ours: one that the peer asks for by
// INVALID_KE_PAYLOAD has to be there.
func offersGroup(offer wire.SAV2, number uint16) (*suite.Group, bool) {
	for _, p := range offer {
		if p.Has(wire.TransformV2{Type: wire.TransformKE, ID: number}) {
			return suite.GroupV2(number)
		}
	}
	return nil, false
}

// ikeChoice is the responder's answer to an offer.
type ikeChoice struct {
	algorithms
	ours   *policy.IKEv2Proposal
	answer wire.ProposalV2 // the peer's number and one transform of each type; the SPI is the peer's
	checks []Checked
}

// chooseIKE looks for the first proposal of ours that one of the peer's agrees
// with; of each type the first of ours that he has is taken. spi is the length
// that the proposals must have: 0 octets for a first IKE SA, 8 for a new one of
// an old. ok is false when there is none.
func chooseIKE(proposals []*policy.IKEv2Proposal, offer wire.SAV2, spi int) (c ikeChoice, ok bool) {
	for _, ours := range proposals {
		want := wanted(ours)
		for _, theirs := range offer {
			chosen, refusal := want.match(theirs, spi)
			c.checks = append(c.checks, Checked{theirs.Number, ours.Name, refusal})
			if refusal != "" {
				continue
			}
			c.ours = ours
			c.answer = wire.ProposalV2{Number: theirs.Number, Protocol: theirs.Protocol, SPI: theirs.SPI, Transforms: chosen}
			c.algorithms = readAlgorithms(chosen)
			return c, true
		}
	}
	return c, false
}

// ikeWants are the transforms of a proposal of ours by type, the preferred first.
type ikeWants struct {
	byType     [wire.TransformKE + 1][]wire.TransformV2
	additional []*suite.Group
}

func wanted(ours *policy.IKEv2Proposal) (w ikeWants) {
	for _, t := range ikeOffer([]*policy.IKEv2Proposal{ours}, nil)[0].Transforms {
		if t.Type <= wire.TransformKE {
			w.byType[t.Type] = append(w.byType[t.Type], t)
		}
	}
	if len(ours.Integ) == 0 {
		w.byType[wire.TransformInteg] = none(wire.TransformInteg)
	}
	w.additional = ours.Additional
	return w
}

// match gives the transforms to answer with, or why the two do not agree.
func (w ikeWants) match(theirs wire.ProposalV2, spi int) (chosen []wire.TransformV2, refusal string) {
	switch {
	case theirs.Protocol != wire.ProtocolISAKMP:
		return nil, fmt.Sprintf("it is of protocol %s", theirs.Protocol)
	case len(theirs.SPI) != spi:
		return nil, fmt.Sprintf("its SPI has %d octets, not %d", len(theirs.SPI), spi)
	}
	if refusal := misplaced(theirs, ikeTypes); refusal != "" {
		return nil, refusal
	}
	for t := wire.TransformEncr; t <= wire.TransformKE; t++ {
		x, refusal := pick(theirs, t, w.byType[t])
		if refusal != "" {
			return nil, refusal
		}
		chosen = append(chosen, x...)
	}
	more, refusal := pickAdditional(theirs, w.additional)
	return append(chosen, more...), refusal
}

// ikeTypes are the transform types that a proposal for an IKE SA may have.
func ikeTypes(t wire.TransformType) bool {
	return t >= wire.TransformEncr && t <= wire.TransformKE || additional(t)
}

func additional(t wire.TransformType) bool {
	return t >= wire.TransformAKE1 && t <= wire.TransformAKE7
}

// misplaced looks for a transform type that has no place in a proposal. RFC 7296
// section 3.3.6: "If the responder receives a proposal that contains a Transform
// Type it does not understand, or a proposal that is missing a mandatory Transform
// Type, it MUST consider this proposal unacceptable; however, other proposals in
// the same SA payload are processed as usual."
func misplaced(p wire.ProposalV2, placed func(wire.TransformType) bool) string {
	for _, t := range p.Transforms {
		if !placed(t.Type) {
			return fmt.Sprintf("%s is not understood in it", t.Type)
		}
	}
	return ""
}

// none is what makes a type optional: its transform 0.
func none(t wire.TransformType) []wire.TransformV2 { return []wire.TransformV2{{Type: t}} }

// pick takes the first wanted transform that a proposal has. Where none is among
// the wanted the proposal may lack the type, and the answer lacks it too; but ESN
// is mandatory, and its 0 says something.
func pick(p wire.ProposalV2, t wire.TransformType, want []wire.TransformV2) ([]wire.TransformV2, string) {
	for _, x := range want {
		if p.Has(x) {
			return []wire.TransformV2{x}, ""
		}
	}
	offered := p.Of(t)
	switch {
	case len(offered) == 0 && t != wire.TransformESN && slices.Contains(want, none(t)[0]):
		return nil, ""
	case len(offered) == 0:
		return nil, fmt.Sprintf("it has no %s", t)
	}
	return nil, fmt.Sprintf("none of its %s will do", t)
}

// pickAdditional gives each additional key exchange of ours a type of the peer's,
// in his order; a type that is left over must be optional (RFC 9370 section 2.2.2).
func pickAdditional(p wire.ProposalV2, ours []*suite.Group) (chosen []wire.TransformV2, refusal string) {
	for t := wire.TransformAKE1; t <= wire.TransformAKE7; t++ {
		offered := p.Of(t)
		switch {
		case len(offered) == 0:
		case len(ours) > 0 && slices.Contains(offered, wire.TransformV2{Type: t, ID: ours[0].Number}):
			chosen = append(chosen, wire.TransformV2{Type: t, ID: ours[0].Number})
			ours = ours[1:]
		case slices.Contains(offered, wire.TransformV2{Type: t}):
			chosen = append(chosen, wire.TransformV2{Type: t})
		default:
			return nil, fmt.Sprintf("none of its %s will do", t)
		}
	}
	if len(ours) > 0 {
		return nil, fmt.Sprintf("it has no additional key exchange %s", ours[0].Name)
	}
	return chosen, ""
}

// acceptIKE reads the responder's choice from our offer. RFC 7296 section 2.7:
// "the accepted cryptographic suite MUST contain exactly one transform of each
// type included in the proposal", and section 3.3.6 has the initiator verify it.
func acceptIKE(offer, got wire.SAV2) (algorithms, wire.ProposalV2, error) {
	p, err := acceptOffered(offer, got)
	if err != nil {
		return algorithms{}, wire.ProposalV2{}, err
	}
	return readAlgorithms(p.Transforms), p, nil
}

// acceptOffered finds an answer among our proposals.
func acceptOffered(offer, got wire.SAV2) (wire.ProposalV2, error) {
	if len(got) != 1 {
		return wire.ProposalV2{}, reject(wire.V2NoProposalChosen, "the peer answers with %d proposals, not with one", len(got))
	}
	p := got[0]
	i := slices.IndexFunc(offer, func(o wire.ProposalV2) bool { return o.Number == p.Number })
	if i < 0 {
		return p, reject(wire.V2NoProposalChosen, "the peer chose proposal %d, which we have not offered", p.Number)
	}
	ours := offer[i]
	if p.Protocol != ours.Protocol || len(p.SPI) != len(ours.SPI) {
		return p, reject(wire.V2NoProposalChosen, "the peer answers proposal %d with protocol %s and an SPI of %d octets", p.Number, p.Protocol, len(p.SPI))
	}
	// An optional type that we left out may come back as none.
	p.Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.TransformV2) bool {
		return len(ours.Of(t.Type)) == 0 && t == wire.TransformV2{Type: t.Type} && (t.Type == wire.TransformInteg || t.Type == wire.TransformKE)
	})
	for _, t := range p.Transforms {
		if !ours.Has(t) || len(p.Of(t.Type)) != 1 {
			return p, reject(wire.V2NoProposalChosen, "the peer's choice of %s is not one of what we offered", t.Type)
		}
	}
	for _, t := range ours.Transforms {
		if len(p.Of(t.Type)) == 0 && !(additional(t.Type) && ours.Has(none(t.Type)[0])) {
			return p, reject(wire.V2NoProposalChosen, "the peer chose no %s", t.Type)
		}
	}
	return p, nil
}

// readAlgorithms reads transforms of which each is one that we know.
func readAlgorithms(chosen []wire.TransformV2) (a algorithms) {
	for _, t := range chosen {
		switch t.Type {
		case wire.TransformEncr:
			a.encr, _ = suite.CipherV2(t.ID)
			a.bits = int(t.KeyBits)
		case wire.TransformPRF:
			a.prf, _ = suite.HashV2(t.ID)
		case wire.TransformInteg:
			a.integ, _ = suite.IntegrityV2(t.ID) // none: nil
		case wire.TransformKE:
			a.group, _ = suite.GroupV2(t.ID)
		default:
			if g, ok := suite.GroupV2(t.ID); ok {
				a.additional = append(a.additional, g)
			}
		}
	}
	return a
}
