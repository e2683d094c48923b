package ikev2

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// noESN is "Don't use ESN", which is all that IOS offers.
var noESN = wire.TransformV2{Type: wire.TransformESN}

// minSPI is the lowest SPI of a child SA: RFC 4303 section 2.1 reserves those
// below.
const minSPI = 256

// speakable are the transform sets that IKEv2 can negotiate: in RFC 7296 a proposal
// is of one protocol, and AH together with ESP cannot be said.
func speakable(sets []*policy.TransformSet) []*policy.TransformSet {
	return slices.DeleteFunc(slices.Clone(sets), (*policy.TransformSet).Both)
}

// childOffer is the SA payload for a child SA: a proposal for each transform set,
// all with our one SPI. pfs is nil in IKE_AUTH, RFC 7296 section 1.2: "the SA
// payloads in the IKE_AUTH exchange cannot contain Transform Type 4 (Diffie-Hellman
// group) with any value other than NONE." The additional key exchanges of the IKE SA
// are offered beside it: the peer may choose none.
func childOffer(sets []*policy.TransformSet, spi uint32, pfs *suite.Group, more ...*suite.Group) wire.SAV2 {
	var sa wire.SAV2
	for _, set := range speakable(sets) {
		p := wire.ProposalV2{Number: uint8(len(sa) + 1), Protocol: protocolOf(set), SPI: binary.BigEndian.AppendUint32(nil, spi)}
		p.Transforms = setTransforms(set)
		if pfs != nil {
			p.Transforms = append(p.Transforms, wire.TransformV2{Type: wire.TransformKE, ID: pfs.Number})
			for i, g := range more {
				t := wire.TransformAKE1 + wire.TransformType(i)
				p.Transforms = append(p.Transforms, wire.TransformV2{Type: t, ID: g.Number}, none(t)[0])
			}
		}
		p.Transforms = append(p.Transforms, noESN)
		sa = append(sa, p)
	}
	return sa
}

func protocolOf(set *policy.TransformSet) wire.ProtocolID {
	if set.Encr == nil {
		return wire.ProtocolAH
	}
	return wire.ProtocolESP
}

// setTransforms are ENCR and INTEG of a transform set.
func setTransforms(set *policy.TransformSet) (out []wire.TransformV2) {
	integ := set.AH
	if set.Encr != nil {
		encr := wire.TransformV2{Type: wire.TransformEncr, ID: set.Encr.V2}
		if set.Encr.Bits != nil {
			encr.KeyBits = uint16(8 * set.Encr.KeyLen(set.KeyBits))
		}
		out, integ = append(out, encr), set.Integ
	}
	if integ != nil {
		out = append(out, wire.TransformV2{Type: wire.TransformInteg, ID: integ.V2})
	}
	return out
}

// childWish is what the responder of a child SA holds an offer against.
type childWish struct {
	sets      []*policy.TransformSet
	transport bool // the peer asks for transport mode, and the tunnel may have it
	first     bool // in IKE_AUTH, where there is no group
	pfs       *suite.Group
	anyPFS    bool
	ke        uint16         // group of the peer's KE payload, 0: there is none
	more      []*suite.Group // additional key exchanges of the IKE SA
}

// childChoice is a proposal for a child SA that both agree on.
type childChoice struct {
	set    *policy.TransformSet
	mode   ipsec.Mode
	group  *suite.Group    // nil: no key exchange of its own
	more   []*suite.Group  // additional key exchanges
	answer wire.ProposalV2 // the peer's number, one transform of each type, no SPI yet
	spi    uint32          // the peer's: of the SA towards him
	checks []Checked
}

// chooseChild looks for the first transform set that a proposal of the peer
// agrees with. ok is false when there is none.
func chooseChild(w childWish, offer wire.SAV2) (c childChoice, ok bool) {
	for _, set := range speakable(w.sets) {
		for _, theirs := range offer {
			chosen, refusal := w.match(set, theirs)
			c.checks = append(c.checks, Checked{theirs.Number, set.Name, refusal})
			if refusal != "" {
				continue
			}
			a := readAlgorithms(chosen)
			c.set, c.mode, c.group, c.more, c.spi = set, w.mode(set), a.group, a.additional, binary.BigEndian.Uint32(theirs.SPI)
			c.answer = wire.ProposalV2{Number: theirs.Number, Protocol: theirs.Protocol, Transforms: chosen}
			return c, true
		}
	}
	return c, false
}

// mode: RFC 7296 section 1.3.1: "If the responder declines the request, the Child
// SA will be established in tunnel mode."
func (w childWish) mode(set *policy.TransformSet) ipsec.Mode {
	if w.transport && set.Mode == ipsec.Transport {
		return ipsec.Transport
	}
	return ipsec.Tunnel
}

// match gives the transforms to answer with, or why the two do not agree.
func (w childWish) match(set *policy.TransformSet, theirs wire.ProposalV2) (chosen []wire.TransformV2, refusal string) {
	switch {
	case theirs.Protocol != protocolOf(set):
		return nil, fmt.Sprintf("it is of protocol %s", theirs.Protocol)
	case len(theirs.SPI) != 4 || binary.BigEndian.Uint32(theirs.SPI) < minSPI:
		return nil, fmt.Sprintf("its SPI %x is none of a child SA", theirs.SPI)
	case set.Require && w.mode(set) != ipsec.Transport:
		return nil, "the transform set requires transport mode"
	}
	if refusal := misplaced(theirs, childTypes(theirs.Protocol)); refusal != "" {
		return nil, refusal
	}
	want := map[wire.TransformType][]wire.TransformV2{
		wire.TransformInteg: none(wire.TransformInteg), wire.TransformKE: w.groups(theirs), wire.TransformESN: {noESN},
	}
	for _, t := range setTransforms(set) {
		want[t.Type] = []wire.TransformV2{t}
	}
	types := []wire.TransformType{wire.TransformEncr, wire.TransformInteg, wire.TransformKE, wire.TransformESN}
	if theirs.Protocol == wire.ProtocolAH {
		types = types[1:]
	}
	for _, t := range types {
		x, refusal := pick(theirs, t, want[t])
		if refusal != "" {
			return nil, refusal
		}
		chosen = append(chosen, x...)
	}
	more, refusal := pickAdditional(theirs, w.more)
	if refusal != "" || readAlgorithms(chosen).group == nil {
		more, refusal = pickAdditional(theirs, nil)
	}
	return append(chosen, more...), refusal
}

// childTypes are the transform types that a proposal for a child SA may have.
func childTypes(p wire.ProtocolID) func(wire.TransformType) bool {
	return func(t wire.TransformType) bool {
		switch t {
		case wire.TransformEncr:
			return p == wire.ProtocolESP
		case wire.TransformInteg, wire.TransformKE, wire.TransformESN:
			return true
		}
		return additional(t)
	}
}

// groups are those that will do, the preferred first. A profile without set pfs
// takes what the peer wishes, and best the group whose value is here already.
func (w childWish) groups(theirs wire.ProposalV2) (want []wire.TransformV2) {
	optional := none(wire.TransformKE)
	switch {
	case w.first:
		return optional
	case w.pfs != nil && !w.anyPFS:
		return []wire.TransformV2{{Type: wire.TransformKE, ID: w.pfs.Number}}
	}
	for _, t := range theirs.Of(wire.TransformKE) {
		if g, ok := suite.GroupV2(t.ID); ok && !g.KEM() {
			want = append(want, t)
		}
	}
	if i := slices.IndexFunc(want, func(t wire.TransformV2) bool { return t.ID == w.ke }); i > 0 {
		want[0], want[i] = want[i], want[0]
	}
	if w.pfs == nil && w.ke == 0 {
		return append(optional, want...)
	}
	if w.pfs == nil {
		return append(want, optional...)
	}
	return want
}

// acceptChild reads the responder's choice from our offer, which was made of these
// transform sets.
func acceptChild(sets []*policy.TransformSet, offer, got wire.SAV2) (childChoice, error) {
	p, err := acceptOffered(offer, got)
	if err != nil {
		return childChoice{}, err
	}
	spi := binary.BigEndian.Uint32(p.SPI)
	if spi < minSPI {
		return childChoice{}, reject(wire.V2NoProposalChosen, "the peer's SPI %08x is none of a child SA", spi)
	}
	i := slices.IndexFunc(offer, func(o wire.ProposalV2) bool { return o.Number == p.Number })
	a := readAlgorithms(p.Transforms)
	return childChoice{set: speakable(sets)[i], group: a.group, more: a.additional, answer: p, spi: spi}, nil
}
