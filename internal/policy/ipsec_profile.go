package policy

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

type ipsecProfilePart struct {
	ipsecProfiles blocks[string, ipsecProfileDraft]
	ipsecProfile  *ipsecProfileDraft
}

type ipsecProfileDraft struct {
	IPsecProfile
	at         ios.Place
	transforms []ref
	isakmp     ref
	ikev2      ref
	pfs        ios.Place
	seconds    int       // 0: the global one
	kilobytes  volume    // likewise
	replay     *int      // likewise
	df         *ipsec.DF // nil: that of the interface
	unable     string    // why tunnels with it stay down, "" when they need not
}

// volume is a lifetime in kilobytes as configured.
type volume struct {
	set bool
	kb  uint64 // 0: disabled
}

const (
	lifetimeWords = "lifetime {seconds sec:<120-2592000> | kilobytes {disable | kb:<2560-4294967295>} | days day:<1-30>}"
	replayWords   = "replay {disable | window-size size:{64 | 128 | 256 | 512 | 1024}}"
)

var ipsecProfileCommands = []ios.Command[*builder]{
	{Syntax: "crypto ipsec profile name:WORD", Enter: ipsecProfileMode, Do: ipsecProfile},
}

var ipsecProfileMode = (&ios.Mode[*builder]{Name: "ipsec-profile", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: "set transform-set name:WORD...", Do: setTransformSet},
	ios.Command[*builder]{Syntax: "set isakmp-profile name:WORD", Do: func(b *builder, m *ios.Match) { b.ipsecProfile.isakmp = setRef(m) }},
	ios.Command[*builder]{Syntax: "set ikev2-profile name:WORD", Do: func(b *builder, m *ios.Match) { b.ipsecProfile.ikev2 = setRef(m) }},
	ios.Command[*builder]{Syntax: "set pfs [group:{group1 | group2 | group5 | group14 | group15 | group16 | group19 | group20 | group21 | group24 | group31}]", Do: setPFS},
	ios.Command[*builder]{Syntax: "set security-association " + lifetimeWords, Do: func(b *builder, m *ios.Match) {
		readLifetime(m, &b.ipsecProfile.seconds, &b.ipsecProfile.kilobytes)
	}},
	ios.Command[*builder]{Syntax: "set security-association " + replayWords, Do: func(b *builder, m *ios.Match) {
		b.ipsecProfile.replay = readReplay(m)
	}},
	ios.Command[*builder]{Syntax: "set security-association dfbit df:{clear | copy | set}", Do: func(b *builder, m *ios.Match) { b.ipsecProfile.df = readDF(b, m) }},
	ios.Command[*builder]{Syntax: "responder-only", Do: func(b *builder, m *ios.Match) { b.ipsecProfile.ResponderOnly = m.Form == ios.Set }},
).Add(idle(
	"set security-association idle-time <60-86400> [default]",
	"set security-association level per-host",
	"set security-association ecn {discard | propagate}",
	"set security-association dummy {pps <0-25> | seconds <1-3600>}",
	"set identity WORD",
	"set mixed-mode",
	"set reverse-route {distance <1-255> | tag <1-4294967295>}",
	"set security-policy limit <0-50000>",
	"reverse-route",
	"redundancy WORD [stateful]",
	"dialer pre-classify",
)...)

func setRef(m *ios.Match) ref {
	if m.Form != ios.Set {
		return ref{}
	}
	return refOf(m, "name")
}

func ipsecProfile(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.ipsecProfiles.drop(name)
		return
	}
	b.ipsecProfile = b.ipsecProfiles.open(name, func() *ipsecProfileDraft {
		return &ipsecProfileDraft{IPsecProfile: IPsecProfile{Name: name, Pos: m.Line.Pos}, at: m.Place("name")}
	})
}

func setTransformSet(b *builder, m *ios.Match) {
	p := b.ipsecProfile
	p.transforms = nil
	if m.Form != ios.Set {
		return
	}
	places := m.Places("name")
	for i, name := range m.All("name") {
		p.transforms = append(p.transforms, ref{name, places[i]})
	}
}

// setPFS takes group 1 when none is named, as 15.x does; "an offer of either group1
// or group2 is accepted" then, in Cisco's words from when there were no others.
func setPFS(b *builder, m *ios.Match) {
	p := b.ipsecProfile
	p.PFS, p.AnyPFS, p.pfs = nil, false, m.Place("group")
	if m.Form == ios.Set {
		p.PFS, p.AnyPFS = groupNamed(m.Str("group")), m.Str("group") == ""
	}
}

// curve25519 is beyond IOS 15.
var curve25519, _ = suite.GroupV2(31)

func groupNamed(word string) *suite.Group {
	for _, g := range append(suite.Groups(), curve25519) {
		if word == groupWord(g) {
			return g
		}
	}
	g, _ := suite.GroupByNumber(1)
	return g
}

func readLifetime(m *ios.Match, seconds *int, kilobytes *volume) {
	on := m.Form == ios.Set
	switch {
	case m.Has("kilobytes") && on:
		*kilobytes = volume{true, uint64(m.Int("kb"))}
	case m.Has("kilobytes"):
		*kilobytes = volume{}
	case m.Has("days") && on:
		*seconds = m.Int("day") * 86400
	case on:
		*seconds = m.Int("sec")
	case m.Has("seconds") || m.Has("days"):
		*seconds = 0
	default: // no ... lifetime
		*seconds, *kilobytes = 0, volume{}
	}
}

// readReplay is nil for what the level above says.
func readReplay(m *ios.Match) *int {
	if m.Form != ios.Set {
		return nil
	}
	n := m.Int("size") // disable: 0
	return &n
}

func (b *builder) finishIPsecProfiles() {
	for _, d := range b.ipsecProfiles.all {
		b.resolveIPsecProfile(d)
		b.cfg.IPsec = append(b.cfg.IPsec, &d.IPsecProfile)
	}
}

func (b *builder) resolveIPsecProfile(d *ipsecProfileDraft) {
	p := &d.IPsecProfile
	p.Lifetime, p.Replay = b.cfg.Lifetime, b.cfg.Replay
	if d.seconds > 0 {
		p.Lifetime.Duration = time.Duration(d.seconds) * time.Second
	}
	if d.kilobytes.set {
		p.Lifetime.Kilobytes = d.kilobytes.kb
	}
	if d.replay != nil {
		p.Replay = *d.replay
	}
	for _, r := range d.transforms {
		switch set := b.transformSetNamed(r.name); {
		case set == nil && b.transforms.get(r.name) == nil:
			b.missing(r, "transform-set", b.transforms.keys)
		case set == nil, slices.Contains(p.Transforms, set):
		case d.ikev2.name == "" && set.combined():
			b.warn(r.at, "ipsec profile %s does not negotiate transform-set %s: %s is spoken in IKEv2 only, with set ikev2-profile", p.Name, r.name, set.Encr.Transform)
		case d.ikev2.name != "" && set.Both():
			b.warn(r.at, "ipsec profile %s does not negotiate transform-set %s: AH and ESP together are spoken in IKEv1 only", p.Name, r.name)
		default:
			p.Transforms = append(p.Transforms, set)
		}
	}
	if d.ikev2.name == "" && p.PFS == curve25519 {
		b.fail(d.pfs, "want set ikev2-profile in this profile, or another group", "group31 is spoken in IKEv2 only")
	}
	if len(d.transforms) == 0 {
		p.Transforms = []*TransformSet{b.transformSetNamed("default")}
	}
	if r := d.isakmp; r.name != "" {
		if profile := b.isakmpProfiles.get(r.name); profile != nil {
			p.ISAKMPProfile = &profile.ISAKMPProfile
		} else {
			b.missing(r, "isakmp profile", b.isakmpProfiles.keys)
		}
	}
	if r := d.ikev2; r.name != "" {
		if profile := b.v2Profiles.get(r.name); profile != nil {
			p.IKEv2Profile = &profile.IKEv2Profile
		} else {
			b.missing(r, "ikev2 profile", b.v2Profiles.keys)
		}
	}
	switch {
	case p.IKEv2Profile != nil && p.IKEv2Profile.Incomplete != "":
		d.unable = "its ikev2-profile " + d.ikev2.name + " is incomplete"
	case len(p.Transforms) == 0:
		d.unable = "its ipsec profile has no transform-set that can be negotiated"
	}
}

// ipsecProfileNamed finds a profile; IOS has one named default without being
// told.
func (b *builder) ipsecProfileNamed(name string) *ipsecProfileDraft {
	if d := b.ipsecProfiles.get(name); d != nil || name != "default" {
		return d
	}
	d := b.ipsecProfiles.open(name, func() *ipsecProfileDraft { return &ipsecProfileDraft{IPsecProfile: IPsecProfile{Name: name}} })
	b.resolveIPsecProfile(d)
	b.cfg.IPsec = append(b.cfg.IPsec, &d.IPsecProfile)
	return d
}

// Lifetimes and anti-replay window of child SAs, unless configured.
var defaultIPsecLifetime = ipsec.Lifetime{Duration: 3600 * time.Second, Kilobytes: 4608000}

const defaultReplay = 64
