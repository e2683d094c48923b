package tunnel

import "github.com/obol-ike/obol/internal/ipsec"

// Intent is what was asked for and not taken back, but for SAs.
func (s *Set) Intent() (i ipsec.Intent) {
	i.Links = append(append(i.Links, s.vrfs...), s.loopbacks...)
	for _, t := range s.tunnels {
		if t.itf.Tunnel == nil || t.parked() {
			continue
		}
		i.Policies = append(i.Policies, t.policies()...)
		i.Links = append(i.Links, t.link)
	}
	for _, r := range s.standing {
		i.Routes = append(i.Routes, r.Route)
	}
	return i
}
