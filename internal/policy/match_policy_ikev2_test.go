package policy

import (
	"net/netip"
	"strings"
	"testing"
)

func TestIKEv2PolicyFor(t *testing.T) {
	const proposal = "crypto ikev2 proposal X\n encryption aes-cbc-256\n integrity sha256\n group 19\n"
	for _, test := range []struct {
		policies string // NAME: line, line; ...
		local    string
		want     string
		def      bool
		also     string
	}{
		{"", "192.0.2.1", "default", true, ""},
		{"a: ", "192.0.2.1", "a", false, "default: policy a is more specific"},
		{"a: ; b: ", "192.0.2.1", "a", false, "b: policy a is as specific, and stands first|default: policy a is more specific"},
		{"a: ; b: address local 192.0.2.1", "192.0.2.1", "b", false, "a: policy b is more specific|default: policy b is more specific"},
		{"a: ; b: address local 192.0.2.1", "192.0.2.2", "a", false, "b: match address local is [192.0.2.1], not 192.0.2.2|default: policy a is more specific"},
		{"a: address local 192.0.2.1, address local 192.0.2.2", "192.0.2.2", "a", false, "default: policy a is more specific"},
		{"a: address local 192.0.2.1", "192.0.2.3", "default", true, "a: match address local is [192.0.2.1], not 192.0.2.3"},
		{"a: address local 2001:db8::1", "2001:db8::1", "a", false, "default: policy a is more specific"},
		{"a: fvrf any, address local 192.0.2.1; b: ", "192.0.2.1", "a", false, "b: policy a is more specific|default: policy a is more specific"},
		{"a: fvrf any; b: ", "192.0.2.1", "b", false, "a: policy b is more specific|default: policy b is more specific"},
		{"a: fvrf RED", "192.0.2.1", "default", true, "a: it is for peers of VRF RED"},
		{"default: address local 192.0.2.9", "192.0.2.1", "", false, "default: match address local is [192.0.2.9], not 192.0.2.1"},
		{"default: ", "192.0.2.1", "default", false, ""},
		{"no crypto ikev2 policy default", "192.0.2.1", "", false, ""},
		{"no crypto ikev2 proposal default", "192.0.2.1", "", false, ""},
		{"no crypto ikev2 policy default; default: ", "192.0.2.1", "default", false, ""},
	} {
		text := proposal
		for p := range strings.SplitSeq(test.policies, "; ") {
			if p == "" || strings.HasPrefix(p, "no ") {
				text += p + "\n"
				continue
			}
			name, rules, _ := strings.Cut(p, ": ")
			text += "crypto ikev2 policy " + name + "\n proposal X\n"
			for r := range strings.SplitSeq(rules, ", ") {
				if r != "" {
					text += " match " + r + "\n"
				}
			}
		}
		choice := compileText(t, text).IKEv2PolicyFor(netip.MustParseAddr(test.local))
		got, reason := "", "no IKEv2 policy is for local address "+test.local
		if choice.Policy != nil {
			got = choice.Policy.Name
			reason = "Found Policy '" + got + "'"
		}
		var also []string
		for _, a := range choice.AlsoRans {
			also = append(also, a.Policy.Name+": "+a.Why)
		}
		if got != test.want || choice.Default != test.def || choice.Reason != reason || strings.Join(also, "|") != test.also {
			t.Errorf("%q, %s: %q %v %q\n%s", test.policies, test.local, got, choice.Default, choice.Reason, strings.Join(also, "|"))
		}
		if choice.Policy != nil && len(choice.Policy.Proposals) == 0 {
			t.Errorf("%q: no proposals", test.policies)
		}
	}
}
