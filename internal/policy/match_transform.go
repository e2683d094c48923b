package policy

import (
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// TransformMatch is the answer to an IPsec SA offer of quick mode.
type TransformMatch struct {
	Set       *TransformSet    // nil: every offer was refused
	Proposal  wire.ProposalV1  // the accepted one, as offered, with the offerer's SPI
	Transform wire.TransformV1 // the accepted one of Proposal, as offered
	AH        *OfferedAH       // beside an ESP Proposal of the same number
	Mode      ipsec.Mode
	UDP       bool             // with UDP encapsulation (RFC 3947 section 5.1)
	Group     *suite.Group     // nil: no PFS
	Lifetime  ipsec.Lifetime   // the lower of the offer's and the profile's
	Reason    string           // of a refusal, in IOS's words
	Checks    []TransformCheck // every comparison made, in order
}

// OfferedAH is the AH of a proposal of AH and ESP together.
type OfferedAH struct {
	Proposal  wire.ProposalV1
	Transform wire.TransformV1
}

// TransformCheck is one offered transform held against one transform set.
type TransformCheck struct {
	Proposal  wire.ProposalV1
	Transform wire.TransformV1
	Set       *TransformSet // nil: refused without looking at any
	Refusal   string        // "" when acceptable
}

// RefusedTransforms is IOS's word for an offer without an acceptable transform.
const RefusedTransforms = "transform proposal not supported for identity"

// MatchTransformSet compares an offer with the transform sets of a profile:
// outside the proposals as offered, inside the sets in the profile's order;
// the first pair that agrees is taken. udp says that a NAT stands between the
// ends, so that nothing but UDP encapsulation will do; without one it may not be.
func MatchTransformSet(p *IPsecProfile, proposals []wire.ProposalV1, udp bool) TransformMatch {
	m := TransformMatch{Reason: RefusedTransforms}
	for _, offer := range Alternatives(proposals) {
		accepted, ok := TransformMatch{}, false
		switch {
		case len(offer) == 1:
			accepted, ok = p.alone(offer[0], udp, &m.Checks)
		case ahWithESP(offer):
			accepted, ok = p.together(offer, udp, &m.Checks)
		default:
			for _, part := range offer {
				for _, t := range part.Transforms {
					m.Checks = append(m.Checks, TransformCheck{part, t, nil, "these protocols together in one proposal are not spoken"})
				}
			}
		}
		if ok {
			accepted.Checks = m.Checks
			return accepted
		}
	}
	return m
}

// Alternatives are the proposals by number: those of one number belong together
// (RFC 2408 section 4.2).
func Alternatives(proposals []wire.ProposalV1) (out [][]wire.ProposalV1) {
	for _, p := range proposals {
		i := slices.IndexFunc(out, func(o []wire.ProposalV1) bool { return o[0].Number == p.Number })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], p)
	}
	return out
}

func ahWithESP(offer []wire.ProposalV1) bool {
	return len(offer) == 2 && offer[0].Protocol != offer[1].Protocol &&
		!slices.ContainsFunc(offer, func(p wire.ProposalV1) bool { return p.Protocol != wire.ProtocolAH && p.Protocol != wire.ProtocolESP })
}

// alone holds a proposal of one protocol against the sets.
func (p *IPsecProfile) alone(offer wire.ProposalV1, udp bool, checks *[]TransformCheck) (TransformMatch, bool) {
	for _, t := range offer.Transforms {
		for _, set := range p.Transforms {
			accepted, refusal := p.accepts(set, offer, t, udp)
			if refusal == "" && set.Both() {
				refusal = fmt.Sprintf("%s alone offered, the set has %s", offer.Protocol, set)
			}
			*checks = append(*checks, TransformCheck{offer, t, set, refusal})
			if refusal == "" {
				return accepted, true
			}
		}
	}
	return TransformMatch{}, false
}

// together holds AH and ESP of one proposal against the sets that have both. The
// first transform of each that will do is taken.
func (p *IPsecProfile) together(offer []wire.ProposalV1, udp bool, checks *[]TransformCheck) (TransformMatch, bool) {
	for _, set := range p.Transforms {
		var m TransformMatch
		agreed := 0
		for _, part := range offer {
			for _, t := range part.Transforms {
				accepted, refusal := p.accepts(set, part, t, udp)
				switch {
				case refusal != "":
				case !set.Both():
					refusal = fmt.Sprintf("AH together with ESP offered, the set has %s", set)
				case agreed > 0 && (accepted.Mode != m.Mode || accepted.UDP != m.UDP || accepted.Group != m.Group):
					refusal = "the encapsulation mode or the PFS group is another than that of the protocol it is offered with"
				}
				*checks = append(*checks, TransformCheck{part, t, set, refusal})
				if refusal == "" {
					m = m.with(accepted)
					agreed++
					break
				}
			}
		}
		if agreed == len(offer) {
			return m, true
		}
	}
	return TransformMatch{}, false
}

// with adds what was accepted of the other protocol.
func (m TransformMatch) with(other TransformMatch) TransformMatch {
	esp, ah := m, other
	if other.Proposal.Protocol == wire.ProtocolESP {
		esp, ah = other, m
	}
	if m.Set == nil {
		return other
	}
	esp.AH = &OfferedAH{ah.Proposal, ah.Transform}
	esp.Lifetime.Duration = min(esp.Lifetime.Duration, ah.Lifetime.Duration)
	if kb := ah.Lifetime.Kilobytes; kb > 0 && (esp.Lifetime.Kilobytes == 0 || kb < esp.Lifetime.Kilobytes) {
		esp.Lifetime.Kilobytes = kb
	}
	return esp
}

// accepts compares one transform with one set, attribute by attribute.
func (p *IPsecProfile) accepts(set *TransformSet, offer wire.ProposalV1, t wire.TransformV1, udp bool) (TransformMatch, string) {
	m := TransformMatch{Set: set, Proposal: offer, Transform: t, Lifetime: p.Lifetime}
	values, lives, ok := readAttributes(t.Attributes, wire.IPsecAttrLifeType, wire.IPsecAttrLifeDuration)
	if !ok {
		return m, "the attributes contradict each other"
	}
	id, bits, auth, ok := set.transform(offer.Protocol)
	switch {
	case len(offer.SPI) != 4:
		return m, fmt.Sprintf("an SPI of %d octets", len(offer.SPI))
	case !ok:
		return m, fmt.Sprintf("protocol %s offered, the set has %s", offer.Protocol, set)
	case t.ID != id:
		return m, fmt.Sprintf("transform %d offered, the set has %s", t.ID, set)
	case values[wire.IPsecAttrKeyLength] != uint64(bits):
		return m, fmt.Sprintf("key length %d offered, the set has %d", values[wire.IPsecAttrKeyLength], bits)
	case values[wire.IPsecAttrAuth] != uint64(auth):
		return m, fmt.Sprintf("authenticator %d offered, the set has %s", values[wire.IPsecAttrAuth], set)
	}
	if m.Mode, m.UDP, ok = encapsulation(values[wire.IPsecAttrEncaps]); !ok || !set.allows(m.Mode) {
		return m, fmt.Sprintf("encapsulation mode %d offered, the set has %s", values[wire.IPsecAttrEncaps], set.Mode)
	}
	switch {
	case m.UDP && !udp:
		return m, "UDP encapsulation offered, there is no NAT"
	case udp && offer.Protocol == wire.ProtocolAH:
		return m, "AH does not pass a NAT"
	case udp && !m.UDP:
		return m, "no UDP encapsulation offered, there is a NAT"
	}
	group := values[wire.IPsecAttrGroup]
	if group > 0 {
		if m.Group, ok = suite.GroupByNumber(uint16(min(group, 0xffff))); !ok {
			return m, fmt.Sprintf("PFS group %d offered, which is not known", group)
		}
	}
	// A profile without set pfs takes what the peer wishes.
	if p.PFS != nil && m.Group != p.PFS && (m.Group == nil || !p.AnyPFS) {
		return m, fmt.Sprintf("PFS group %d offered, the profile has %d", group, p.PFS.Number)
	}
	for _, known := range []uint16{wire.IPsecAttrKeyLength, wire.IPsecAttrAuth, wire.IPsecAttrEncaps, wire.IPsecAttrGroup} {
		delete(values, known)
	}
	if len(values) > 0 {
		return m, "attributes that are not known"
	}
	m.Lifetime.Duration = lower(p.Lifetime.Duration, lives[wire.LifeSeconds])
	if kb := lives[wire.LifeKilobytes]; kb > 0 && (kb < m.Lifetime.Kilobytes || m.Lifetime.Kilobytes == 0) {
		m.Lifetime.Kilobytes = kb
	}
	return m, ""
}

// Both says whether the set is of AH and ESP together: the AH is around ESP.
func (t *TransformSet) Both() bool { return t.AH != nil && t.Encr != nil }

// transform is what a proposal of the set says for one protocol: transform id,
// key length in bits and the authentication attribute, 0 for none.
func (t *TransformSet) transform(p wire.ProtocolID) (id uint8, bits int, auth uint16, ok bool) {
	switch {
	case p == wire.ProtocolAH && t.AH != nil:
		return t.AH.AH, 0, t.AH.V1, true
	case p == wire.ProtocolESP && t.Encr != nil:
		if t.Integ != nil {
			auth = t.Integ.V1
		}
		return t.Encr.ESP, t.KeyBits, auth, true
	}
	return 0, 0, 0, false
}

// allows: a set with mode transport takes tunnel mode too, unless it says
// require.
func (t *TransformSet) allows(m ipsec.Mode) bool {
	return m == t.Mode || m == ipsec.Tunnel && !t.Require
}

// encapsulation reads the attribute. When there is none RFC 2407 section 4.5
// has the default "host-dependent"; on IOS it is tunnel mode.
func encapsulation(value uint64) (mode ipsec.Mode, udp, ok bool) {
	switch value {
	case 0, uint64(wire.EncapsTunnel):
		return ipsec.Tunnel, false, true
	case uint64(wire.EncapsTransport):
		return ipsec.Transport, false, true
	case uint64(wire.EncapsUDPTunnel), uint64(wire.EncapsUDPTunnelDraft):
		return ipsec.Tunnel, true, true
	case uint64(wire.EncapsUDPTransport), uint64(wire.EncapsUDPTransportDraft):
		return ipsec.Transport, true, true
	}
	return 0, false, false
}

// String prints the transforms as IOS's debug does, without the blank at the
// end: "esp-aes 256 esp-sha512-hmac".
func (t *TransformSet) String() string {
	var text string
	add := func(s string) {
		if text != "" {
			text += " "
		}
		text += s
	}
	if t.AH != nil {
		add(t.AH.AHTransform)
	}
	if t.Encr != nil {
		add(t.Encr.Transform)
		if t.KeyBits > 128 {
			add(fmt.Sprint(t.KeyBits))
		}
	}
	if t.Integ != nil {
		add(t.Integ.Transform)
	}
	return text
}
