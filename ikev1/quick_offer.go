package ikev1

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

var errNoTransform = errors.New("no transform set of the ipsec profile can be negotiated: AH together with ESP cannot be used yet")

// quickOffer is the SA of QM1: a proposal for each transform set, in the order
// of preference, all with our one SPI.
func quickOffer(itf *policy.Interface, spi uint32) ([]wire.ProposalV1, error) {
	profile := itf.Tunnel.Protection
	var out []wire.ProposalV1
	for _, set := range profile.Transforms {
		p := wire.ProposalV1{Number: uint8(len(out) + 1), Protocol: wire.ProtocolESP, SPI: binary.BigEndian.AppendUint32(nil, spi)}
		t := wire.TransformV1{Number: 1}
		switch {
		case set.AH != nil && set.Encr != nil:
			continue
		case set.AH != nil:
			p.Protocol, t.ID = wire.ProtocolAH, set.AH.AH
		case set.Encr != nil:
			t.ID = set.Encr.ESP
		}
		t.Attributes = quickAttributes(set, itf)
		p.Transforms = []wire.TransformV1{t}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, errNoTransform
	}
	return out, nil
}

// quickAttributes stand in IOS's order.
func quickAttributes(set *policy.TransformSet, itf *policy.Interface) []wire.Attribute {
	profile := itf.Tunnel.Protection
	encaps := wire.EncapsTunnel
	if set.Mode == ipsec.Transport && itf.Tunnel.Mode == policy.GREIP {
		encaps = wire.EncapsTransport
	}
	a := append([]wire.Attribute{{Type: wire.IPsecAttrEncaps, Value: uint64(encaps)}}, lifeAttributes(profile.Lifetime)...)
	if integ := set.Integ; integ != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrAuth, Value: uint64(integ.V1)})
	} else if set.AH != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrAuth, Value: uint64(set.AH.V1)})
	}
	if set.Encr != nil && set.Encr.Bits != nil {
		a = append(a, wire.Attribute{Type: wire.IPsecAttrKeyLength, Value: uint64(set.Encr.KeyLen(set.KeyBits) * 8)})
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

// offered says whether the peer's choice is a proposal of ours.
func offered(ours []wire.ProposalV1, got wire.ProposalV1) bool {
	return slices.ContainsFunc(ours, func(p wire.ProposalV1) bool {
		return p.Protocol == got.Protocol && sameTransform(p.Transforms, got.Transforms[0])
	})
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
	case match.Mode == ipsec.Transport && q.itf.Tunnel.Mode != policy.GREIP:
		return match, refuse(wire.NotifyNoProposalChosen, "transport mode for a tunnel of type ipsec ipv4")
	case match.Set.AH != nil && match.Set.Encr != nil:
		return match, refuse(wire.NotifyNoProposalChosen, "%v", errNoTransform)
	}
	return match, nil
}

// describeOffer is the first transform in the words of a transform set.
func describeOffer(proposals []wire.ProposalV1) string {
	p := proposals[0]
	t := p.Transforms[0]
	var words []string
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
	return strings.Join(words, " ")
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
