package policy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Selection is the profile that a peer's identity leads to.
type Selection[P any] struct {
	Profile  P      // zero: none matches
	Rule     *Match // the rule of Profile that matched
	Reason   string
	AlsoRans []AlsoRan[P] // every other profile, in configuration order
}

// AlsoRan is a profile that was not taken.
type AlsoRan[P any] struct {
	Profile P
	Why     string
	Rule    *Match // of Profile, that matches as well; nil: none does
	Tie     bool   // Rule says as much of the peer as the winner's; the last configured wins
}

// candidate is a profile of either version.
type candidate interface {
	// unfit is why the profile serves no peer of a VRF and a local address, "" when it does.
	unfit(fvrf string, local netip.Addr) string
	rules() []Match
	// fits says whether a rule is for peers of a VRF.
	fits(m *Match, fvrf string) bool
	// words prints a rule as it is configured.
	words(*Match) string
}

// SelectISAKMPProfile chooses the profile of a peer, at MM5. cert is the
// peer's certificate, nil when there is none yet. Without a profile the global
// settings hold.
func (c *Config) SelectISAKMPProfile(id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*ISAKMPProfile] {
	return c.selectISAKMPProfile(c.Profiles, id, cert, local)
}

// VerifyISAKMPProfile holds the responder's identity against the one profile
// that the initiator's tunnel names.
func (c *Config) VerifyISAKMPProfile(p *ISAKMPProfile, id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*ISAKMPProfile] {
	return c.selectISAKMPProfile([]*ISAKMPProfile{p}, id, cert, local)
}

func (c *Config) selectISAKMPProfile(profiles []*ISAKMPProfile, id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*ISAKMPProfile] {
	s := mostSpecific(c, profiles, id, cert, local)
	s.Reason = "peer matches *none* of the profiles"
	if s.Profile != nil {
		s.Reason = fmt.Sprintf("peer matches %s profile: %s", s.Profile.Name, s.Rule)
	}
	return s
}

// mostSpecific takes the profile with the most specific rule that matches,
// whatever the order; of equal ones, the last configured.
func mostSpecific[P candidate](c *Config, profiles []P, id PeerID, cert *pki.Certificate, local netip.Addr) (s Selection[P]) {
	runs, scores := make([]AlsoRan[P], len(profiles)), make([]specificity, len(profiles))
	winner := -1
	for i, p := range profiles {
		runs[i] = AlsoRan[P]{Profile: p, Why: p.unfit(c.fvrf, local)}
		if runs[i].Why != "" {
			continue
		}
		if runs[i].Rule, scores[i] = c.bestRule(p, id, cert); runs[i].Rule == nil {
			runs[i].Why = "no rule matches " + id.String()
		} else if winner < 0 || !scores[i].less(scores[winner]) {
			winner, s.Profile, s.Rule = i, p, runs[i].Rule
		}
	}
	for i, r := range runs {
		switch {
		case i == winner:
			continue
		case r.Rule == nil:
		case scores[i] == scores[winner]:
			r.Tie, r.Why = true, r.Profile.words(r.Rule)+" is as specific, but configured earlier"
		default:
			r.Why = r.Profile.words(r.Rule) + " is less specific"
		}
		s.AlsoRans = append(s.AlsoRans, r)
	}
	return s
}

func (p *ISAKMPProfile) unfit(_ string, local netip.Addr) string {
	if p.LocalAddress.IsValid() && p.LocalAddress != local {
		return fmt.Sprintf("local-address is %s, not %s", p.LocalAddress, local)
	}
	return ""
}

func (p *ISAKMPProfile) rules() []Match { return p.Matches }

// fits: an address is one of the global VRF where no other is said.
func (p *ISAKMPProfile) fits(m *Match, fvrf string) bool {
	return m.FVRF == fvrf || m.FVRF == "" && m.Kind != MatchAddress
}

func (p *ISAKMPProfile) words(m *Match) string { return m.String() }

// specificity orders rules: class first, then how much of the identity the
// rule says.
type specificity struct{ class, detail int }

// Classes of rules, from the least specific.
const (
	anybody     = iota + 1 // any
	everybody              // address 0.0.0.0
	certificate            // a certificate map
	part                   // a prefix, a domain
	exact                  // a host, a user, a group, one address
)

func (s specificity) less(t specificity) bool {
	return s.class < t.class || s.class == t.class && s.detail < t.detail
}

// bestRule is the most specific of a profile's rules that matches.
func (c *Config) bestRule(p candidate, id PeerID, cert *pki.Certificate) (rule *Match, best specificity) {
	rules := p.rules()
	for i := range rules {
		if !p.fits(&rules[i], c.fvrf) {
			continue
		}
		if s := c.matches(&rules[i], id, cert); best.less(s) {
			rule, best = &rules[i], s
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
	case MatchAny:
		// Who shows a distinguished name is found by a certificate map or not at all.
		if id.Type != wire.IDDERASN1DN {
			return specificity{anybody, 0}
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

// String prints the rule as crypto isakmp profile has it.
func (m *Match) String() string {
	word := map[MatchKind]string{
		MatchAddress: "match identity address", MatchHost: "match identity host", MatchHostDomain: "match identity host domain", MatchUser: "match identity user",
		MatchUserDomain: "match identity user domain", MatchGroup: "match identity group", MatchCertificate: "match certificate",
	}[m.Kind]
	switch {
	case m.Kind != MatchAddress:
		return word + " " + m.Value
	case m.Prefix.Addr().Is6() && !m.Prefix.IsSingleIP():
		return word + " ipv6 " + addressWords(m.Prefix)
	}
	return word + " " + addressWords(m.Prefix)
}

// addressWords is an address with its mask, if it needs one; 0.0.0.0 is printed
// without.
func addressWords(p netip.Prefix) string {
	switch {
	case p.IsSingleIP() || p.Bits() == 0 && p.Addr().Is4():
		return p.Addr().String()
	case p.Addr().Is6():
		return p.String()
	}
	return p.Addr().String() + " " + ipsec.Netmask(p)
}
