package policy

import (
	"fmt"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// TransformMatch is the answer to an IPsec SA offer of quick mode.
type TransformMatch struct {
	Set       *TransformSet    // nil: every offer was refused
	Proposal  wire.ProposalV1  // the accepted one, as offered, with the offerer's SPI
	Transform wire.TransformV1 // the accepted one of Proposal, as offered
	Mode      ipsec.Mode
	UDP       bool             // with UDP encapsulation (RFC 3947 section 5.1)
	Group     *suite.Group     // nil: no PFS
	Lifetime  ipsec.Lifetime   // the lower of the offer's and the profile's
	Reason    string           // of a refusal, in IOS's words
	Checks    []TransformCheck // every comparison made, in order
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
	count := map[uint8]int{}
	for _, offer := range proposals {
		count[offer.Number]++
	}
	for _, offer := range proposals {
		for _, t := range offer.Transforms {
			if count[offer.Number] > 1 {
				m.Checks = append(m.Checks, TransformCheck{offer, t, nil, "protocols together in one proposal are not spoken"})
				continue
			}
			for _, set := range p.Transforms {
				accepted, refusal := p.accepts(set, offer, t, udp)
				m.Checks = append(m.Checks, TransformCheck{offer, t, set, refusal})
				if refusal == "" {
					accepted.Checks = m.Checks
					return accepted
				}
			}
		}
	}
	return m
}

// accepts compares one transform with one set, attribute by attribute.
func (p *IPsecProfile) accepts(set *TransformSet, offer wire.ProposalV1, t wire.TransformV1, udp bool) (TransformMatch, string) {
	m := TransformMatch{Set: set, Proposal: offer, Transform: t, Lifetime: p.Lifetime}
	values, lives, ok := readAttributes(t.Attributes, wire.IPsecAttrLifeType, wire.IPsecAttrLifeDuration)
	if !ok {
		return m, "the attributes contradict each other"
	}
	protocol, id, auth := set.offer()
	switch {
	case len(offer.SPI) != 4:
		return m, fmt.Sprintf("an SPI of %d octets", len(offer.SPI))
	case offer.Protocol != protocol:
		return m, fmt.Sprintf("protocol %s offered, the set has %s", offer.Protocol, protocol)
	case t.ID != id:
		return m, fmt.Sprintf("transform %d offered, the set has %s", t.ID, set)
	case values[wire.IPsecAttrKeyLength] != uint64(set.KeyBits):
		return m, fmt.Sprintf("key length %d offered, the set has %d", values[wire.IPsecAttrKeyLength], set.KeyBits)
	case values[wire.IPsecAttrAuth] != uint64(auth):
		return m, fmt.Sprintf("authenticator %d offered, the set has %s", values[wire.IPsecAttrAuth], set)
	}
	if m.Mode, m.UDP, ok = encapsulation(values[wire.IPsecAttrEncaps]); !ok || !set.allows(m.Mode) {
		return m, fmt.Sprintf("encapsulation mode %d offered, the set has %s", values[wire.IPsecAttrEncaps], set.Mode)
	}
	switch {
	case m.UDP && !udp:
		return m, "UDP encapsulation offered, there is no NAT"
	case udp && protocol == wire.ProtocolAH:
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
	if p.PFS != nil && m.Group != p.PFS {
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

// offer is what a proposal of the set says: protocol, transform id and the
// authentication attribute, 0 for none.
func (t *TransformSet) offer() (protocol wire.ProtocolID, id uint8, auth uint16) {
	if t.AH != nil {
		return wire.ProtocolAH, t.AH.AH, t.AH.V1
	}
	if t.Integ != nil {
		auth = t.Integ.V1
	}
	return wire.ProtocolESP, t.Encr.ESP, auth
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
