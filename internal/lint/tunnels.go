package lint

import (
	"github.com/obol-ike/obol/internal/ios"
)

// tunnels tells of tunnels that stay down whatever the peer does.
func (c *checker) tunnels(r *router) {
	for _, i := range r.Config.Interfaces {
		if i.Unable != "" && !i.Shutdown {
			c.add(TunnelDown, Error, []ios.Pos{i.Pos}, "write the tunnel as obol speaks it, or shut it down", "interface %s stays down: %s", i.Name, i.Unable)
		}
	}
	for _, e := range r.ends() {
		switch p := e.ikev2(); {
		case r.Config.ISAKMP.Disabled:
			c.add(NotConfigured, Error, []ios.Pos{e.tunnel.Pos}, "take no crypto isakmp enable out", "%s is protected by IKE, which no crypto isakmp enable switches off", e.tunnel.Name)
		case p != nil && p.Unusable() != "":
			c.add(NotConfigured, Error, []ios.Pos{p.Pos, e.tunnel.Pos}, "complete the profile, or name another in ipsec profile "+e.ipsec().Name,
				"ikev2 profile %s of %s serves nobody: %s", p.Name, e.tunnel.Name, p.Unusable())
		}
	}
}

// sameKind says whether the two ends of a link can have anything to say to each
// other.
func (c *checker) sameKind(l link) bool {
	version := func(e end) string {
		if e.ikev2() != nil {
			return "IKEv2"
		}
		return "IKEv1"
	}
	where := []ios.Pos{l.a.ipsec().Pos, l.b.ipsec().Pos}
	if version(l.a) != version(l.b) {
		c.add(VersionMismatch, Error, where, "set ikev2-profile in both ipsec profiles, or in neither", "%s is protected by %s, %s by %s", l.a, version(l.a), l.b, version(l.b))
		return false
	}
	if a, b := l.a.tunnel.Tunnel, l.b.tunnel.Tunnel; a.Mode != b.Mode {
		c.add(SelectorMismatch, Error, []ios.Pos{l.a.tunnel.Pos, l.b.tunnel.Pos}, "give both ends the same tunnel mode", "%s has tunnel mode %s, %s has %s", l.a, a.Mode, l.b, b.Mode)
	}
	return true
}
