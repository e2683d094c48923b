package policy

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

type isakmpProfilePart struct {
	isakmpProfiles blocks[string, isakmpProfileDraft]
	isakmpProfile  *isakmpProfileDraft
}

type isakmpProfileDraft struct {
	ISAKMPProfile
	keyring     ref
	trustpoints []ref
	maps        map[string]ref // certificate maps of match certificate
	localIf     ref
	selfAt      ios.Place
	template    virtualTemplateRef
	xauth       bool // client authentication is asked for
}

var isakmpProfileCommands = []ios.Command[*builder]{
	{Syntax: "crypto isakmp profile name:WORD", Enter: isakmpProfileMode, Do: isakmpProfile},
}

var isakmpProfileMode = (&ios.Mode[*builder]{Name: "conf-isa-prof", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE", Do: func(b *builder, m *ios.Match) { b.isakmpProfile.Description = setText(m) }},
	ios.Command[*builder]{Syntax: "keyring name:WORD", Do: profileKeyring},
	ios.Command[*builder]{Syntax: "ca trust-point name:WORD", Do: profileTrustpoint},
	ios.Command[*builder]{Syntax: "self-identity {address [ipv6] | fqdn [name:WORD] | user-fqdn name:WORD}", Do: profileSelfIdentity},
	ios.Command[*builder]{Syntax: "match identity {address {A.B.C.D [MASK] | ipv6 prefix:X:X::X/n} | host [domain] name:WORD | user [domain] name:WORD | group name:WORD} [fvrf:WORD]", Do: profileMatch},
	ios.Command[*builder]{Syntax: "match certificate name:WORD", Do: profileMatch},
	ios.Command[*builder]{Syntax: "initiate mode aggressive", Do: profileAggressive},
	ios.Command[*builder]{Syntax: "virtual-template <1-4095>", Do: func(b *builder, m *ios.Match) { b.isakmpProfile.template = readVirtualTemplate(m) }},
	ios.Command[*builder]{Syntax: "client authentication list WORD", Do: func(b *builder, m *ios.Match) {
		if b.isakmpProfile.xauth = m.Form == ios.Set; b.isakmpProfile.xauth {
			noEffect(b, m)
		}
	}},
	ios.Command[*builder]{Syntax: "local-address {INTERFACE | A.B.C.D} [vrf:WORD]", Do: profileLocal},
).Add(profileKeepaliveCommand).Add(idle(
	"vrf WORD",
	"accounting WORD",
	"client configuration address {initiate | respond}",
	"client configuration group WORD",
	"client pki authorization list WORD",
	"isakmp authorization list WORD",
	"qos-group <1-1023>",
)...)

// setText is the free text of a line, "" of a no form.
func setText(m *ios.Match) string {
	if m.Form != ios.Set {
		return ""
	}
	return m.Str("LINE")
}

func isakmpProfile(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.isakmpProfiles.drop(name)
		return
	}
	b.isakmpProfile = b.isakmpProfiles.open(name, func() *isakmpProfileDraft {
		return &isakmpProfileDraft{ISAKMPProfile: ISAKMPProfile{Name: name, Pos: m.Line.Pos}, maps: map[string]ref{}}
	})
}

func profileKeyring(b *builder, m *ios.Match) {
	b.isakmpProfile.keyring = ref{}
	if m.Form == ios.Set {
		b.isakmpProfile.keyring = refOf(m, "name")
	}
}

func profileTrustpoint(b *builder, m *ios.Match) {
	p, name := b.isakmpProfile, m.Str("name")
	switch has := slices.ContainsFunc(p.trustpoints, func(r ref) bool { return r.name == name }); {
	case m.Form != ios.Set && name == "":
		m.Fail("", "want no ca trust-point NAME", "which trustpoint is to go?")
	case m.Form != ios.Set:
		p.trustpoints = slices.DeleteFunc(p.trustpoints, func(r ref) bool { return r.name == name })
	case !has:
		p.trustpoints = append(p.trustpoints, refOf(m, "name"))
	}
}

func profileSelfIdentity(b *builder, m *ios.Match) {
	p := b.isakmpProfile
	p.SelfIdentity, p.SelfName, p.SelfAt, p.selfAt = IdentityDefault, "", m.Line.Pos, m.Place("")
	switch {
	case m.Form != ios.Set:
		p.SelfAt = ios.Pos{}
	case m.Has("ipv6"):
		noEffect(b, m)
	case m.Has("address"):
		p.SelfIdentity = IdentityAddress
	case m.Has("fqdn"):
		p.SelfIdentity, p.SelfName, p.selfAt = IdentityFQDN, m.Str("name"), m.Place("fqdn")
	default:
		p.SelfIdentity, p.SelfName = IdentityUserFQDN, m.Str("name")
		if !isUserName(p.SelfName) {
			m.Fail("name", "want user@domain", "%q is no user-fqdn", p.SelfName)
		}
	}
}

func profileMatch(b *builder, m *ios.Match) {
	p := b.isakmpProfile
	rule := Match{FVRF: m.Str("fvrf"), Value: m.Str("name"), Pos: m.Line.Pos}
	switch {
	case m.Has("certificate"):
		rule.Kind = MatchCertificate
		p.maps[rule.Value] = refOf(m, "name")
	case m.Has("address"):
		rule.Kind = MatchAddress
		bits := 32
		if mask := m.Str("MASK"); mask != "" {
			bits, _ = ios.MaskBits(mask)
		} else if m.Addr("A.B.C.D").IsUnspecified() {
			bits = 0 // IOS prints the rule for everybody without its mask
		}
		if _, err := netip.ParseAddr(m.Str("fvrf")); err == nil {
			m.Fail("fvrf", "want for example 255.255.255.0", "%s is no netmask", m.Str("fvrf"))
			return
		}
		rule.Prefix = netip.PrefixFrom(m.Addr("A.B.C.D"), bits).Masked()
		if s := m.Str("prefix"); s != "" {
			v6, _ := netip.ParsePrefix(s) // the grammar took prefixes only
			rule.Prefix = v6.Masked()
		}
	case m.Has("host"):
		rule.Kind = kindOf(m, MatchHost, MatchHostDomain)
	case m.Has("user"):
		rule.Kind = kindOf(m, MatchUser, MatchUserDomain)
	case m.Has("group"):
		rule.Kind = MatchGroup
	}
	if rule.Kind == 0 || rule.Value == "" && !rule.Prefix.IsValid() {
		m.Fail("", "want the whole rule", "which rule is to go?")
		return
	}
	same := func(x Match) bool {
		return x.Kind == rule.Kind && x.FVRF == rule.FVRF && x.Prefix == rule.Prefix && x.Value == rule.Value
	}
	switch {
	case m.Form != ios.Set:
		p.Matches = slices.DeleteFunc(p.Matches, same)
	case !slices.ContainsFunc(p.Matches, same):
		p.Matches = append(p.Matches, rule)
	}
}

func kindOf(m *ios.Match, exact, domain MatchKind) MatchKind {
	if m.Has("domain") {
		return domain
	}
	return exact
}

func profileAggressive(b *builder, m *ios.Match) { b.isakmpProfile.Aggressive = m.Form == ios.Set }

func profileLocal(b *builder, m *ios.Match) {
	p := b.isakmpProfile
	p.LocalAddress, p.localIf = netip.Addr{}, ref{}
	switch {
	case m.Form != ios.Set:
	case m.Str("INTERFACE") != "":
		p.localIf = refOf(m, "INTERFACE")
	default:
		p.LocalAddress = m.Addr("A.B.C.D")
	}
}

func (b *builder) finishISAKMPProfiles() {
	for _, d := range b.isakmpProfiles.all {
		p := &d.ISAKMPProfile
		p.Keepalive = p.Keepalive.resolve(b.cfg.ISAKMP.Keepalive)
		for _, r := range d.trustpoints {
			if b.trustpoints.get(r.name) == nil {
				b.missing(r, "trustpoint", b.trustpoints.keys)
			}
			p.Trustpoints, p.TrustpointAt = append(p.Trustpoints, r.name), append(p.TrustpointAt, r.at.Pos)
		}
		if r := d.keyring; r.name != "" {
			i := slices.IndexFunc(b.cfg.Keyrings, func(k *Keyring) bool { return k.Name == r.name })
			switch {
			case i >= 0:
				p.Keyring = b.cfg.Keyrings[i]
			case r.name != defaultKeyring: // which always is, if empty
				b.missing(r, "keyring", b.keyrings.keys)
			}
		}
		for _, rule := range p.Matches {
			if r := d.maps[rule.Value]; rule.Kind == MatchCertificate && b.certificateMaps.get(r.name) == nil {
				b.missing(r, "certificate map", b.certificateMaps.keys)
			}
		}
		if d.localIf.name != "" {
			p.LocalAddress = b.addressOf(d.localIf, false)
		}
		if p.SelfIdentity == IdentityFQDN && p.SelfName == "" {
			b.checkFQDN(d.selfAt, "self-identity fqdn", p.Trustpoints, "")
		}
		demand := ""
		if d.xauth {
			demand = "client authentication"
		}
		p.VirtualTemplate = b.templateOf(d.template, demand)
		if len(p.Matches) == 0 {
			b.cfg.Warnings = append(b.cfg.Warnings, Remark{p.Pos, "isakmp profile " + p.Name + " is incomplete until it has match identity statements: no peer leads to it"})
		}
		b.cfg.Profiles = append(b.cfg.Profiles, p)
	}
}
