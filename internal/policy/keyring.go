package policy

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

type keyringPart struct {
	keyrings blocks[string, keyringDraft]
	keyring  *keyringDraft
}

type keyringDraft struct {
	Keyring
	localIf ref
}

// defaultKeyring holds the keys of crypto isakmp key.
const defaultKeyring = "default"

const keyOwner = "{address {A.B.C.D [MASK] | ipv6 prefix:X:X::X/n} | hostname host:WORD}"

var keyringCommands = []ios.Command[*builder]{
	{Syntax: "crypto isakmp key [type:{0 | 6 | 7}] key:SECRET " + keyOwner + " [no-xauth]", Do: isakmpKey},
	{Syntax: "crypto keyring name:WORD [vrf vrf:WORD]", Enter: keyringMode, Do: cryptoKeyring},
}

var keyringMode = (&ios.Mode[*builder]{Name: "conf-keyring", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: "local-address {A.B.C.D | INTERFACE | X:X::X}", Do: keyringLocal},
	ios.Command[*builder]{Syntax: "pre-shared-key " + keyOwner + " key [type:{0 | 6 | 7}] key:SECRET", Do: keyringKey},
	ios.Command[*builder]{Syntax: "rsa-pubkey {address A.B.C.D | name WORD} [encryption | signature]", Do: noEffect, Enter: pubkeyMode},
)

// pubkeyMode is that of keys written out in hex; RSA encryption is not spoken.
var pubkeyMode = (&ios.Mode[*builder]{Name: "config-pubkey-key", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "address A.B.C.D"},
	ios.Command[*builder]{Syntax: "serial-number WORD"},
	ios.Command[*builder]{Syntax: "key-string", Hex: true},
)

func cryptoKeyring(b *builder, m *ios.Match) {
	name := m.Str("name")
	switch {
	case m.Form != ios.Set:
		b.keyrings.drop(name)
		return
	case name == defaultKeyring:
		m.Fail("name", "keys of crypto isakmp key are in it", "the keyring default is IOS's own")
	}
	b.keyring = b.keyrings.open(name, func() *keyringDraft { return &keyringDraft{Keyring: Keyring{Name: name, Pos: m.Line.Pos}} })
	if vrf := m.Str("vrf"); vrf != "" {
		b.keyring.VRF = vrf
	}
}

func keyringLocal(b *builder, m *ios.Match) {
	k := b.keyring
	k.LocalAddress, k.localIf = netip.Addr{}, ref{}
	switch {
	case m.Form != ios.Set:
	case m.Str("INTERFACE") != "":
		k.localIf = refOf(m, "INTERFACE")
	case m.Str("A.B.C.D") != "":
		k.LocalAddress = m.Addr("A.B.C.D")
	default:
		k.LocalAddress = m.Addr("X:X::X")
	}
}

func isakmpKey(b *builder, m *ios.Match) {
	k := b.keyrings.open(defaultKeyring, func() *keyringDraft {
		return &keyringDraft{Keyring: Keyring{Name: defaultKeyring, Pos: m.Line.Pos}}
	})
	k.change(m)
}

func keyringKey(b *builder, m *ios.Match) { b.keyring.change(m) }

// change adds or removes the key of an address or a host; the last one written
// holds.
func (k *keyringDraft) change(m *ios.Match) {
	key := PreSharedKey{Host: m.Str("host"), NoXauth: m.Has("no-xauth"), Pos: m.Line.Pos}
	switch {
	case m.Str("A.B.C.D") != "":
		bits, ok := 32, true
		if mask := m.Str("MASK"); mask != "" {
			bits, ok = ios.MaskBits(mask)
		} else if m.Addr("A.B.C.D").IsUnspecified() {
			bits = 0
		}
		if prefix := netip.PrefixFrom(m.Addr("A.B.C.D"), bits); ok {
			key.Prefix = prefix.Masked()
		}
	case m.Str("prefix") != "":
		p, _ := netip.ParsePrefix(m.Str("prefix")) // the grammar took prefixes only
		key.Prefix = p.Masked()
	case key.Host == "":
		m.Fail("", "want address A.B.C.D or hostname NAME behind the key", "whose key is to go?")
		return
	}
	k.Keys = slices.DeleteFunc(k.Keys, func(x PreSharedKey) bool { return x.Prefix == key.Prefix && x.Host == key.Host })
	if m.Form != ios.Set {
		return
	}
	var ok bool
	if key.Key, ok = readKey(m, "key 0 ..."); ok {
		k.Keys = append(k.Keys, key)
	}
}

func (b *builder) finishKeyrings() {
	for name, d := range b.keyrings.all {
		if d.localIf.name != "" {
			d.LocalAddress = b.addressOf(d.localIf, false)
		}
		for i := range d.Keys {
			if addr, ok := b.host(d.Keys[i].Host); ok {
				d.Keys[i].Prefix = netip.PrefixFrom(addr, addr.BitLen())
			}
		}
		switch {
		case name != defaultKeyring:
			b.cfg.Keyrings = append(b.cfg.Keyrings, &d.Keyring)
		case len(d.Keys) > 0:
			b.cfg.Keyrings = slices.Insert(b.cfg.Keyrings, 0, &d.Keyring)
		}
	}
}
