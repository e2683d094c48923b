package ikev1

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// quickOffer is the SA of QM1: a proposal for each transform set, in the order
// of preference, all with our one SPI.
func quickOffer(itf *policy.Interface, spi uint32) []wire.ProposalV1 {
	var out []wire.ProposalV1
	add := func(number int, protocol wire.ProtocolID, id uint8, attributes []wire.Attribute) {
		out = append(out, wire.ProposalV1{
			Number: uint8(number), Protocol: protocol, SPI: spiBytes(spi),
			Transforms: []wire.TransformV1{{Number: 1, ID: id, Attributes: attributes}},
		})
	}
	for i, set := range itf.Tunnel.Protection.Transforms {
		if set.AH != nil {
			add(i+1, wire.ProtocolAH, set.AH.AH, quickAttributes(set, itf, nil, set.AH))
		}
		if set.Encr != nil {
			add(i+1, wire.ProtocolESP, set.Encr.ESP, quickAttributes(set, itf, set.Encr, set.Integ))
		}
	}
	return out
}

// quickAttributes stand in IOS's order.
func quickAttributes(set *policy.TransformSet, itf *policy.Interface, encr *suite.Cipher, integ *suite.Integrity) []wire.Attribute {
	profile := itf.Tunnel.Protection
	encaps := wire.EncapsTunnel
	if set.Mode == ipsec.Transport && !itf.Tunnel.Mode.VTI() {
		encaps = wire.EncapsTransport
	}
	a := append([]wire.Attribute{{Type: wire.IPsecAttrEncaps, Value: uint64(encaps)}}, lifeAttributes(profile.Lifetime)...)
	if integ != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrAuth, Value: uint64(integ.V1)})
	}
	if encr != nil && encr.Bits != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrKeyLength, Value: uint64(encr.KeyLen(set.KeyBits) * 8)})
	}
	if profile.PFS != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrGroup, Value: uint64(profile.PFS.Number)})
	}
	return a
}

// lifeAttributes are the limits there are, seconds first.
func lifeAttributes(l ipsec.Lifetime) []wire.Attribute {
	var a []wire.Attribute
	add := func(kind uint16, v uint64) {
		if v > 0 {
			a = append(a, wire.Attribute{Type: wire.IPsecAttrLifeType, Value: uint64(kind)}, wire.Attribute{Type: wire.IPsecAttrLifeDuration, Value: v})
		}
	}
	add(wire.LifeSeconds, uint64(l.Duration/time.Second))
	add(wire.LifeKilobytes, l.Kilobytes)
	return a
}

// offered says whether the peer's choice is a proposal of ours: all protocols
// that one has together, with one transform each.
func offered(ours, got []wire.ProposalV1) bool {
	for _, p := range got {
		if p.Number != got[0].Number || len(p.Transforms) != 1 {
			return false
		}
	}
	for _, alternative := range policy.Alternatives(ours) {
		if len(got) == len(alternative) && !slices.ContainsFunc(alternative, func(p wire.ProposalV1) bool {
			return !slices.ContainsFunc(got, func(g wire.ProposalV1) bool {
				return p.Protocol == g.Protocol && sameTransform(p.Transforms, g.Transforms[0])
			})
		}) {
			return true
		}
	}
	return false
}

// checkTransforms compares proposals with the transform sets of the tunnel and
// reports every comparison.
func (s *Session) checkTransforms(q *quickMode, selector ipsec.Selector, proposals []wire.ProposalV1) (policy.TransformMatch, error) {
	match := policy.MatchTransformSet(q.itf.Tunnel.Protection, proposals, s.encapsulates())
	for _, c := range match.Checks {
		s.report(IPsecTransformChecked{
			SA: s.sa(), MessageID: q.id, Proposal: c.Proposal.Number, Protocol: c.Proposal.Protocol,
			Transform: c.Transform, Set: c.Set, Selector: selector, Refusal: c.Refusal,
		})
	}
	switch {
	case match.Set == nil:
		s.report(IPsecProposalRefused{SA: s.sa(), MessageID: q.id, Reason: match.Reason, Offered: describeOffer(proposals)})
		return match, refuse(wire.NotifyNoProposalChosen, "%s", match.Reason)
	case match.Mode == ipsec.Transport && q.itf.Tunnel.Mode.VTI():
		return match, refuse(wire.NotifyNoProposalChosen, "transport mode for a tunnel of type %s", q.itf.Tunnel.Mode)
	case match.Set.Both() && q.itf.Tunnel.Mode.VTI():
		// A VTI of Linux 6.1 carries nothing through the two.
		return match, refuse(wire.NotifyNoProposalChosen, "AH together with ESP for a tunnel of type %s", q.itf.Tunnel.Mode)
	}
	return match, nil
}

// describeOffer is the first transform of each protocol of the first proposal,
// in the words of a transform set.
func describeOffer(proposals []wire.ProposalV1) string {
	var words []string
	for _, p := range policy.Alternatives(proposals)[0] {
		words = append(words, describeTransform(p, p.Transforms[0])...)
	}
	return strings.Join(words, " ")
}

func describeTransform(p wire.ProposalV1, t wire.TransformV1) (words []string) {
	if c, ok := suite.CipherESP(t.ID); ok && p.Protocol == wire.ProtocolESP {
		words = append(words, c.Transform)
	}
	if a, ok := t.Attribute(wire.IPsecAttrKeyLength); ok && a.Value > 128 {
		words = append(words, strconv.FormatUint(a.Value, 10))
	}
	auth, _ := t.Attribute(wire.IPsecAttrAuth)
	if integ, ok := suite.IntegrityV1(uint16(min(auth.Value, 0xffff))); ok && p.Protocol == wire.ProtocolAH {
		words = append(words, integ.AHTransform)
	} else if ok {
		words = append(words, integ.Transform)
	}
	return words
}

// agreedOn is what a match says of the pair to make.
func agreedOn(m policy.TransformMatch, sel ipsec.Selector) negotiated {
	return negotiated{
		set: m.Set, protocol: m.Proposal.Protocol, mode: m.Mode, pfs: m.Group, lifetime: m.Lifetime, selector: sel,
	}
}

// readLife reads life types and durations: those of RFC 2407 section 4.5, or with
// phase 1's numbers. Durations are bounded before anyone counts with them.
func readLife(attributes []wire.Attribute, lifeType, lifeDuration uint16) ipsec.Lifetime {
	var l ipsec.Lifetime
	kind := uint64(0)
	for _, a := range attributes {
		switch {
		case a.Type == lifeType:
			kind = a.Value
		case a.Type == lifeDuration && kind == uint64(wire.LifeSeconds):
			l.Duration = time.Duration(min(a.Value, maxSeconds)) * time.Second
		case a.Type == lifeDuration && kind == uint64(wire.LifeKilobytes):
			l.Kilobytes = a.Value
		}
	}
	return l
}

// notifiedLifetime is what a RESPONDER_LIFETIME says. The IKE SA's may have the
// attribute numbers of phase 1.
func notifiedLifetime(n wire.NotifyV1) ipsec.Lifetime {
	attributes, err := wire.ParseAttributes(n.Data)
	if err != nil {
		return ipsec.Lifetime{}
	}
	if l := readLife(attributes, wire.AttrLifeType, wire.AttrLifeDuration); n.Protocol == wire.ProtocolISAKMP && l != (ipsec.Lifetime{}) {
		return l
	}
	return readLife(attributes, wire.IPsecAttrLifeType, wire.IPsecAttrLifeDuration)
}

// shorter is the lower of both limits of each kind; 0 is no limit.
func shorter(a, b ipsec.Lifetime) ipsec.Lifetime {
	if b.Duration > 0 && (a.Duration == 0 || b.Duration < a.Duration) {
		a.Duration = b.Duration
	}
	if b.Kilobytes > 0 && (a.Kilobytes == 0 || b.Kilobytes < a.Kilobytes) {
		a.Kilobytes = b.Kilobytes
	}
	return a
}

// quickLifetime is the RESPONDER_LIFETIME that QM2 carries when ours is shorter
// than what was offered; nil when it is not. Like IOS it says only the limits in
// which it differs, and names the SPI that we receive on.
func quickLifetime(m policy.TransformMatch, spi []byte) *wire.NotifyV1 {
	offer := readLife(m.Transform.Attributes, wire.IPsecAttrLifeType, wire.IPsecAttrLifeDuration)
	told := shorter(offer, m.Lifetime)
	if told.Duration == offer.Duration {
		told.Duration = 0
	}
	if told.Kilobytes == offer.Kilobytes {
		told.Kilobytes = 0
	}
	var data []byte
	for _, a := range lifeAttributes(told) {
		data = a.Append(data)
	}
	if data == nil {
		return nil
	}
	return &wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: m.Proposal.Protocol, SPI: bytes.Clone(spi), Type: wire.NotifyResponderLifetime, Data: data}
}
