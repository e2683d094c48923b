package policy

import (
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// configMode is what IOS calls global configuration.
var configMode = (&ios.Mode[*builder]{
	Name:    "config",
	Owned:   []string{"crypto", "interface"},
	Foreign: foreignGlobal,
	Unknown: func(b *builder, l ios.Line) {
		if !furniture(l.Text) {
			b.ignore(l, "")
		}
	},
}).Add(
	ios.Command[*builder]{Syntax: "hostname name:WORD", Do: hostname},
	ios.Command[*builder]{Syntax: "ip domain name [vrf vrf:WORD] name:WORD", Do: domain},
	ios.Command[*builder]{Syntax: "ip domain-name [vrf vrf:WORD] name:WORD", Do: domain},
	ios.Command[*builder]{Syntax: "version LINE"},
).Add(hostCommands...).
	Add(isakmpPolicyCommands...).
	Add(isakmpGlobalCommands...).
	Add(isakmpPeerCommands...).
	Add(keyringCommands...).
	Add(isakmpProfileCommands...).
	Add(transformSetCommands...).
	Add(ipsecProfileCommands...).
	Add(ipsecGlobalCommands...).
	Add(trustpointCommands...).
	Add(trustpoolCommands...).
	Add(chainCommands...).
	Add(certificateMapCommands...).
	Add(ikev2GlobalCommands...).
	Add(ikev2ProposalCommands...).
	Add(ikev2PolicyCommands...).
	Add(ikev2KeyringCommands...).
	Add(ikev2ProfileCommands...).
	Add(otherCryptoCommands...).
	Add(vrfCommands...).
	Add(interfaceCommands...).
	Add(routeCommands...).
	Directives(
		ios.Command[*builder]{Syntax: "serial-number number:WORD", Do: serialNumber},
		ios.Command[*builder]{Syntax: "enrolled name:WORD...", Do: enrolled},
		ios.Command[*builder]{Syntax: "ca-name trustpoint:WORD name:LINE", Do: caName},
		ios.Command[*builder]{Syntax: "refuse-signatures hash:{md5 | sha1}...", Do: refuseSignatures},
		ios.Command[*builder]{Syntax: "refuse-rsa-below <512-8192>", Do: func(b *builder, m *ios.Match) { b.cfg.PKI.MinRSABits = m.Int("N") }},
		ios.Command[*builder]{Syntax: "half-open-per-address <1-100000>", Do: halfOpenPerAddress},
		ios.Command[*builder]{Syntax: "half-open-timeout <1-3600>", Do: halfOpenTimeout},
	)

// furniture is what show running-config prints around the configuration.
func furniture(text string) bool {
	for _, p := range []string{"Building configuration...", "Current configuration :", "Current configuration:", "Using "} {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

func hostname(b *builder, m *ios.Match) {
	name := m.Str("name")
	switch {
	case m.Form != ios.Set:
		b.cfg.Hostname = ""
	case !isHostName(name):
		m.Fail("name", "want letters, digits and hyphens, 63 at most", "%q is no host name", name)
	default:
		b.cfg.Hostname = name
	}
}

func domain(b *builder, m *ios.Match) {
	name := m.Str("name")
	switch {
	case m.Str("vrf") != "": // completes names that are looked up in that VRF, and not the router's own
		b.ignore(m.Line, "")
	case m.Form != ios.Set:
		b.cfg.Domain = ""
	case !isHostName(name):
		m.Fail("name", "want a name such as cisco.com", "%q is no domain name", name)
	default:
		b.cfg.Domain = name
	}
}

// isHostName takes labels of letters, digits, hyphens and the underscore that
// IOS lets pass.
func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, r := range label {
			if !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_') {
				return false
			}
		}
	}
	return len(s) <= 253
}

func serialNumber(b *builder, m *ios.Match) {
	n := m.Str("number")
	if len(n) > 64 || strings.Trim(n, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		m.Fail("number", "want letters, digits and hyphens, 64 at most", "%.80q is no serial number", n)
		return
	}
	b.cfg.Serial = n
}
