package lint

import (
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// use is what of a configuration its tunnels lead to.
type use struct {
	ikev1, ikev2     bool
	ikev1At, ikev2At ios.Pos // of a profile that they serve
	ipsec            map[*policy.IPsecProfile]bool
	transforms       map[*policy.TransformSet]bool
	isakmp           map[*policy.ISAKMPProfile]bool
	keyrings         map[*policy.Keyring]bool
	profiles         map[*policy.IKEv2Profile]bool
	v2Keyrings       map[*policy.IKEv2Keyring]bool
	policies         map[*policy.IKEv2Policy]bool
	proposals        map[*policy.IKEv2Proposal]bool
	anyProfile       bool // a tunnel takes whatever isakmp profile matches
}

// newUse walks from the tunnels, those that are shut down too.
func newUse(r *router) use {
	u := use{
		ipsec: map[*policy.IPsecProfile]bool{}, transforms: map[*policy.TransformSet]bool{}, isakmp: map[*policy.ISAKMPProfile]bool{}, keyrings: map[*policy.Keyring]bool{},
		profiles: map[*policy.IKEv2Profile]bool{}, v2Keyrings: map[*policy.IKEv2Keyring]bool{}, policies: map[*policy.IKEv2Policy]bool{}, proposals: map[*policy.IKEv2Proposal]bool{},
	}
	for _, i := range r.Config.Interfaces {
		if i.Tunnel == nil || i.Tunnel.Protection == nil {
			continue
		}
		p := i.Tunnel.Protection
		u.ipsec[p] = true
		if p.IKEv2Profile != nil {
			u.ikev2, u.ikev2At = true, p.IKEv2Profile.Pos
			u.profiles[p.IKEv2Profile] = true
			if q := r.Config.In(i.Tunnel.VRF).IKEv2PolicyFor(i.Tunnel.Source).Policy; q != nil {
				u.policies[q] = true
			}
			continue
		}
		u.ikev1, u.ikev1At = true, p.Pos
		if p.ISAKMPProfile == nil {
			u.anyProfile = true
		} else {
			u.isakmp[p.ISAKMPProfile] = true
		}
	}
	for _, p := range r.Config.IPsec {
		for _, t := range p.Transforms {
			u.transforms[t] = true
		}
	}
	for _, p := range r.Config.Profiles {
		u.keyrings[p.Keyring] = true
	}
	for _, p := range r.Config.IKEv2.Profiles {
		u.v2Keyrings[p.Keyring] = true
	}
	for q := range u.policies {
		for _, p := range q.Proposals {
			u.proposals[p] = true
		}
	}
	return u
}

// unspoken says whether the file has what names objects and is not compiled:
// then nothing can be said of who uses them.
func unspoken(c *policy.Config) bool {
	return c.CryptoMaps || slices.ContainsFunc(c.Interfaces, func(i *policy.Interface) bool {
		return i.Unable != "" || strings.HasPrefix(i.Name, "Virtual-Template")
	})
}

// unused tells of objects that nothing leads to.
func (c *checker) unused(r *router) {
	u := newUse(r)
	say := func(used bool, what string, at ios.Pos, why string) {
		if !used && at.Line > 0 {
			c.add(Unused, Info, []ios.Pos{at}, "take it out, or use it", "%s is not used: %s", what, why)
		}
	}
	if !unspoken(r.Config) {
		for _, p := range r.Config.IPsec {
			say(u.ipsec[p], "ipsec profile "+p.Name, p.Pos, "no tunnel is protected with it")
		}
		for _, p := range r.Config.Profiles {
			say(u.isakmp[p] || u.anyProfile, "isakmp profile "+p.Name, p.Pos, "the ipsec profile of no tunnel names it, though a peer that it matches is led to it")
		}
		for _, p := range r.Config.IKEv2.Profiles {
			say(u.profiles[p], "ikev2 profile "+p.Name, p.Pos, "the ipsec profile of no tunnel names it, though a peer that it matches is led to it")
		}
		for _, t := range r.Config.Transforms {
			say(u.transforms[t], "transform-set "+t.Name, t.Pos, "no ipsec profile names it")
		}
	}
	for _, k := range r.Config.Keyrings {
		say(u.keyrings[k] || k.Name == "default", "keyring "+k.Name, k.Pos, "no isakmp profile names it, though its keys are searched for whoever begins towards this router")
	}
	for _, k := range r.Config.IKEv2.Keyrings {
		say(u.v2Keyrings[k], "ikev2 keyring "+k.Name, k.Pos, "no ikev2 profile names it")
	}
	for _, p := range r.Config.IKEv2.Policies {
		say(u.policies[p] || !u.ikev2, "ikev2 policy "+p.Name, p.Pos, "another policy goes before it for every tunnel")
	}
	for _, p := range r.Config.IKEv2.Proposals {
		named := slices.ContainsFunc(r.Config.IKEv2.Policies, func(q *policy.IKEv2Policy) bool { return slices.Contains(q.Proposals, p) })
		say(named, "ikev2 proposal "+p.Name, p.Pos, "no ikev2 policy names it")
	}
	for _, m := range r.Config.Maps {
		say(r.matchesBy(m.Name), "certificate map "+m.Name, m.Pos, "no profile matches by it")
	}
	c.unusedTrustpoints(r)
}

// matchesBy says whether a profile matches by a certificate map.
func (r *router) matchesBy(name string) bool {
	by := func(m policy.Match) bool { return m.Kind == policy.MatchCertificate && m.Value == name }
	return slices.ContainsFunc(r.Config.Profiles, func(p *policy.ISAKMPProfile) bool { return slices.ContainsFunc(p.Matches, by) }) ||
		slices.ContainsFunc(r.Config.IKEv2.Profiles, func(p *policy.IKEv2Profile) bool { return slices.ContainsFunc(p.Matches, by) })
}

// unusedTrustpoints tells of trustpoints that no tunnel signs with or verifies by.
// One is not without effect: whoever begins is asked for certificates of its CA.
func (c *checker) unusedTrustpoints(r *router) {
	ends := r.ends()
	if len(ends) == 0 {
		return
	}
	for _, t := range r.Config.Trustpoints {
		above := func(x pki.Settings) bool { return x.ChainParent == t.Name }
		if ownDevice(t) || slices.ContainsFunc(r.Config.Trustpoints, above) || slices.ContainsFunc(ends, func(e end) bool { return e.mayShow(t.Name) }) {
			continue
		}
		why := "no tunnel authenticates by certificates"
		if slices.ContainsFunc(ends, end.byCertificate) {
			why = "no profile of a tunnel names it, and yet peers that begin are asked for certificates of its CA"
		}
		c.add(Unused, Info, []ios.Pos{policy.TrustpointPos(t)}, "take it out, or name it in a profile", "trustpoint %s is not used: %s", t.Name, why)
	}
}
