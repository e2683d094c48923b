package policy

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
)

// tunnelDraft is what the tunnel commands of an interface say.
type tunnelDraft struct {
	Tunnel
	sourceIf    ref
	destination string // a host name, or dynamic
	mode        string // a mode that is not spoken, "" for one that is
	vrf         ref
	protection  ref
	xfrm        ios.Place // of !obol xfrm-interface
	isXFRM      bool
}

var tunnelCommands = append([]ios.Command[*builder]{
	{Syntax: "tunnel source {A.B.C.D | INTERFACE | word:dynamic | X:X::X}", Do: tunnelSource},
	{Syntax: "tunnel destination {A.B.C.D | X:X::X | name:WORD}", Do: tunnelDestination},
	{Syntax: "tunnel mode {gre mode:{ip | ipv6 | multipoint [ipv6]} | ipsec mode:{ipv4 | ipv6} | other:{ipip | ipv6ip | ipv6 | udp | mpls | dvmrp | eon | nos | aurp | iptalk | cayman} [LINE]}", Do: tunnelMode},
	{Syntax: "tunnel key <0-4294967295>", Do: func(b *builder, m *ios.Match) {
		t := &b.intf.tunnel
		t.Key, t.HasKey = 0, m.Form == ios.Set
		if t.HasKey {
			t.Key = uint32(m.Int("N"))
		}
	}},
	{Syntax: "tunnel ttl <1-255>", Do: func(b *builder, m *ios.Match) {
		b.intf.tunnel.TTL = 0
		if m.Form == ios.Set {
			b.intf.tunnel.TTL = uint8(m.Int("N"))
		}
	}},
	{Syntax: "tunnel path-mtu-discovery [age-timer {infinite | <10-30>}] [min-mtu <92-65535>]", Do: func(b *builder, m *ios.Match) {
		b.intf.tunnel.PathMTU = m.Form == ios.Set
	}},
	{Syntax: "tunnel vrf vrf:WORD", Do: func(b *builder, m *ios.Match) {
		b.intf.tunnel.vrf = ref{}
		if m.Form == ios.Set {
			b.intf.tunnel.vrf = refOf(m, "vrf")
		}
	}},
	{Syntax: "tunnel protection ipsec profile name:WORD [isakmp-profile other:WORD | ikev2-profile other:WORD] [shared]", Do: tunnelProtection},
}, idle(
	"tunnel tos <0-255>",
	"tunnel checksum",
	"tunnel sequence-datagrams",
	"tunnel bandwidth {receive | transmit} <0-4294967295>",
	"tunnel route-via INTERFACE {mandatory | preferred}",
)...)

func tunnelSource(b *builder, m *ios.Match) {
	t := &b.intf.tunnel
	t.Source, t.sourceIf = netip.Addr{}, ref{}
	switch {
	case m.Form != ios.Set:
	case m.Str("A.B.C.D") != "":
		t.Source = m.Addr("A.B.C.D")
	case m.Str("X:X::X") != "":
		t.Source = m.Addr("X:X::X")
	case m.Str("INTERFACE") != "":
		t.sourceIf = refOf(m, "INTERFACE")
	default:
		m.Fail("", "want an interface or an address", "no tunnel is made from this source yet")
	}
}

func tunnelDestination(b *builder, m *ios.Match) {
	t := &b.intf.tunnel
	t.Destination, t.destination = netip.Addr{}, ""
	switch {
	case m.Form != ios.Set:
	case m.Str("A.B.C.D") != "":
		t.Destination = m.Addr("A.B.C.D")
	case m.Str("X:X::X") != "":
		t.Destination = m.Addr("X:X::X")
	default:
		t.destination = m.Str("name")
	}
}

func tunnelMode(b *builder, m *ios.Match) {
	t := &b.intf.tunnel
	t.Mode, t.mode = GREIP, ""
	if m.Form != ios.Set {
		return
	}
	words := cmp.Or(m.Str("other"), m.Keywords()[2]+" "+m.Str("mode"))
	if mode := slices.Index(tunnelModes[:], words); mode >= 0 {
		t.Mode = TunnelMode(mode)
		return
	}
	t.mode = words
	noEffect(b, m)
}

func tunnelProtection(b *builder, m *ios.Match) {
	b.intf.tunnel.protection = ref{}
	if m.Form != ios.Set {
		return
	}
	b.intf.tunnel.protection = refOf(m, "name")
	if m.Str("other") != "" {
		m.Fail("other", "want it in the ipsec profile: set isakmp-profile NAME", "a profile of the tunnel's own is not spoken yet")
	}
	if m.Has("shared") {
		noEffect(b, m)
	}
}

// finishTunnels makes tunnels of the interfaces that are one. What cannot be
// made as it is written stays down, and a warning tells: it is never made
// without what the text asks for.
func (b *builder) finishTunnels() {
	ids := b.tunnelIDs()
	taken := takenEnds{}
	for name, d := range b.interfaces.all {
		b.cfg.Interfaces = append(b.cfg.Interfaces, &d.Interface)
		t := &d.tunnel
		if d.Kind == VirtualTemplate {
			b.finishTemplate(d)
		}
		if d.Kind != TunnelInterface {
			continue
		}
		t.VRF = t.vrf.name
		if r := t.sourceIf; r.name != "" {
			t.SourceInterface = r.name
			t.Source = b.addressOf(r, t.Mode.IPv6() || t.Destination.Is6())
		}
		// The kernel's VTI asks its own VRF for the way to the peer.
		t.isXFRM = t.isXFRM || t.Mode.VTI() && (t.VRF != "" || d.VRF != "")
		if addr, ok := b.host(t.destination); ok {
			t.Destination, t.destination = addr, ""
		}
		unable := ""
		if r := t.protection; r.name != "" {
			d.Protected = true
			if p := b.ipsecProfileNamed(r.name); p != nil {
				t.Protection, unable = &p.IPsecProfile, p.unable
			} else {
				b.missing(r, "ipsec profile", b.ipsecProfiles.keys)
			}
		}
		switch {
		case unable != "":
		case t.mode != "":
			unable = "tunnel mode " + t.mode + " is not spoken yet"
		case b.noVRF(d) != "":
			unable = b.noVRF(d)
		case b.doorOf(d) != t.VRF:
			unable = b.otherDoor(d)
		case t.destination != "":
			unable = "its destination " + t.destination + " is no address, and no ip host line gives it one"
		case !t.Destination.IsValid():
			unable = "it has no tunnel destination"
		case !t.Source.IsValid():
			unable = "it has no tunnel source"
		case t.Mode.VTI() && t.Protection == nil:
			unable = "tunnel mode " + t.Mode.String() + " has no tunnel protection"
		case t.Source.Is6() != t.Destination.Is6():
			unable = "its source " + t.Source.String() + " and its destination " + t.Destination.String() + " are of different families"
		case t.Mode.IPv6() != t.Source.Is6():
			unable = "tunnel mode " + t.Mode.String() + " does not run from " + t.Source.String() + " to " + t.Destination.String() + ", tunnel mode " + t.Mode.other().String() + " would"
		default:
			unable = taken.take(name, t)
		}
		if d.Unable = unable; unable != "" {
			b.warn(d.at, "interface %s stays down: %s", name, unable)
			continue
		}
		t.ReqID, t.DF = ids[name], b.dfOf(d)
		switch {
		case t.isXFRM && t.Mode.VTI():
			t.IfID = uint32(t.ReqID)
		case t.isXFRM:
			b.fail(t.xfrm, "want tunnel mode ipsec ipv4 or ipsec ipv6 here", "%s is a GRE tunnel, which the kernel's XFRM interface carries none of", name)
		case t.Mode.VTI():
			t.Mark = uint32(t.ReqID)
		}
		d.Interface.Tunnel = &t.Tunnel
	}
}

// doorOf is the VRF that a tunnel's source is in: an address that no interface has is
// taken to be in the right one.
func (b *builder) doorOf(d *interfaceDraft) string {
	t := &d.tunnel
	if source := b.interfaces.get(t.SourceInterface); source != nil {
		return source.VRF
	}
	door := t.VRF
	for _, i := range b.interfaces.all {
		if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == t.Source }) {
			if door = i.VRF; door == t.VRF {
				break
			}
		}
	}
	return door
}

// otherDoor says that a tunnel's source is elsewhere than its ends.
func (b *builder) otherDoor(d *interfaceDraft) string {
	if door := b.doorOf(d); door != "" {
		return "its source " + d.tunnel.Source.String() + " is in VRF " + door + ", tunnel vrf " + door + " would do"
	}
	return "its source " + d.tunnel.Source.String() + " is not in VRF " + d.tunnel.VRF
}

// dfOf is what the nearest of the levels says that says something.
func (b *builder) dfOf(d *interfaceDraft) ipsec.DF {
	levels := []*ipsec.DF{d.df, nil, b.globalDF}
	if source := b.interfaces.get(d.tunnel.SourceInterface); source != nil {
		levels[1] = source.df
	}
	if p := b.ipsecProfiles.get(d.tunnel.protection.name); p != nil {
		levels = append([]*ipsec.DF{p.df}, levels...)
	}
	for _, level := range levels {
		if level != nil {
			return *level
		}
	}
	return ipsec.DFCopy
}

// takenEnds are the tunnels between two addresses.
type takenEnds map[[2]netip.Addr][]takenEnd

type takenEnd struct {
	name      string
	protected bool
	key       uint32
	vrf       string
	isXFRM    bool
}

// take adds a tunnel, or says why it cannot stand beside those there are. Plain
// GRE tunnels are told apart by their keys. The SAs of a protected tunnel carry
// everything between its ends that the other one sends too, and on a static VTI
// everything there is: IOS wants tunnel protection shared for it, and for two
// VTIs there is no way. Ends in two VRFs are others, but for the kernel's policies of GRE.
func (e takenEnds) take(name string, t *tunnelDraft) (unable string) {
	ends := [2]netip.Addr{t.Source, t.Destination}
	for _, o := range e[ends] {
		switch {
		case o.vrf != t.VRF && (o.isXFRM && t.isXFRM || !o.protected && t.Protection == nil):
		case o.vrf != t.VRF:
			return "it has the ends of " + o.name + ", and that they are in another VRF only XFRM interfaces know: tunnel mode ipsec ipv4 with !obol xfrm-interface"
		case o.protected || t.Protection != nil:
			return "it has the ends of " + o.name + ", and tunnel protection takes everything between them: sharing it is not spoken"
		case o.key == t.Key:
			return "it has the ends and the key of " + o.name
		}
	}
	e[ends] = append(e[ends], takenEnd{name, t.Protection != nil, t.Key, t.VRF, t.isXFRM && t.Mode.VTI()})
	return ""
}

// tunnelIDs gives each tunnel a request id made from its number. Numbers that
// fall together beyond 16 bits take the next free one, the lower number first,
// so that the same interfaces always get the same ids.
func (b *builder) tunnelIDs() map[string]ipsec.ReqID {
	var tunnels []*interfaceDraft
	for _, d := range b.interfaces.all {
		if d.Kind == TunnelInterface {
			tunnels = append(tunnels, d)
		}
	}
	slices.SortFunc(tunnels, func(x, y *interfaceDraft) int { return cmp.Compare(x.Number, y.Number) })
	ids, taken := map[string]ipsec.ReqID{}, map[uint16]bool{}
	for _, d := range tunnels {
		if len(taken) == 1<<16 {
			b.fail(d.at, "", "more than %d tunnels", 1<<16)
			break
		}
		n := uint16(d.Number)
		for taken[n] {
			n++
		}
		taken[n] = true
		ids[d.Name] = ipsec.ReqIDBase | ipsec.ReqID(n)
	}
	return ids
}
