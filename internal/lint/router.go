package lint

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// router is a Router with a store of certificates that stand in for its own.
type router struct {
	Router
	cas   cas
	store *pki.Snapshot
}

// An end is a tunnel with protection, that is not shut down.
type end struct {
	*router
	tunnel *policy.Interface
}

// ends are those of a router.
func (r *router) ends() (all []end) {
	for _, i := range r.Config.Interfaces {
		if i.Tunnel != nil && i.Tunnel.Protection != nil && !i.Shutdown {
			all = append(all, end{r, i})
		}
	}
	return all
}

// A link is two ends that face each other.
type link struct{ a, b end }

func links(r, s *router) (all []link) {
	for _, a := range r.ends() {
		for _, b := range s.ends() {
			if a.local() == b.peer() && a.peer() == b.local() {
				all = append(all, link{a, b})
			}
		}
	}
	return all
}

// both gives the two ways to look at a link: who begins, and who answers.
func (l link) both(yield func(i, r end) bool) {
	if yield(l.a, l.b) {
		yield(l.b, l.a)
	}
}

func (e end) vrf() string                   { return e.tunnel.Tunnel.VRF }
func (e end) local() netip.Addr             { return e.tunnel.Tunnel.Source }
func (e end) peer() netip.Addr              { return e.tunnel.Tunnel.Destination }
func (e end) ipsec() *policy.IPsecProfile   { return e.tunnel.Tunnel.Protection }
func (e end) ikev2() *policy.IKEv2Profile   { return e.ipsec().IKEv2Profile }
func (e end) isakmp() *policy.ISAKMPProfile { return e.ipsec().ISAKMPProfile }
func (e end) initiates() bool               { return !e.ipsec().ResponderOnly }

// String names it in a sentence about two routers.
func (e end) String() string { return e.tunnel.Name + " of " + e.Name }

// profile is the name of the IKE profile with its kind, else of the ipsec profile.
func (e end) profile() string {
	switch {
	case e.ikev2() != nil:
		return "ikev2 profile " + e.ikev2().Name
	case e.isakmp() != nil:
		return "isakmp profile " + e.isakmp().Name
	}
	return "ipsec profile " + e.ipsec().Name
}

// profilePos is where the IKE profile stands, else the ipsec profile.
func (e end) profilePos() ios.Pos {
	switch {
	case e.ikev2() != nil:
		return e.ikev2().Pos
	case e.isakmp() != nil:
		return e.isakmp().Pos
	}
	return e.ipsec().Pos
}
