package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// TunnelChoice is the tunnel interface that the peer's child SA belongs to.
type TunnelChoice struct {
	Interface *Interface      // nil: refused
	Reason    string          // in IOS's words
	AlsoRans  []TunnelAlsoRan // the others between the same ends
}

// TunnelAlsoRan is a tunnel that was not taken.
type TunnelAlsoRan struct {
	Interface *Interface
	Why       string
}

// Refusals of a child SA's traffic, as IOS says them.
const (
	RefusedProxies = "proxy identities not supported"
	RefusedProfile = "map_db_check_isakmp_profile profile did not match"
	RefusedAccess  = "no Virtual-Access interface is free"
)

// TunnelFor finds the tunnel of a quick mode by the addresses of the IKE SA,
// the proxy identities (Local is ours) and the ISAKMP profile of the IKE SA
// (nil: none). A tunnel whose ipsec profile names an isakmp-profile takes no
// other. Of several that fit, one that names the profile goes before one that
// names none, then the first configured.
func (c *Config) TunnelFor(local, remote netip.Addr, sel ipsec.Selector, profile *ISAKMPProfile) TunnelChoice {
	return c.tunnelFor(local, remote, func(t *Tunnel) bool { return t.Selector() == sel }, func(p *IPsecProfile) (named bool, why string) {
		switch {
		case p.IKEv2Profile != nil:
			return true, "its ikev2-profile is " + p.IKEv2Profile.Name
		case p.ISAKMPProfile == nil:
			return false, ""
		case p.ISAKMPProfile != profile:
			return true, "its isakmp-profile is " + p.ISAKMPProfile.Name
		}
		return true, ""
	})
}

// IKEv2TunnelFor finds the tunnel of a CHILD SA that the peer asks for, by the
// addresses with which the IKE SA began and its profile, which has to be the tunnel's;
// it may be of the configuration before, and is known by its name. offered says
// whether the peer's traffic selectors hold that of a tunnel whole: a tunnel takes all
// of its traffic or nothing.
func (c *Config) IKEv2TunnelFor(local, remote netip.Addr, profile *IKEv2Profile, offered func(*Tunnel) bool) TunnelChoice {
	return c.tunnelFor(local, remote, offered, func(p *IPsecProfile) (named bool, why string) {
		switch {
		case p.IKEv2Profile == nil:
			return true, "its ipsec profile names no ikev2-profile"
		case profile == nil || p.IKEv2Profile.Name != profile.Name:
			return true, "its ikev2-profile is " + p.IKEv2Profile.Name
		}
		return true, ""
	})
}

// tunnelFor asks of each protected tunnel whether its traffic is meant, and
// whether its ipsec profile names the profile of the IKE SA, or why it will not
// have it.
func (c *Config) tunnelFor(local, remote netip.Addr, meant func(*Tunnel) bool, takes func(*IPsecProfile) (named bool, why string)) TunnelChoice {
	choice := TunnelChoice{Reason: RefusedProxies}
	lose := func(i *Interface, why string) { choice.AlsoRans = append(choice.AlsoRans, TunnelAlsoRan{i, why}) }
	chosenNamed := false
	for _, i := range c.Interfaces {
		t := i.Tunnel
		// Ten thousand tunnels to other peers are no candidates.
		if t == nil || t.Protection == nil || t.VRF != c.fvrf || t.Source != local || t.Destination != remote {
			continue
		}
		named, refusal := takes(t.Protection)
		switch {
		case i.Shutdown:
			lose(i, "it is shut down")
		case !meant(t):
			lose(i, "its proxies are "+t.Selector().String())
		case refusal != "":
			lose(i, refusal)
			if choice.Interface == nil {
				choice.Reason = RefusedProfile
			}
		case choice.Interface == nil:
			choice.Interface, chosenNamed = i, named
		case named && !chosenNamed:
			lose(choice.Interface, "it names no isakmp-profile, "+i.Name+" does")
			choice.Interface, chosenNamed = i, named
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
func (t *Tunnel) Selector() ipsec.Selector { return t.SelectorTo(t.Destination) }

// SelectorTo is that traffic while the other end is at an address that a NAT has
// given it.
func (t *Tunnel) SelectorTo(remote netip.Addr) ipsec.Selector {
	if t.Mode.VTI() {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if t.Mode.IPv6() {
			all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		return ipsec.Selector{Local: all, Remote: all}
	}
	return ipsec.Selector{
		Local: netip.PrefixFrom(t.Source, t.Source.BitLen()), Remote: netip.PrefixFrom(remote, remote.BitLen()), Protocol: ipsec.GRE,
	}
}
