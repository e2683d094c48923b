package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
)

// Names of the interfaces of a dynamic VTI: IOS's, and Linux's, which has room for 15
// characters.
const (
	virtualTemplate = "Virtual-Template"
	virtualAccess   = "Virtual-Access"
	accessDevice    = "Vi"
)

// virtualTemplateRef is the line virtual-template N of a profile.
type virtualTemplateRef struct {
	number int // 0: none
	at     ios.Place
}

func readVirtualTemplate(m *ios.Match) virtualTemplateRef {
	if m.Form != ios.Set {
		return virtualTemplateRef{}
	}
	return virtualTemplateRef{m.Int("N"), m.Place("N")}
}

// finishTemplate settles what the clones of a Virtual-Template are, or why there will
// be none.
func (b *builder) finishTemplate(d *interfaceDraft) {
	t, unable := &d.tunnel, ""
	if t.protection.name == "" {
		if b.usesTemplate(d.Number) { // else it is of something else: PPP
			d.Unable = "it has no tunnel protection"
			b.warn(d.at, "interface %s makes no tunnels: %s", d.Name, d.Unable)
		}
		return
	}
	if p := b.ipsecProfileNamed(t.protection.name); p != nil {
		t.Protection, unable = &p.IPsecProfile, p.unable
	} else {
		b.missing(t.protection, "ipsec profile", b.ipsecProfiles.keys)
		return
	}
	t.VRF = t.vrf.name
	if r := t.sourceIf; r.name != "" {
		t.SourceInterface = r.name
		t.Source = b.addressOf(r, t.Mode.IPv6())
	}
	switch {
	case unable != "":
	case t.mode != "":
		unable = "tunnel mode " + t.mode + " is not spoken yet"
	case !t.Mode.VTI():
		unable = "of mode " + t.Mode.String() + " no dynamic tunnel is made, tunnel mode ipsec ipv4 would do"
	case b.noVRF(d) != "":
		unable = b.noVRF(d)
	case b.doorOf(d) != t.VRF:
		unable = b.otherDoor(d)
	case t.Destination.IsValid() || t.destination != "":
		unable = "it has a tunnel destination, which is the peer's address in each of its copies"
	case t.Source.IsValid() && t.Mode.IPv6() != t.Source.Is6():
		unable = "tunnel mode " + t.Mode.String() + " does not run from " + t.Source.String()
	}
	t.DF = b.dfOf(d)
	if d.Unable = unable; unable != "" {
		b.warn(d.at, "interface %s makes no tunnels: %s", d.Name, unable)
		return
	}
	t.IfID = uint32(ipsec.AccessBase)
	d.Template = &t.Tunnel
}

// templateOf gives the number of a profile's Virtual-Template, which there must be. what
// is a demand on the peer that is not obeyed here, "" for none: then no tunnel is made
// without it.
func (b *builder) templateOf(r virtualTemplateRef, what string) int {
	if r.number == 0 {
		return 0
	}
	name := virtualTemplate + strconv.Itoa(r.number)
	if b.interfaces.get(name) == nil {
		b.missing(ref{name, r.at}, "interface", b.interfaces.keys)
		return 0
	}
	if what != "" {
		b.warn(r.at, "virtual-template %d makes no tunnels for this profile: %s is not spoken", r.number, what)
		return 0
	}
	return r.number
}

// usesTemplate says whether a profile names the Virtual-Template of a number.
func (b *builder) usesTemplate(n int) bool {
	return slices.ContainsFunc(b.cfg.Profiles, func(p *ISAKMPProfile) bool { return p.VirtualTemplate == n }) ||
		slices.ContainsFunc(b.cfg.IKEv2.Profiles, func(p *IKEv2Profile) bool { return p.VirtualTemplate == n })
}

// AccessFor is the Virtual-Template of which a peer of an IKE SA gets a copy for the
// traffic that it asks for, where no tunnel is configured for it; refused is the answer
// of these.
func (c *Config) AccessFor(local netip.Addr, sel ipsec.Selector, profile *ISAKMPProfile, refused TunnelChoice) TunnelChoice {
	if profile == nil {
		return refused
	}
	return c.accessFor(profile.VirtualTemplate, local, refused, func(t *Tunnel) bool { return t.Selector() == sel }, func(p *IPsecProfile) string {
		switch {
		case p.IKEv2Profile != nil:
			return "its ikev2-profile is " + p.IKEv2Profile.Name
		case p.ISAKMPProfile != nil && p.ISAKMPProfile.Name != profile.Name:
			return "its isakmp-profile is " + p.ISAKMPProfile.Name
		}
		return ""
	})
}

// IKEv2AccessFor is the same for a child SA of IKEv2.
func (c *Config) IKEv2AccessFor(local netip.Addr, profile *IKEv2Profile, offered func(*Tunnel) bool, refused TunnelChoice) TunnelChoice {
	if profile == nil {
		return refused
	}
	return c.accessFor(profile.VirtualTemplate, local, refused, offered, func(p *IPsecProfile) string {
		switch {
		case p.ISAKMPProfile != nil:
			return "its isakmp-profile is " + p.ISAKMPProfile.Name
		case p.IKEv2Profile != nil && p.IKEv2Profile.Name != profile.Name:
			return "its ikev2-profile is " + p.IKEv2Profile.Name
		}
		return ""
	})
}

func (c *Config) accessFor(number int, local netip.Addr, refused TunnelChoice, meant func(*Tunnel) bool, refusal func(*IPsecProfile) string) TunnelChoice {
	if number == 0 {
		return refused
	}
	i := c.Interface(virtualTemplate + strconv.Itoa(number))
	lose := func(why string) TunnelChoice {
		refused.AlsoRans = append(refused.AlsoRans, TunnelAlsoRan{i, why})
		return refused
	}
	if i == nil || i.Template == nil {
		return refused
	}
	t := i.Template
	switch why := refusal(t.Protection); {
	case i.Shutdown:
		return lose("it is shut down")
	case t.VRF != c.fvrf:
		return lose("its tunnel is in another VRF")
	case t.Source.IsValid() && t.Source != local:
		return lose("its source is " + t.Source.String())
	case why != "":
		refused.Reason = RefusedProfile
		return lose(why)
	case !meant(t):
		return lose("its proxies are " + t.Selector().String())
	}
	return TunnelChoice{Interface: i, Reason: "proxies of " + i.Name, AlsoRans: refused.AlsoRans}
}

// Access is the copy number n of a Virtual-Template, for the peer at an address.
func (i *Interface) Access(n int, local, peer netip.Addr) *Interface {
	a, t := *i, *i.Template
	a.Name, a.Device, a.Kind, a.Number = virtualAccess+strconv.Itoa(n), accessDevice+strconv.Itoa(n), TunnelInterface, n
	a.Template, a.ClonedFrom, a.Protected = nil, i.Name, true
	t.Source, t.Destination = local, peer
	t.ReqID = ipsec.AccessBase | ipsec.ReqID(n)
	t.IfID = uint32(t.ReqID)
	a.Tunnel = &t
	return &a
}

// AccessNumber is that of a Virtual-Access interface, by its name.
func AccessNumber(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, virtualAccess)
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil
}

// MaxAccess is the highest number of a Virtual-Access interface.
const MaxAccess = 1<<16 - 1

// Current is what has become of an interface in this configuration, nil when it is
// gone. A Virtual-Access interface is again the copy of what its template is now.
func (c *Config) Current(i *Interface) *Interface {
	if i.ClonedFrom == "" {
		return c.Interface(i.Name)
	}
	template := c.Interface(i.ClonedFrom)
	if template == nil || template.Template == nil || i.Tunnel == nil {
		return nil
	}
	return template.Access(i.Number, i.Tunnel.Source, i.Tunnel.Destination)
}
