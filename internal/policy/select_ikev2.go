package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/pki"
)

// ProfileNotFound is what IOS says of a peer that no IKEv2 profile takes.
const ProfileNotFound = "% IKEv2 profile not found"

// anyFVRF is the word for peers of every VRF, the global one counted.
const anyFVRF = "any"

// SelectIKEv2Profile chooses the responder's profile by the initiator's
// identity or its certificate, nil when it showed none.
func (c *Config) SelectIKEv2Profile(id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*IKEv2Profile] {
	return c.selectIKEv2Profile(c.IKEv2.Profiles, id, cert, local)
}

// VerifyIKEv2Profile holds the responder's identity against the profile of the
// initiator's tunnel, the only one that it may lead to.
func (c *Config) VerifyIKEv2Profile(p *IKEv2Profile, id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*IKEv2Profile] {
	return c.selectIKEv2Profile([]*IKEv2Profile{p}, id, cert, local)
}

func (c *Config) selectIKEv2Profile(profiles []*IKEv2Profile, id PeerID, cert *pki.Certificate, local netip.Addr) Selection[*IKEv2Profile] {
	s := mostSpecific(c, profiles, id, cert, local)
	s.Reason = ProfileNotFound
	if s.Profile != nil {
		s.Reason = fmt.Sprintf("found matching IKEv2 profile '%s': %s", s.Profile.Name, s.Profile.words(s.Rule))
	}
	return s
}

// Unusable is why the profile serves nobody, "" when it does.
func (p *IKEv2Profile) Unusable() string {
	switch {
	case p.Incomplete != "":
		return p.Incomplete
	case p.Shutdown:
		return "it is shut down"
	}
	return ""
}

func (p *IKEv2Profile) unfit(fvrf string, local netip.Addr) string {
	if why := p.Unusable(); why != "" {
		return why
	}
	if p.FVRF != fvrf && p.FVRF != anyFVRF {
		return whose(p.FVRF)
	}
	if len(p.Local) > 0 && !slices.Contains(p.Local, local) {
		return fmt.Sprintf("match address local is %v, not %s", p.Local, local)
	}
	return ""
}

func (p *IKEv2Profile) rules() []Match { return p.Matches }

// fits: match fvrf is for the whole profile.
func (p *IKEv2Profile) fits(*Match, string) bool { return true }

func (p *IKEv2Profile) words(m *Match) string {
	if m.Kind == MatchCertificate {
		return m.String()
	}
	return "match identity remote " + m.Identity()
}

// Identity prints the rule as crypto ikev2 has it behind identity or identity
// remote: "fqdn domain cisco.com".
func (m *Match) Identity() string {
	switch m.Kind {
	case MatchAddress:
		return "address " + addressWords(m.Prefix)
	case MatchAny:
		return "any"
	}
	return map[MatchKind]string{
		MatchHost: "fqdn ", MatchHostDomain: "fqdn domain ", MatchUser: "email ", MatchUserDomain: "email domain ", MatchGroup: "key-id ",
	}[m.Kind] + m.Value
}
