package policy

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

type routePart struct {
	routes []routeDraft
}

type routeDraft struct {
	StaticRoute
	device ref
	vrf    ref
}

var routeCommands = append([]ios.Command[*builder]{
	{Syntax: "ip route [vrf vrf:WORD] prefix:A.B.C.D MASK {via:A.B.C.D | INTERFACE [via:A.B.C.D | dhcp] | dhcp} [distance:<1-255>] [{name WORD | tag <1-4294967295> | permanent | track <1-1000>}...]", Do: staticRoute},
	{Syntax: "ipv6 route [vrf vrf:WORD] prefix:X:X::X/n {via:X:X::X | INTERFACE [via:X:X::X]} [distance:<1-254>] [{name WORD | tag <1-4294967295> | unicast | permanent | track <1-1000>}...]", Do: staticRoute},
}, idle("ip route static LINE", "ip route profile", "ipv6 route static LINE")...)

func staticRoute(b *builder, m *ios.Match) {
	dst, err := netip.ParsePrefix(m.Str("prefix"))
	if err != nil { // an address and a mask
		if m.Str("MASK") == "" {
			m.Fail("", "want no ip route PREFIX MASK ...", "which route is to go?")
			return
		}
		bits, _ := ios.MaskBits(m.Str("MASK"))
		dst = netip.PrefixFrom(m.Addr("prefix"), bits)
	}
	r := routeDraft{StaticRoute: StaticRoute{VRF: m.Str("vrf"), Dst: dst, Via: m.Addr("via"), Device: m.Str("INTERFACE"), Distance: 1, Pos: m.Line.Pos}}
	if r.Device != "" {
		r.device = refOf(m, "INTERFACE")
	}
	if r.VRF != "" {
		r.vrf = refOf(m, "vrf")
	}
	if n := m.Int("distance"); n > 0 {
		r.Distance = n
	}
	if r.Dst != r.Dst.Masked() {
		m.Fail("prefix", "want "+r.Dst.Masked().Addr().String(), "address and mask do not agree: %s has bits beyond the mask", r.Dst.Addr())
		return
	}
	b.routes = slices.DeleteFunc(b.routes, func(x routeDraft) bool {
		return x.VRF == r.VRF && x.Dst == r.Dst && (m.Form != ios.Set && !r.Via.IsValid() && r.Device == "" || x.Via == r.Via && x.Device == r.Device)
	})
	if m.Form != ios.Set {
		return
	}
	switch {
	case r.Device == "Null0" || m.Has("dhcp"):
		noEffect(b, m)
		return
	case m.Has("track"):
		b.warn(m.Place("track"), "accepted, has no effect yet: the route stands whatever track says")
	}
	b.routes = append(b.routes, r)
}

// finishRoutes leaves out routes into tunnels that stay down.
func (b *builder) finishRoutes() {
	for _, r := range b.routes {
		if r.VRF != "" && b.vrfs.get(r.VRF) != nil && !b.cfg.UsesVRF(r.VRF) {
			b.warn(r.vrf.at, "the route to %s is left out: no tunnel or loopback interface is in VRF %s", r.Dst, r.VRF)
			continue
		}
		if r.VRF != "" && b.vrfs.get(r.VRF) == nil {
			b.warn(r.vrf.at, "the route to %s is left out: there is no vrf definition %s", r.Dst, r.VRF)
			continue
		}
		if r.Device != "" && b.interfaces.get(r.Device) == nil {
			b.missing(r.device, "interface", b.interfaces.keys)
			continue
		}
		if d := b.downTunnel(r.StaticRoute); d != nil {
			b.cfg.Warnings = append(b.cfg.Warnings, Remark{r.Pos, "the route to " + r.Dst.String() + " is left out: " + d.Name + " stays down"})
			continue
		}
		b.cfg.Routes = append(b.cfg.Routes, r.StaticRoute)
	}
}

// downTunnel is the tunnel that a route goes into, when that one stays down.
func (b *builder) downTunnel(r StaticRoute) *interfaceDraft {
	for name, d := range b.interfaces.all {
		into := name == r.Device
		for _, p := range d.Addresses {
			into = into || d.VRF == r.VRF && r.Via.IsValid() && p.Contains(r.Via) && (d.Unnumbered == "" || p.Addr().Is6())
		}
		if into && d.Kind == TunnelInterface && d.Tunnel == nil {
			return d
		}
	}
	return nil
}
