package lint

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// overlaps tells of match rules of several profiles that match the same peer, and
// which of the profiles wins. Each rule is tried with a peer that it is for.
func (c *checker) overlaps(r *router) {
	isakmp, ikev2 := overlapping{}, overlapping{}
	for _, p := range r.Config.Profiles {
		for i := range p.Matches {
			if id, ok := peerOf(&p.Matches[i]); ok {
				tried(c, isakmp, "isakmp", id, r.Config.In(p.Matches[i].FVRF).SelectISAKMPProfile(id, nil, p.LocalAddress))
			}
		}
	}
	for _, p := range r.Config.IKEv2.Profiles {
		local := netip.Addr{}
		if len(p.Local) > 0 {
			local = p.Local[0]
		}
		for i := range p.Matches {
			if id, ok := peerOf(&p.Matches[i]); ok {
				tried(c, ikev2, "ikev2", id, r.Config.In(p.FVRF).SelectIKEv2Profile(id, nil, local))
			}
		}
	}
}

// overlapping are the profiles that were told of: the winner and the loser.
type overlapping map[[2]string]bool

// peerOf is a peer that a rule is for. There is none for a rule about
// certificates, nor for one that takes anybody.
func peerOf(m *policy.Match) (id policy.PeerID, ok bool) {
	switch m.Kind {
	case policy.MatchAddress:
		if m.Prefix.Bits() == 0 {
			return id, false
		}
		id = policy.PeerID{Type: wire.IDIPv4Addr, Addr: m.Prefix.Addr()}
		if id.Addr.Is6() {
			id.Type = wire.IDIPv6Addr
		}
	case policy.MatchHost:
		id = policy.PeerID{Type: wire.IDFQDN, Name: m.Value}
	case policy.MatchHostDomain:
		id = policy.PeerID{Type: wire.IDFQDN, Name: "host." + m.Value}
	case policy.MatchUser:
		id = policy.PeerID{Type: wire.IDUserFQDN, Name: m.Value}
	case policy.MatchUserDomain:
		id = policy.PeerID{Type: wire.IDUserFQDN, Name: "user@" + m.Value}
	case policy.MatchGroup:
		id = policy.PeerID{Type: wire.IDKeyID, Name: m.Value}
	default:
		return id, false
	}
	return id, true
}

func tried[P interface {
	comparable
	Place() (name string, at ios.Pos)
}](c *checker, seen overlapping, kind string, id policy.PeerID, choice policy.Selection[P]) {
	var none P
	if choice.Profile == none {
		return
	}
	winner, _ := choice.Profile.Place()
	var ties, lesser []string
	tiesAt, lesserAt := []ios.Pos{choice.Rule.Pos}, []ios.Pos{choice.Rule.Pos}
	for _, a := range choice.AlsoRans {
		name, _ := a.Profile.Place()
		if a.Rule == nil || seen[[2]string{winner, name}] {
			continue
		}
		seen[[2]string{winner, name}] = true
		if a.Tie {
			ties, tiesAt = append(ties, name), append(tiesAt, a.Rule.Pos)
		} else {
			lesser, lesserAt = append(lesser, name), append(lesserAt, a.Rule.Pos)
		}
	}
	if len(ties) > 0 {
		c.add(OverlappingMatch, Warning, tiesAt, "give each profile match rules of its own",
			"%s profiles %s match a peer such as %s equally well: %s wins, because it is configured last", kind, words(append(ties, winner)), id, winner)
	}
	if len(lesser) > 0 {
		c.add(OverlappingMatch, Info, lesserAt, fmt.Sprintf("leave it so if %s is meant for that peer", winner),
			"%s profile %s and, less specifically, %s match a peer such as %s: %s wins", kind, winner, words(lesser), id, winner)
	}
}
