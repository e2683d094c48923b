package policy

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

type isakmpPolicyPart struct {
	policies   blocks[int, policyDraft]
	policy     *policyDraft // whose block is open
	noDefaults bool         // no crypto isakmp default policy
}

type policyDraft struct {
	ISAKMPPolicy
	at   ios.Place
	auth ios.Place
	word string // of authentication
}

var isakmpPolicyCommands = []ios.Command[*builder]{
	{Syntax: "crypto isakmp policy <1-10000>", Enter: isakmpPolicyMode, Do: isakmpPolicy},
	{Syntax: "crypto isakmp default policy", Do: func(b *builder, m *ios.Match) { b.noDefaults = m.Form == ios.No }},
}

var isakmpPolicyMode = (&ios.Mode[*builder]{Name: "config-isakmp", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "encryption {des | 3des | aes [bits:{128 | 192 | 256}]}", Do: policyEncryption},
	ios.Command[*builder]{Syntax: "hash hash:{md5 | sha | sha256 | sha384 | sha512}", Do: policyHash},
	ios.Command[*builder]{Syntax: "authentication auth:{pre-share | rsa-encr | rsa-sig | ecdsa-sig}", Do: policyAuthentication},
	ios.Command[*builder]{Syntax: "group group:{1 | 2 | 5 | 14 | 15 | 16 | 19 | 20 | 21 | 24}", Do: policyGroup},
	ios.Command[*builder]{Syntax: "lifetime <60-86400>", Do: policyLifetime},
)

// defaultLifetime of an ISAKMP SA.
const defaultLifetime = 86400 * time.Second

func isakmpPolicy(b *builder, m *ios.Match) {
	n := m.Int("N")
	if m.Form != ios.Set {
		b.policies.drop(n)
		return
	}
	b.policy = b.policies.open(n, func() *policyDraft {
		group, _ := suite.GroupByNumber(1)
		return &policyDraft{at: m.Place(""), word: "rsa-sig", ISAKMPPolicy: ISAKMPPolicy{
			Priority: n, Encr: suite.DES, Hash: suite.SHA1, Auth: RSASig, Group: group, Lifetime: defaultLifetime, Pos: m.Line.Pos,
		}}
	})
}

func policyEncryption(b *builder, m *ios.Match) {
	p := b.policy
	p.Encr, p.KeyBits = suite.DES, 0
	switch {
	case m.Form != ios.Set:
	case m.Has("3des"):
		p.Encr = suite.TripleDES
	case m.Has("aes"):
		p.Encr, p.KeyBits = suite.AES, 128
		if n := m.Int("bits"); n > 0 {
			p.KeyBits = n
		}
	}
}

func policyHash(b *builder, m *ios.Match) {
	b.policy.Hash = suite.SHA1
	if h, ok := suite.HashIOS(m.Str("hash")); ok && m.Form == ios.Set {
		b.policy.Hash = h
	}
}

func policyAuthentication(b *builder, m *ios.Match) {
	p := b.policy
	p.Auth, p.word, p.auth = RSASig, "rsa-sig", m.Place("auth")
	if m.Form == ios.Set {
		p.word = m.Str("auth")
		p.Auth = map[string]AuthMethod{"pre-share": PreShare, "rsa-encr": RSAEncr, "rsa-sig": RSASig}[p.word]
	}
}

func policyGroup(b *builder, m *ios.Match) {
	n := uint16(1)
	if m.Form == ios.Set {
		n = uint16(m.Int("group"))
	}
	b.policy.Group, _ = suite.GroupByNumber(n)
}

func policyLifetime(b *builder, m *ios.Match) {
	b.policy.Lifetime = defaultLifetime
	if m.Form == ios.Set {
		b.policy.Lifetime = time.Duration(m.Int("N")) * time.Second
	}
}

// finishPolicies sorts: "lower number = higher priority". Policies whose
// authentication nothing here speaks stay out.
func (b *builder) finishPolicies() {
	for _, d := range b.policies.all {
		if d.word == "rsa-encr" || d.word == "ecdsa-sig" {
			b.warn(d.auth, "accepted, has no effect yet: policy %d is left out, authentication %s is not spoken", d.Priority, d.word)
			continue
		}
		b.cfg.Policies = append(b.cfg.Policies, &d.ISAKMPPolicy)
	}
	slices.SortFunc(b.cfg.Policies, func(x, y *ISAKMPPolicy) int { return x.Priority - y.Priority })
	if len(b.policies.keys) == 0 && !b.noDefaults {
		b.cfg.Policies = defaultPolicies()
	}
}

// defaultPolicies are the eight that IOS has while none is configured.
func defaultPolicies() []*ISAKMPPolicy {
	var all []*ISAKMPPolicy
	for _, e := range []struct {
		encr  *suite.Cipher
		bits  int
		group uint16
	}{{suite.AES, 128, 5}, {suite.TripleDES, 0, 2}} {
		for _, hash := range []*suite.Hash{suite.SHA1, suite.MD5} {
			for _, auth := range []AuthMethod{RSASig, PreShare} {
				group, _ := suite.GroupByNumber(e.group)
				all = append(all, &ISAKMPPolicy{
					Priority: 65507 + len(all), Encr: e.encr, KeyBits: e.bits, Hash: hash, Auth: auth, Group: group, Lifetime: defaultLifetime, Default: true,
				})
			}
		}
	}
	return all
}
