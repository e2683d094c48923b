package tunnel

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// A route is a static route and the interface that it goes through.
type route struct {
	ipsec.Route
	through string // "": only the kernel knows
}

// resolve makes kernel routes of the configured ones. reason is not empty when
// there is no way to make one.
func resolve(cfg *policy.Config, r policy.StaticRoute) (resolved route, reason string) {
	resolved = route{Route: ipsec.Route{VRF: r.VRF, Dst: r.Dst, Via: r.Via, Metric: r.Distance}}
	itf := cfg.Interface(r.Device)
	if r.Device == "" {
		itf = connected(cfg, r.VRF, r.Via)
	}
	if itf == nil {
		if r.Device != "" {
			return resolved, "no interface " + r.Device
		}
		return resolved, "" // the next hop is on a network that the configuration does not name
	}
	if itf.VRF != r.VRF {
		return resolved, itf.Name + " is in another VRF"
	}
	resolved.through = itf.Name
	switch {
	case itf.Kind == policy.Physical:
		resolved.Dev = itf.Device
		if itf.Device == "" && !r.Via.IsValid() {
			return resolved, "the Linux device of " + itf.Name + " is not known"
		}
	default:
		resolved.Dev = itf.Name
		if longest(cfg, itf, r.Via) < 0 {
			resolved.Via = netip.Addr{} // a tunnel has one other end: any next hop is that one
		}
	}
	return resolved, ""
}

// connected is the interface of a VRF whose subnet holds an address; the longest prefix
// wins.
func connected(cfg *policy.Config, vrf string, a netip.Addr) *policy.Interface {
	var best *policy.Interface
	bits := -1
	for _, itf := range cfg.Interfaces {
		if n := longest(cfg, itf, a); n > bits && itf.VRF == vrf {
			best, bits = itf, n
		}
	}
	return best
}

// longest is the prefix length of the interface's subnet that holds an address,
// -1 when none does.
func longest(cfg *policy.Config, itf *policy.Interface, a netip.Addr) int {
	bits := -1
	for _, p := range addresses(cfg, itf) {
		if p.Contains(a) {
			bits = max(bits, p.Bits())
		}
	}
	return bits
}

// addresses of an interface. ip unnumbered lends the other interface's address of
// IPv4, without its subnet.
func addresses(cfg *policy.Config, itf *policy.Interface) []netip.Prefix {
	if itf.Unnumbered == "" {
		return itf.Addresses
	}
	list := slices.DeleteFunc(slices.Clone(itf.Addresses), func(p netip.Prefix) bool { return p.Addr().Is4() })
	lender := cfg.Interface(itf.Unnumbered)
	if lender == nil || len(lender.Addresses) == 0 || !lender.Addresses[0].Addr().Is4() {
		return list
	}
	a := lender.Addresses[0].Addr()
	return slices.Insert(list, 0, netip.PrefixFrom(a, a.BitLen()))
}

// recursive says whether the best way to a tunnel's destination, as far as the
// configuration knows, leads into the tunnel itself, or into others and through them
// back: every packet would go round for ever, and longer each time.
func recursive(cfg *policy.Config, itf *policy.Interface, routes []route) bool {
	at := itf
	for range cfg.Interfaces {
		if at = cfg.Interface(towards(cfg, at.Tunnel, routes)); at == nil || at.Tunnel == nil {
			return false
		}
		if at == itf {
			return true
		}
	}
	return false // the ones on the way go round without it
}

// towards is the interface that the best way to a tunnel's destination leads out of, ""
// where the configuration does not say.
func towards(cfg *policy.Config, t *policy.Tunnel, routes []route) string {
	best, bits, metric, destination := "", -1, 0, t.Destination
	if c := connected(cfg, t.VRF, destination); c != nil {
		best, bits = c.Name, longest(cfg, c, destination)
	}
	for _, r := range routes {
		if r.VRF != t.VRF || !r.Dst.Contains(destination) {
			continue
		}
		if r.Dst.Bits() > bits || r.Dst.Bits() == bits && r.Metric < metric {
			best, bits, metric = r.through, r.Dst.Bits(), r.Metric
		}
	}
	return best
}

// adoptRoutes resolves the configured routes; what cannot be resolved is
// reported and left out.
func (s *Set) adoptRoutes() {
	s.routes = nil
	for _, r := range s.cfg.Routes {
		resolved, reason := resolve(s.cfg, r)
		if reason != "" {
			s.report(RouteUnresolved{Dst: r.Dst, Reason: reason})
			continue
		}
		s.routes = append(s.routes, resolved)
	}
}

// announce sets the routes whose interface is up and that do not stand yet.
func (s *Set) announce() {
	for _, r := range s.routes {
		if s.carries(r.through) && !slices.Contains(s.standing, r) {
			s.emit(ike.SetRoute{Route: r.Route})
			s.standing = append(s.standing, r)
		}
	}
}

// withdraw removes standing routes.
func (s *Set) withdraw(which func(route) bool) {
	s.standing = slices.DeleteFunc(s.standing, func(r route) bool {
		if !which(r) {
			return false
		}
		s.emit(ike.SetRoute{Route: r.Route, Remove: true})
		return true
	})
}

// carries says whether routes through an interface are to stand.
func (s *Set) carries(name string) bool {
	itf := s.cfg.Interface(name)
	switch {
	case name == "":
		return true
	case itf == nil:
		return false
	case itf.Kind == policy.TunnelInterface:
		t := s.Lookup(name)
		return t != nil && t.link.Up
	default:
		return !itf.Shutdown
	}
}
