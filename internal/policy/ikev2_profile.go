package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

type ikev2ProfilePart struct {
	v2Profiles blocks[string, ikev2ProfileDraft]
	v2Profile  *ikev2ProfileDraft
}

type ikev2ProfileDraft struct {
	IKEv2Profile
	at          ios.Place
	keyring     ref
	trustpoints []ref // of Trustpoints, in the same order
	maps        []ref
	localIfs    []ref
	dpd         bool // configured
	template    virtualTemplateRef
}

// Lifetime of an IKEv2 SA, unless configured.
const defaultIKEv2Lifetime = 86400 * time.Second

var ikev2ProfileCommands = []ios.Command[*builder]{
	{Syntax: "crypto ikev2 profile name:WORD", Enter: ikev2ProfileMode, Do: ikev2Profile},
}

var ikev2ProfileMode = (&ios.Mode[*builder]{Name: "config-ikev2-profile", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE", Do: func(b *builder, m *ios.Match) { b.v2Profile.Description = setText(m) }},
	ios.Command[*builder]{Syntax: "match fvrf name:WORD", Do: profileFVRF},
	ios.Command[*builder]{Syntax: "match address local {A.B.C.D | X:X::X | interface INTERFACE}", Do: ikev2ProfileLocal},
	ios.Command[*builder]{Syntax: "match identity remote {address {A.B.C.D [MASK] | prefix:X:X::X/n} | fqdn [domain] name:WORD | email [domain] name:WORD | key-id name:WORD | any}", Do: ikev2ProfileMatch},
	ios.Command[*builder]{Syntax: "match certificate name:WORD", Do: ikev2ProfileMatch},
	ios.Command[*builder]{Syntax: "identity local {address {A.B.C.D | X:X::X} | fqdn name:WORD | email name:WORD | dn | key-id name:WORD}", Do: ikev2ProfileIdentity},
	ios.Command[*builder]{Syntax: "authentication side:{local | remote} {rsa-sig | ecdsa-sig | pre-share [key [type:{0 | 6 | 7}] key:SECRET]}", Do: ikev2Authentication},
	ios.Command[*builder]{Syntax: "keyring [local] name:WORD", Do: func(b *builder, m *ios.Match) { b.v2Profile.keyring = setRef(m) }},
	ios.Command[*builder]{Syntax: "pki trustpoint name:WORD [sign | verify]", Do: ikev2ProfileTrustpoint},
	ios.Command[*builder]{Syntax: "lifetime <120-86400>", Do: func(b *builder, m *ios.Match) {
		b.v2Profile.Lifetime = defaultIKEv2Lifetime
		if m.Form == ios.Set {
			b.v2Profile.Lifetime = time.Duration(m.Int("N")) * time.Second
		}
	}},
	ios.Command[*builder]{Syntax: "dpd " + dpdWords, Do: func(b *builder, m *ios.Match) {
		b.v2Profile.DPD, b.v2Profile.dpd = readDPD(m), m.Form == ios.Set
	}},
	ios.Command[*builder]{Syntax: "nat keepalive seconds:<5-3600>", Do: func(b *builder, m *ios.Match) { b.v2Profile.NATKeepalive = seconds(m) }},
	ios.Command[*builder]{Syntax: "virtual-template <1-4095> [mode auto]", Do: func(b *builder, m *ios.Match) { b.v2Profile.template = readVirtualTemplate(m) }},
	ios.Command[*builder]{Syntax: "config-exchange request", Do: func(b *builder, m *ios.Match) { b.v2Profile.ConfigRequest = m.Form != ios.No }},
	ios.Command[*builder]{Syntax: "initial-contact force", Do: func(b *builder, m *ios.Match) { b.v2Profile.InitialContact = m.Form == ios.Set }},
	ios.Command[*builder]{Syntax: "shutdown", Do: func(b *builder, m *ios.Match) { b.v2Profile.Shutdown = m.Form == ios.Set }},
).Add(idle(
	"authentication {local | remote} eap [LINE]",
	"authentication remote anyconnect-eap aggregate [cert-request]",
	"keyring aaa LINE",
	"lifetime certificate",
	"ivrf WORD",
	"config-exchange set {accept | send}",
	"aaa LINE",
	"reconnect [timeout <600-86400>]",
	"redirect gateway auth",
)...)

const dpdWords = "interval:<10-3600> retry:<2-60> {on-demand | periodic}"

func readDPD(m *ios.Match) Keepalive { return readKeepalive(m, "retry") }

// seconds is the time of a line, 0 of a no form.
func seconds(m *ios.Match) time.Duration {
	if m.Form != ios.Set {
		return 0
	}
	return time.Duration(m.Int("seconds")) * time.Second
}

func ikev2Profile(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.v2Profiles.drop(name)
		return
	}
	b.v2Profile = b.v2Profiles.open(name, func() *ikev2ProfileDraft {
		return &ikev2ProfileDraft{at: m.Place("name"), IKEv2Profile: IKEv2Profile{
			Name: name, Lifetime: defaultIKEv2Lifetime, ConfigRequest: true, Pos: m.Line.Pos,
		}}
	})
}

func profileFVRF(b *builder, m *ios.Match) {
	b.v2Profile.FVRF = set(m, "name")
}

func ikev2ProfileLocal(b *builder, m *ios.Match) {
	p := b.v2Profile
	if m.Str("INTERFACE") == "" {
		p.Local = changeAddress(p.Local, m)
		return
	}
	r := refOf(m, "INTERFACE")
	p.localIfs = slices.DeleteFunc(p.localIfs, func(x ref) bool { return x.name == r.name })
	if m.Form == ios.Set {
		p.localIfs = append(p.localIfs, r)
	}
}

func ikev2ProfileMatch(b *builder, m *ios.Match) {
	p, rule := b.v2Profile, identityRule(m)
	if m.Has("certificate") {
		rule.Kind = MatchCertificate
		p.maps = append(p.maps, refOf(m, "name"))
	}
	p.Matches = slices.DeleteFunc(p.Matches, func(x Match) bool {
		return x.Kind == rule.Kind && x.Prefix == rule.Prefix && x.Value == rule.Value
	})
	if m.Form == ios.Set {
		p.Matches = append(p.Matches, rule)
	}
}

func ikev2ProfileIdentity(b *builder, m *ios.Match) {
	p := b.v2Profile
	p.Identity, p.IdentityValue, p.IdentityAt = IdentityDefault, "", ios.Pos{}
	if m.Form != ios.Set {
		return
	}
	p.IdentityValue, p.IdentityAt = m.Str("name"), m.Line.Pos
	switch {
	case m.Has("address"):
		p.Identity = IdentityAddress
		if p.IdentityValue = m.Str("A.B.C.D"); p.IdentityValue == "" {
			p.IdentityValue = m.Str("X:X::X")
		}
	case m.Has("fqdn"):
		p.Identity = IdentityFQDN
	case m.Has("email"):
		p.Identity = IdentityUserFQDN
		if !isUserName(p.IdentityValue) {
			m.Fail("name", "want user@domain", "%q is no mail address", p.IdentityValue)
		}
	case m.Has("dn"):
		p.Identity = IdentityDN
	default:
		p.Identity = IdentityKeyID
	}
}

func ikev2Authentication(b *builder, m *ios.Match) {
	p, method := b.v2Profile, IKEv2RSASig
	switch {
	case m.Has("ecdsa-sig"):
		method = IKEv2ECDSASig
	case m.Has("pre-share"):
		method = IKEv2PreShare
	}
	var key suite.Key
	if m.Form == ios.Set && m.Str("key") != "" {
		var ok bool
		if key, ok = readKey(m, "key 0 ..."); !ok {
			return
		}
	}
	if m.Str("side") == "local" {
		p.LocalAuth, p.LocalKey = 0, nil
		if m.Form == ios.Set {
			p.LocalAuth, p.LocalKey = method, key
		}
		return
	}
	p.RemoteAuth = slices.DeleteFunc(p.RemoteAuth, func(x IKEv2Auth) bool { return x == method })
	if method == IKEv2PreShare {
		p.RemoteKey = key
	}
	if m.Form == ios.Set {
		p.RemoteAuth = append(p.RemoteAuth, method)
	}
}

func ikev2ProfileTrustpoint(b *builder, m *ios.Match) {
	p, r := b.v2Profile, refOf(m, "name")
	t := IKEv2Trustpoint{Name: r.name, Sign: !m.Has("verify"), Verify: !m.Has("sign")}
	i := slices.IndexFunc(p.Trustpoints, func(x IKEv2Trustpoint) bool { return x.Name == t.Name })
	switch {
	case m.Form != ios.Set && i >= 0:
		p.Trustpoints, p.trustpoints = slices.Delete(p.Trustpoints, i, i+1), slices.Delete(p.trustpoints, i, i+1)
	case m.Form != ios.Set:
	case i >= 0: // NAME sign and NAME verify on two lines
		p.Trustpoints[i].Sign = p.Trustpoints[i].Sign || t.Sign
		p.Trustpoints[i].Verify = p.Trustpoints[i].Verify || t.Verify
	default:
		p.Trustpoints, p.trustpoints = append(p.Trustpoints, t), append(p.trustpoints, r)
	}
}

// What IOS prints of an incomplete profile.
const (
	profileMustHave = "IKEv2 profile MUST have:"
	mustHaveMethods = "1. A local and a remote authentication method."
	mustHaveMatch   = "2. A match identity or a match certificate or match any statement."
)

func (b *builder) finishIKEv2Profiles() {
	for _, d := range b.v2Profiles.all {
		p := &d.IKEv2Profile
		for _, r := range d.trustpoints {
			if b.trustpoints.get(r.name) == nil {
				b.missing(r, "trustpoint", b.trustpoints.keys)
			}
			p.TrustpointAt = append(p.TrustpointAt, r.at.Pos)
		}
		for _, r := range d.maps {
			used := slices.ContainsFunc(p.Matches, func(x Match) bool { return x.Kind == MatchCertificate && x.Value == r.name })
			if used && b.certificateMaps.get(r.name) == nil {
				b.missing(r, "certificate map", b.certificateMaps.keys)
			}
		}
		for _, r := range d.localIfs {
			p.Local = append(p.Local, b.addressesOf(r)...)
		}
		if r := d.keyring; r.name != "" {
			if p.Keyring = b.v2Keyrings.get(r.name); p.Keyring == nil {
				b.missing(r, "ikev2 keyring", b.v2Keyrings.keys)
			}
		}
		p.VirtualTemplate = b.templateOf(d.template, "")
		if !d.dpd {
			p.DPD = b.cfg.IKEv2.DPD
		}
		if p.NATKeepalive == 0 {
			p.NATKeepalive = b.cfg.IKEv2.NATKeepalive
		}
		var missing []string
		if p.LocalAuth == 0 || len(p.RemoteAuth) == 0 {
			missing = append(missing, mustHaveMethods)
		}
		if len(p.Matches) == 0 {
			missing = append(missing, mustHaveMatch)
		}
		if len(missing) > 0 {
			p.Incomplete = profileMustHave + " " + strings.Join(missing, " ")
			b.warn(d.at, "%s Profile %s is not used until then", p.Incomplete, p.Name)
		} else if gap := p.gap(); gap != "" {
			b.warn(d.at, "ikev2 profile %s %s", p.Name, gap)
		}
		b.cfg.IKEv2.Profiles = append(b.cfg.IKEv2.Profiles, p)
	}
}

// gap is what a complete profile lacks to authenticate with, "" when nothing.
func (p *IKEv2Profile) gap() string {
	_, signs := p.SignTrustpoints(true)
	switch {
	case p.LocalAuth != IKEv2PreShare && !signs:
		return "names no pki trustpoint to sign with: it answers peers and begins nothing"
	case p.Keyring != nil:
	case p.LocalAuth == IKEv2PreShare && len(p.LocalKey) == 0, slices.Contains(p.RemoteAuth, IKEv2PreShare) && len(p.RemoteKey) == 0:
		return "authenticates by pre-share and has neither the key nor a keyring"
	}
	return ""
}
