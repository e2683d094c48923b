package tunnel

import "github.com/obol-ike/obol/internal/ipsec"

// An Intent is what has to stand in the data plane, whatever others do to it.
type Intent struct {
	Policies []ipsec.Policy
	Links    []ipsec.Link
	Routes   []ipsec.Route
}

// Intent is what was asked for and not taken back.
func (s *Set) Intent() (i Intent) {
	i.Links = append(i.Links, s.loopbacks...)
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
