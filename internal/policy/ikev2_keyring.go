package policy

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

type ikev2KeyringPart struct {
	v2Keyrings blocks[string, IKEv2Keyring]
	v2Keyring  *IKEv2Keyring
	v2Peer     *IKEv2Peer
}

var ikev2KeyringCommands = []ios.Command[*builder]{
	{Syntax: "crypto ikev2 keyring name:WORD", Enter: ikev2KeyringMode, Do: ikev2Keyring},
}

var ikev2KeyringMode = (&ios.Mode[*builder]{Name: "config-ikev2-keyring", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "peer name:WORD", Enter: ikev2PeerMode, Do: ikev2Peer},
)

var ikev2PeerMode = (&ios.Mode[*builder]{Name: "config-ikev2-keyring-peer", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE", Do: func(b *builder, m *ios.Match) { b.v2Peer.Description = setText(m) }},
	ios.Command[*builder]{Syntax: "hostname name:WORD", Do: func(b *builder, m *ios.Match) {
		b.v2Peer.Hostname = ""
		if m.Form == ios.Set {
			b.v2Peer.Hostname = m.Str("name")
		}
	}},
	ios.Command[*builder]{Syntax: "address {A.B.C.D [MASK] | prefix:X:X::X/n}", Do: peerAddress},
	ios.Command[*builder]{Syntax: "identity " + identityWords, Do: peerIdentity},
	ios.Command[*builder]{Syntax: "pre-shared-key [side:{local | remote}] [type:{0 | 6 | 7 | hex}] key:SECRET", Do: peerKey},
)

// identityWords are those of an identity that a peer may have.
const identityWords = "{address {A.B.C.D | X:X::X} | fqdn [domain] name:WORD | email [domain] name:WORD | key-id name:WORD}"

func ikev2Keyring(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.v2Keyrings.drop(name)
		return
	}
	b.v2Keyring = b.v2Keyrings.open(name, func() *IKEv2Keyring { return &IKEv2Keyring{Name: name, Pos: m.Line.Pos} })
}

func ikev2Peer(b *builder, m *ios.Match) {
	k, name := b.v2Keyring, m.Str("name")
	same := func(p *IKEv2Peer) bool { return p.Name == name }
	if m.Form != ios.Set {
		k.Peers = slices.DeleteFunc(k.Peers, same)
		return
	}
	if i := slices.IndexFunc(k.Peers, same); i >= 0 {
		b.v2Peer = k.Peers[i]
		return
	}
	b.v2Peer = &IKEv2Peer{Name: name, Pos: m.Line.Pos}
	k.Peers = append(k.Peers, b.v2Peer)
}

func peerAddress(b *builder, m *ios.Match) {
	b.v2Peer.Prefix = netip.Prefix{}
	if m.Form == ios.Set {
		b.v2Peer.Prefix = prefixOf(m)
	}
}

// prefixOf is the address of a line with its mask, or the IPv6 prefix; 0.0.0.0
// without a mask is everybody.
func prefixOf(m *ios.Match) netip.Prefix {
	if s := m.Str("prefix"); s != "" {
		p, _ := netip.ParsePrefix(s) // the grammar took prefixes only
		return p.Masked()
	}
	bits := 32
	if mask := m.Str("MASK"); mask != "" {
		bits, _ = ios.MaskBits(mask)
	} else if m.Addr("A.B.C.D").IsUnspecified() {
		bits = 0
	}
	return netip.PrefixFrom(m.Addr("A.B.C.D"), bits).Masked()
}

func peerIdentity(b *builder, m *ios.Match) {
	b.v2Peer.Identity = Match{}
	if m.Form == ios.Set {
		b.v2Peer.Identity = identityRule(m)
	}
}

// identityRule is what a line says of an identity.
func identityRule(m *ios.Match) Match {
	rule := Match{Value: m.Str("name"), Pos: m.Line.Pos}
	switch {
	case m.Has("address"):
		rule.Kind = MatchAddress
		if a := m.Addr("X:X::X"); a.IsValid() {
			rule.Prefix = netip.PrefixFrom(a, a.BitLen())
		} else {
			rule.Prefix = prefixOf(m)
		}
	case m.Has("fqdn"):
		rule.Kind = kindOf(m, MatchHost, MatchHostDomain)
	case m.Has("email"):
		if rule.Kind = kindOf(m, MatchUser, MatchUserDomain); m.Form == ios.Set && rule.Kind == MatchUser && !isUserName(rule.Value) {
			m.Fail("name", "want user@domain, or domain and a name", "%q is no mail address", rule.Value)
		}
	case m.Has("key-id"):
		rule.Kind = MatchGroup
	case m.Has("any"):
		rule.Kind = MatchAny
	}
	return rule
}

func peerKey(b *builder, m *ios.Match) {
	p, key := b.v2Peer, suite.Key(nil)
	if m.Form == ios.Set {
		var ok bool
		if key, ok = readKey(m, "pre-shared-key 0 ..."); !ok {
			return
		}
	}
	switch m.Str("side") {
	case "local":
		p.Local = key
	case "remote":
		p.Remote = key
	default:
		p.Local, p.Remote = key, key
	}
}

func (b *builder) finishIKEv2Keyrings() {
	for _, k := range b.v2Keyrings.all {
		for _, p := range k.Peers {
			p.HostAddress, _ = b.host(p.Hostname)
		}
		b.cfg.IKEv2.Keyrings = append(b.cfg.IKEv2.Keyrings, k)
	}
}
