package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// TunnelChoice is the tunnel interface that a quick mode belongs to.
type TunnelChoice struct {
	Interface *Interface // nil: refused
	Reason    string     // in IOS's words
	AlsoRans  []TunnelAlsoRan
}

// TunnelAlsoRan is a tunnel that was not taken.
type TunnelAlsoRan struct {
	Interface *Interface
	Why       string
}

// Refusals of a quick mode's proxies, as IOS says them.
const (
	RefusedProxies = "proxy identities not supported"
	RefusedProfile = "map_db_check_isakmp_profile profile did not match"
)

// TunnelFor finds the tunnel of a quick mode by the addresses of the IKE SA,
// the proxy identities (Local is ours) and the ISAKMP profile of the IKE SA
// (nil: none). A tunnel whose ipsec profile names an isakmp-profile takes no
// other. Of several that fit, one that names the profile goes before one that
// names none, then the first configured.
func (c *Config) TunnelFor(local, remote netip.Addr, sel ipsec.Selector, profile *ISAKMPProfile) TunnelChoice {
	choice := TunnelChoice{Reason: RefusedProxies}
	lose := func(i *Interface, why string) { choice.AlsoRans = append(choice.AlsoRans, TunnelAlsoRan{i, why}) }
	for _, i := range c.Interfaces {
		t := i.Tunnel
		if t == nil || t.Protection == nil {
			continue
		}
		named := t.Protection.ISAKMPProfile
		switch {
		case i.Shutdown:
			lose(i, "it is shut down")
		case t.Source != local || t.Destination != remote:
			lose(i, "it runs from "+t.Source.String()+" to "+t.Destination.String())
		case t.Selector() != sel:
			lose(i, "its proxies are "+t.Selector().String())
		case named != nil && named != profile:
			lose(i, "its isakmp-profile is "+named.Name)
			if choice.Interface == nil {
				choice.Reason = RefusedProfile
			}
		case choice.Interface == nil:
			choice.Interface = i
		case named != nil && choice.Interface.Tunnel.Protection.ISAKMPProfile == nil:
			lose(choice.Interface, "it names no isakmp-profile, "+i.Name+" does")
			choice.Interface = i
		default:
			lose(i, choice.Interface.Name+" fits too, and stands first")
		}
	}
	if choice.Interface != nil {
		choice.Reason = "proxies of " + choice.Interface.Name
	}
	return choice
}

// Selector is the traffic that the tunnel's SAs carry: GRE between the two
// ends, or everything for a VTI.
func (t *Tunnel) Selector() ipsec.Selector {
	if t.Mode == IPsecIPv4 {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		return ipsec.Selector{Local: all, Remote: all}
	}
	return ipsec.Selector{
		Local: netip.PrefixFrom(t.Source, t.Source.BitLen()), Remote: netip.PrefixFrom(t.Destination, t.Destination.BitLen()), Protocol: ipsec.GRE,
	}
}
