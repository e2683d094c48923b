package show

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// ISAKMPProfile is show crypto isakmp profile, of all or of the one of a name. The reference count is that of
// the ipsec profiles that name the profile, and one for its own block.
func ISAKMPProfile(w io.Writer, c *policy.Config, name string) error {
	var p printer
	for _, x := range c.Profiles {
		if name != "" && x.Name != name {
			continue
		}
		references := 1
		for _, ip := range c.IPsec {
			if ip.ISAKMPProfile == x {
				references++
			}
		}
		p.f("IKEv1 PROFILE %s\n", x.Name)
		p.f("Ref Count = %d\n", references)
		p.f("   Identities matched are:\n")
		for _, m := range x.Matches {
			if m.Kind != policy.MatchCertificate {
				p.f("    %s \n", matched(m))
			}
		}
		p.f("   Certificate maps matched are:\n")
		for _, m := range x.Matches {
			if m.Kind == policy.MatchCertificate {
				p.f("    %s \n", m.Value)
			}
		}
		p.f("   Identity presented is: %s\n", presented(c, x))
		ring := "<none>"
		if x.Keyring != nil {
			ring = x.Keyring.Name
		}
		p.f("   keyring(s): %s\n", ring)
		p.f("   trustpoint(s): %s\n", cmp.Or(strings.Join(x.Trustpoints, " "), "<all>"))
	}
	return p.flush(w)
}

// matched is a match identity rule.
func matched(m policy.Match) string {
	switch m.Kind {
	case policy.MatchHost:
		return "host " + m.Value
	case policy.MatchHostDomain:
		return "host domain " + m.Value
	case policy.MatchUser:
		return "user " + m.Value
	case policy.MatchUserDomain:
		return "user domain " + m.Value
	case policy.MatchGroup:
		return "group " + m.Value
	}
	if m.Prefix.Addr().Is4() {
		return fmt.Sprintf("ip-address %s %s", m.Prefix.Addr(), ipsec.Netmask(m.Prefix))
	}
	return fmt.Sprintf("ipv6-address %s", m.Prefix)
}

// presented is the kind of identity that the profile shows to its peers.
func presented(c *policy.Config, x *policy.ISAKMPProfile) string {
	kind := x.SelfIdentity
	if kind == policy.IdentityDefault {
		kind = c.ISAKMP.Identity
	}
	switch kind {
	case policy.IdentityFQDN:
		return "fqdn"
	case policy.IdentityUserFQDN:
		return "user-fqdn"
	case policy.IdentityDN:
		return "dn"
	}
	return "ip-address"
}
