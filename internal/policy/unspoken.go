package policy

import (
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

type unspokenPart struct {
	maps []string // crypto maps that were told of
}

// ikev2Mode lists the words of its blocks, so that none is taken for a command
// of the router (hostname).
var ikev2Mode = &ios.Mode[*builder]{
	Name: "config-ikev2",
	Foreign: []string{
		"aaa", "address", "authentication", "config-exchange", "connect", "description", "dpd", "encryption", "group", "hostname", "identity",
		"initial-contact", "integrity", "ivrf", "keyring", "lifetime", "match", "nat", "peer", "pki", "pre-shared-key", "prf", "proposal",
		"reconnect", "redirect", "route", "shutdown", "virtual-template",
	},
	Unknown: func(*builder, ios.Line) {},
}

// otherCryptoCommands belong to crypto, and nothing here obeys them.
var otherCryptoCommands = append([]ios.Command[*builder]{
	{Syntax: "crypto map name:WORD LINE", Enter: cryptoMapMode, Do: cryptoMap},
	{Syntax: "crypto dynamic-map name:WORD LINE", Enter: cryptoMapMode, Do: noEffect},
	{Syntax: "crypto key pubkey-chain rsa", Enter: pubkeyChainMode, Do: noEffect},
	{Syntax: "crypto {pki | ca} profile enrollment WORD", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto {pki | ca} server WORD", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto gdoi LINE", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto identity WORD", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto gkm LINE", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto provisioning LINE", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto tls-tunnel WORD", Enter: skippedMode, Do: noEffect},
	{Syntax: "crypto pki import WORD LINE", Do: storeCommand},
	{Syntax: "crypto pki {authenticate | enroll | export} LINE", Do: storeCommand},
}, idle(
	"crypto ctcp [LINE]",
	"crypto engine LINE",
	"crypto ca LINE",
	"crypto ipsec server LINE",
	"crypto isakmp diagnose LINE",
	"crypto key LINE",
	"crypto logging ezvpn [group WORD]",
	"crypto mib LINE",
	"crypto pki {certificate | token | trustpool | cert | http | benchmark} LINE",
	"crypto pki crl download LINE",
	"crypto ssl LINE",
	"crypto vpn LINE",
	"crypto wui LINE",
	"crypto xauth LINE",
)...)

// mapCure is what to write instead of a crypto map.
const mapCure = "write an interface Tunnel with tunnel mode ipsec ipv4, tunnel protection ipsec profile, and routes into it"

// cryptoMap tells once a map.
func cryptoMap(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set || slices.Contains(b.maps, name) {
		return
	}
	b.maps, b.cfg.CryptoMaps = append(b.maps, name), true
	b.warn(m.Place("name"), "crypto maps are not spoken: %s protects nothing; %s", name, mapCure)
}

// storeCommand refuses what fills the store, and names the command that does.
func storeCommand(_ *builder, m *ios.Match) {
	want := "run obol crypto pki import NAME pem or pkcs12 instead"
	if m.Has("export") {
		want = "take it out: the store holds PEM files"
	}
	m.Fail("", want, "this is a command of the exec line, not a configuration")
}

var cryptoMapMode = (&ios.Mode[*builder]{Name: "config-crypto-map", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "set LINE"},
	ios.Command[*builder]{Syntax: "match LINE"},
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: "reverse-route [LINE]"},
	ios.Command[*builder]{Syntax: "qos pre-classify"},
)

var pubkeyChainMode = (&ios.Mode[*builder]{Name: "config-pubkey-chain", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "{addressed-key | named-key} WORD [encryption | signature]", Enter: pubkeyMode},
)

// skippedMode is for blocks of which nothing matters here.
var skippedMode = &ios.Mode[*builder]{
	Name:    "config-crypto",
	Foreign: []string{"database", "grant", "hash", "lifetime", "issuer-name", "cdp-url", "shutdown", "auto-rollover", "mode", "fqdn", "dn", "server", "identity", "client", "match", "authentication", "enrollment", "parameter", "registration", "sa", "address", "replay", "rekey"},
	Unknown: func(*builder, ios.Line) {},
}
