package policy

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/wire"
)

// PolicyMatch is the answer to an ISAKMP SA offer.
type PolicyMatch struct {
	Policy    *ISAKMPPolicy    // nil: every offer was refused
	Transform wire.TransformV1 // the accepted one, as offered
	Lifetime  time.Duration    // the lower of the offer's and the policy's
	Checks    []PolicyCheck    // every comparison made, in order
}

// PolicyCheck is one offered transform held against one local policy.
type PolicyCheck struct {
	Transform wire.TransformV1
	Policy    *ISAKMPPolicy
	Refusal   string // in IOS's words, "" when acceptable
}

// Refusals of a phase 1 transform, as IOS says them.
const (
	RefusedEncryption     = "Encryption algorithm offered does not match policy!"
	RefusedHash           = "Hash algorithm offered does not match policy!"
	RefusedGroup          = "Diffie-Hellman group offered does not match policy!"
	RefusedAuthentication = "Authentication method offered does not match policy!"
	RefusedKeyLength      = "Proposed key length does not match policy"
	RefusedAttributes     = "Attributes offered are not understood!"
)

// MatchISAKMPPolicy compares an offer with the policies: outside the local
// policies by priority, inside the transforms as offered; the first pair that
// agrees is taken. auths restricts the policies to authentication methods that
// can be carried out now; none means any.
func (c *Config) MatchISAKMPPolicy(offer []wire.TransformV1, auths ...AuthMethod) PolicyMatch {
	var m PolicyMatch
	for _, p := range c.Policies {
		if len(auths) > 0 && !slices.Contains(auths, p.Auth) {
			continue
		}
		for _, t := range offer {
			lifetime, refusal := p.accepts(t)
			m.Checks = append(m.Checks, PolicyCheck{t, p, refusal})
			if refusal == "" {
				m.Policy, m.Transform, m.Lifetime = p, t, lifetime
				return m
			}
		}
	}
	return m
}

// accepts compares one transform with one policy, attribute by attribute.
func (p *ISAKMPPolicy) accepts(t wire.TransformV1) (time.Duration, string) {
	values, lives, ok := readAttributes(t.Attributes, wire.AttrLifeType, wire.AttrLifeDuration)
	if !ok || t.ID != wire.TransformKeyIKE {
		return 0, RefusedAttributes
	}
	// A group type says the default, MODP, or elliptic curve; the number says all.
	delete(values, wire.AttrGroupType)
	want := []struct {
		attr    uint16
		value   uint64
		refusal string
	}{
		{wire.AttrEncr, uint64(p.Encr.V1), RefusedEncryption},
		{wire.AttrHash, uint64(p.Hash.V1), RefusedHash},
		{wire.AttrGroup, uint64(p.Group.Number), RefusedGroup},
		{wire.AttrAuth, uint64(p.Auth), RefusedAuthentication},
		{wire.AttrKeyLength, uint64(p.KeyBits), RefusedKeyLength}, // absent for a fixed size: both 0
	}
	for _, w := range want {
		if values[w.attr] != w.value {
			return 0, w.refusal
		}
		delete(values, w.attr)
	}
	if len(values) > 0 {
		return 0, RefusedAttributes
	}
	return lower(p.Lifetime, lives[wire.LifeSeconds]), ""
}

// lower is the smaller of our lifetime and an offered one in seconds; 0 offers
// none.
func lower(ours time.Duration, seconds uint64) time.Duration {
	if seconds == 0 || seconds >= uint64(ours/time.Second) {
		return ours
	}
	return time.Duration(seconds) * time.Second
}

// readAttributes sorts attributes into values and lifetimes by life type. It
// refuses what stands twice, and a duration that is zero or of no type: "the
// life type ... MUST immediately precede" it (RFC 2407 section 4.5).
func readAttributes(attributes []wire.Attribute, lifeType, lifeDuration uint16) (values map[uint16]uint64, lives map[uint16]uint64, ok bool) {
	values, lives = map[uint16]uint64{}, map[uint16]uint64{}
	for i, a := range attributes {
		switch a.Type {
		case lifeType:
			if i+1 == len(attributes) || attributes[i+1].Type != lifeDuration {
				return nil, nil, false
			}
		case lifeDuration:
			if i == 0 || attributes[i-1].Type != lifeType || a.Value == 0 {
				return nil, nil, false
			}
			kind := uint16(min(attributes[i-1].Value, 0xffff))
			if _, twice := lives[kind]; twice || kind != wire.LifeSeconds && kind != wire.LifeKilobytes {
				return nil, nil, false
			}
			lives[kind] = a.Value
		default:
			if _, twice := values[a.Type]; twice {
				return nil, nil, false
			}
			values[a.Type] = a.Value
		}
	}
	return values, lives, true
}
