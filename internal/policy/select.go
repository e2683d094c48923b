package policy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Selection is the ISAKMP profile that a peer's identity leads to.
type Selection struct {
	Profile  *ISAKMPProfile // nil: none matches, the global settings hold
	Rule     *Match         // the rule of Profile that matched
	Reason   string
	AlsoRans []AlsoRan // every other profile, in configuration order
}

// AlsoRan is a profile that was not taken.
type AlsoRan struct {
	Profile *ISAKMPProfile
	Why     string
}

// SelectISAKMPProfile chooses the profile of a peer, at MM5. cert is the
// peer's certificate, nil when there is none yet. The most specific rule wins,
// whatever the order; of equal ones, the last configured.
func (c *Config) SelectISAKMPProfile(id PeerID, cert *pki.Certificate, local netip.Addr) Selection {
	var s Selection
	best := specificity{}
	why := make([]string, len(c.Profiles))
	winner := -1
	for i, p := range c.Profiles {
		if p.LocalAddress.IsValid() && p.LocalAddress != local {
			why[i] = fmt.Sprintf("local-address is %s, not %s", p.LocalAddress, local)
			continue
		}
		rule, score := c.bestRule(p, id, cert)
		if rule == nil {
			why[i] = "no rule matches " + id.String()
			continue
		}
		if score.less(best) {
			why[i] = fmt.Sprintf("%s is less specific", rule)
			continue
		}
		if winner >= 0 {
			why[winner] = fmt.Sprintf("%s is less specific", s.Rule)
			if score == best {
				why[winner] = fmt.Sprintf("%s is as specific, but configured earlier", s.Rule)
			}
		}
		winner, best = i, score
		s.Profile, s.Rule = p, rule
	}
	for i, p := range c.Profiles {
		if i != winner {
			s.AlsoRans = append(s.AlsoRans, AlsoRan{p, why[i]})
		}
	}
	s.Reason = "peer matches *none* of the profiles"
	if s.Profile != nil {
		s.Reason = fmt.Sprintf("peer matches %s profile: %s", s.Profile.Name, s.Rule)
	}
	return s
}

// specificity orders rules: class first, then how much of the identity the
// rule says.
type specificity struct{ class, detail int }

// Classes of rules, from the least specific.
const (
	everybody   = iota + 1 // address 0.0.0.0
	certificate            // a certificate map
	part                   // a prefix, a domain
	exact                  // a host, a user, a group, one address
)

func (s specificity) less(t specificity) bool {
	return s.class < t.class || s.class == t.class && s.detail < t.detail
}

// bestRule is the most specific rule of a profile that matches.
func (c *Config) bestRule(p *ISAKMPProfile, id PeerID, cert *pki.Certificate) (rule *Match, best specificity) {
	for i := range p.Matches {
		if s := c.matches(&p.Matches[i], id, cert); best.less(s) {
			rule, best = &p.Matches[i], s
		}
	}
	return rule, best
}

// matches gives a rule's specificity, zero when it does not match.
func (c *Config) matches(m *Match, id PeerID, cert *pki.Certificate) specificity {
	switch m.Kind {
	case MatchAddress:
		switch bits := m.Prefix.Bits(); {
		case !id.Addr.IsValid() || !m.Prefix.Contains(id.Addr):
		case bits == 0:
			return specificity{everybody, 0}
		case bits == id.Addr.BitLen():
			return specificity{exact, 0}
		default:
			return specificity{part, bits}
		}
	case MatchHost:
		if id.Type == wire.IDFQDN && strings.EqualFold(id.Name, m.Value) {
			return specificity{exact, 0}
		}
	case MatchHostDomain:
		if id.Type == wire.IDFQDN {
			return inDomain(id.Name, m.Value)
		}
	case MatchUser:
		if id.Type == wire.IDUserFQDN && strings.EqualFold(id.Name, m.Value) {
			return specificity{exact, 0}
		}
	case MatchUserDomain:
		if _, host, ok := strings.Cut(id.Name, "@"); ok && id.Type == wire.IDUserFQDN {
			return inDomain("@."+host, m.Value) // user@cisco.com is of the domain itself
		}
	case MatchGroup:
		if id.Type == wire.IDKeyID && id.Name == m.Value {
			return specificity{exact, 0}
		}
	case MatchCertificate:
		for _, cm := range c.Maps {
			if cm.Name == m.Value && cm.Matches(cert) {
				return specificity{certificate, 0}
			}
		}
	}
	return specificity{}
}

// inDomain compares whole labels: R1.notcisco.com is not of cisco.com.
func inDomain(name, domain string) specificity {
	domain = "." + strings.ToLower(strings.TrimPrefix(domain, "."))
	if len(domain) > 1 && strings.HasSuffix(strings.ToLower(name), domain) && len(name) > len(domain) {
		return specificity{part, len(domain)}
	}
	return specificity{}
}

// String prints the rule as it is configured.
func (m *Match) String() string {
	word := map[MatchKind]string{
		MatchAddress: "match identity address", MatchHost: "match identity host", MatchHostDomain: "match identity host domain", MatchUser: "match identity user",
		MatchUserDomain: "match identity user domain", MatchGroup: "match identity group", MatchCertificate: "match certificate",
	}[m.Kind]
	switch {
	case m.Kind != MatchAddress:
		return word + " " + m.Value
	case m.Prefix.Bits() == m.Prefix.Addr().BitLen() || m.Prefix.Bits() == 0 && m.Prefix.Addr().Is4():
		return word + " " + m.Prefix.Addr().String()
	case m.Prefix.Addr().Is6():
		return word + " ipv6 " + m.Prefix.String()
	}
	return word + " " + m.Prefix.Addr().String() + " " + ipsec.Netmask(m.Prefix)
}
