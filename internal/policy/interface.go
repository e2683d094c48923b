package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
)

type interfacePart struct {
	interfaces blocks[string, interfaceDraft]
	intf       *interfaceDraft
}

type interfaceDraft struct {
	Interface
	at         ios.Place
	addressAt  ios.Place
	primary    netip.Prefix // the others are secondary
	negotiated string       // ip address dhcp or negotiated
	ipv6       []netip.Prefix
	ipv6At     ios.Place
	ipv6MTU    int
	unnumbered ref
	vrf        ref
	tunnel     tunnelDraft
	df         *ipsec.DF // crypto ipsec df-bit; nil: the global one
}

var interfaceCommands = []ios.Command[*builder]{
	{Syntax: "interface INTERFACE [point-to-point | multipoint | type tunnel]", Enter: interfaceMode, Do: openInterface},
	{Syntax: "interface name:WORD [LINE]", Enter: otherInterfaceMode, Do: otherInterface},
}

var interfaceMode = (&ios.Mode[*builder]{
	Name:    "config-if",
	Owned:   []string{"crypto", "tunnel"},
	Foreign: foreignInterface,
	Unknown: func(b *builder, l ios.Line) { b.ignore(l, "interface ") },
}).Add(
	ios.Command[*builder]{Syntax: "description LINE", Do: func(b *builder, m *ios.Match) { b.intf.Description = setText(m) }},
	ios.Command[*builder]{Syntax: "ip address {A.B.C.D MASK [secondary] | later:{dhcp | negotiated | pool} [LINE]}", Do: ipAddress},
	ios.Command[*builder]{Syntax: "ip unnumbered INTERFACE", Do: ipUnnumbered},
	ios.Command[*builder]{Syntax: "ip mtu <68-65535>", Do: func(b *builder, m *ios.Match) {
		b.intf.MTU = 0
		if m.Form == ios.Set {
			b.intf.MTU = m.Int("N")
		}
	}},
	ios.Command[*builder]{Syntax: "ip tcp adjust-mss <500-10000>", Do: func(b *builder, m *ios.Match) { adjustMSS(b, m, &b.intf.MSS.IPv4) }},
	ios.Command[*builder]{Syntax: "ipv6 tcp adjust-mss <40-10000>", Do: func(b *builder, m *ios.Match) { adjustMSS(b, m, &b.intf.MSS.IPv6) }},
	ios.Command[*builder]{Syntax: "ipv6 address {prefix:X:X::X/n [later:{eui-64 | anycast}] | X:X::X [later:link-local] | later:{autoconfig | dhcp} [LINE]}", Do: ipv6Address},
	ios.Command[*builder]{Syntax: "ipv6 mtu <1280-65535>", Do: func(b *builder, m *ios.Match) {
		b.intf.ipv6MTU = 0
		if m.Form == ios.Set {
			b.intf.ipv6MTU = m.Int("N")
		}
	}},
	ios.Command[*builder]{Syntax: "shutdown", Do: func(b *builder, m *ios.Match) { b.intf.Shutdown = m.Form == ios.Set }},
	ios.Command[*builder]{Syntax: "[ip] vrf forwarding vrf:WORD", Do: forwardingVRF},
	ios.Command[*builder]{Syntax: "crypto ipsec " + dfWords, Do: func(b *builder, m *ios.Match) { b.intf.df = readDF(b, m) }},
	ios.Command[*builder]{Syntax: "crypto map name:WORD [LINE]", Do: func(b *builder, m *ios.Match) {
		b.warn(m.Place("name"), "crypto maps are not spoken: nothing on interface %s is protected by %s", b.intf.Name, m.Str("name"))
	}},
).Add(tunnelCommands...).Add(idle("ipv6 unnumbered INTERFACE", "keepalive [<0-32767> [<1-255>]]", "bandwidth {<1-100000000> | inherit | LINE}", "delay <1-16777215>")...).
	Directives(ios.Command[*builder]{Syntax: "linux-device name:WORD", Do: linuxDevice},
		ios.Command[*builder]{Syntax: "xfrm-interface", Do: xfrmInterface})

func openInterface(b *builder, m *ios.Match) {
	name := m.Str("INTERFACE")
	if m.Form != ios.Set {
		b.interfaces.drop(name)
		return
	}
	number := strings.LastIndexFunc(name, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }) + 1
	kind := map[string]InterfaceKind{"Loopback": Loopback, "Tunnel": TunnelInterface, virtualTemplate: VirtualTemplate}[name[:number]]
	n, err := strconv.ParseUint(name[number:], 10, 31)
	if kind != Physical && kind != VirtualTemplate && (err != nil || len(name) > maxDeviceName) {
		m.Fail("INTERFACE", "want a number that leaves a name of at most 15 characters, as Linux does", "%s has no fit number", name)
	}
	b.intf = b.interfaces.open(name, func() *interfaceDraft {
		return &interfaceDraft{Interface: Interface{Name: name, Kind: kind, Number: int(n), Pos: m.Line.Pos}, at: m.Place("INTERFACE")}
	})
}

// maxDeviceName is IFNAMSIZ less the NUL.
const maxDeviceName = 15

// otherInterfaceMode is for types of interface that this side of Linux has no
// idea of.
var otherInterfaceMode = (&ios.Mode[*builder]{Name: "config-if", Foreign: foreignInterface, Unknown: func(*builder, ios.Line) {}}).Add(
	ios.Command[*builder]{Syntax: "ip address LINE"},
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: "shutdown"},
	ios.Command[*builder]{Syntax: "[ip] vrf forwarding WORD"},
)

func otherInterface(b *builder, m *ios.Match) {
	name := m.Str("name")
	letters := strings.TrimRight(name, "0123456789/.:")
	if near := ios.Nearest(letters, ios.InterfaceTypes()); near != "" || letters == name {
		want := "want a name such as Tunnel1 or Ethernet0/0"
		if near != "" && !strings.EqualFold(near, letters) { // else it is the number
			want = "did you mean " + near + name[len(letters):] + "?"
		}
		m.Fail("name", want, "%.40q is no interface", name)
		return
	}
	b.ignore(m.Line, "")
}

// ipAddress: the last primary one written holds, secondary ones add up.
func ipAddress(b *builder, m *ios.Match) {
	i := b.intf
	switch {
	case m.Form != ios.Set && m.Str("A.B.C.D") == "":
		i.Addresses, i.negotiated = nil, ""
		return
	case m.Str("later") != "":
		i.negotiated = m.Str("later")
		noEffect(b, m)
		return
	}
	addr := m.Addr("A.B.C.D")
	bits, _ := ios.MaskBits(m.Str("MASK"))
	p := netip.PrefixFrom(addr, bits)
	if addr.IsUnspecified() || addr.IsMulticast() || bits == 0 || bits < 31 && (addr == p.Masked().Addr() || addr == lastAddr(p)) {
		m.Fail("A.B.C.D", "want the address of a host", "%s is not an address that an interface can have", p)
		return
	}
	i.Addresses = slices.DeleteFunc(i.Addresses, func(x netip.Prefix) bool { return x == p })
	switch {
	case m.Form != ios.Set:
	case m.Has("secondary"):
		i.Addresses = append(i.Addresses, p)
	default:
		i.Addresses = slices.DeleteFunc(i.Addresses, func(x netip.Prefix) bool { return x == i.primary })
		i.Addresses = slices.Insert(i.Addresses, 0, p)
		i.primary, i.addressAt, i.negotiated = p, m.Place("A.B.C.D"), ""
	}
}

// lastAddr is the broadcast address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

// ipv6Address: addresses add up. What the kernel would have to make up itself is
// not known here.
func ipv6Address(b *builder, m *ios.Match) {
	i := b.intf
	p, err := netip.ParsePrefix(m.Str("prefix"))
	switch {
	case m.Str("later") != "":
		noEffect(b, m)
		return
	case m.Str("X:X::X") != "":
		m.Fail("X:X::X", "want "+m.Str("X:X::X")+"/64, or what its prefix is", "this address has no prefix length")
		return
	case err != nil: // no ipv6 address: all of them
		i.ipv6 = nil
		return
	case p.Addr().IsUnspecified() || p.Addr().IsMulticast() || p.Addr().IsLinkLocalUnicast() || p.Addr().Is4In6() || p.Bits() == 0:
		m.Fail("prefix", "want the global address of a host", "%s is not an address that an interface can have", p)
		return
	}
	i.ipv6 = slices.DeleteFunc(i.ipv6, func(x netip.Prefix) bool { return x == p })
	if m.Form == ios.Set {
		i.ipv6, i.ipv6At = append(i.ipv6, p), m.Place("prefix")
	}
}

func ipUnnumbered(b *builder, m *ios.Match) {
	b.intf.unnumbered = ref{}
	if m.Form == ios.Set {
		b.intf.unnumbered = refOf(m, "INTERFACE")
	}
}

func forwardingVRF(b *builder, m *ios.Match) {
	b.intf.vrf = ref{}
	if m.Form == ios.Set {
		b.intf.vrf = refOf(m, "vrf")
	}
}

// adjustMSS is for tunnels: what passes through the host's own interfaces is its
// firewall's business.
func adjustMSS(b *builder, m *ios.Match, mss *uint16) {
	*mss = 0
	if m.Form != ios.Set {
		return
	}
	*mss = uint16(m.Int("N"))
	if k := b.intf.Kind; k != TunnelInterface && k != VirtualTemplate {
		b.warn(m.Place(""), "accepted, has no effect here: on an interface of the host nftables does it, with a rule of a forward chain for either way, oifname and iifname: tcp flags syn tcp option maxseg size set %d", *mss)
	}
}

func linuxDevice(b *builder, m *ios.Match) {
	name := m.Str("name")
	if len(name) > maxDeviceName || strings.ContainsAny(name, "/:") || name == "." || name == ".." {
		m.Fail("name", "want a name such as eth0, 15 characters at most", "%.40q is no Linux device", name)
		return
	}
	b.intf.Device = name
}

// xfrmInterface has the kernel make an XFRM interface of a static VTI. Its traffic is
// known by the if_id of policies and SAs, so that no other use of marks is in its way.
func xfrmInterface(b *builder, m *ios.Match) {
	if b.intf.Kind != TunnelInterface {
		m.Fail("", "want it below interface Tunnel<n>", "interface %s is no tunnel", b.intf.Name)
		return
	}
	b.intf.tunnel.xfrm, b.intf.tunnel.isXFRM = m.Place(""), true
}

// finishInterfaceAddresses settles whose addresses are whose, before anything
// refers to them.
func (b *builder) finishInterfaceAddresses() {
	owner := map[netip.Addr]*interfaceDraft{}
	for _, d := range b.interfaces.all {
		if d.VRF = d.vrf.name; d.Kind == Loopback && b.noVRF(d) != "" {
			b.missing(d.vrf, "vrf", b.vrfs.keys)
		}
		if d.ipv6MTU != 0 && (d.MTU == 0 || d.ipv6MTU < d.MTU) {
			d.MTU = d.ipv6MTU
		}
		for _, p := range slices.Concat(d.Addresses, d.ipv6) {
			if first := owner[p.Addr()]; first != nil && first != d && !first.Shutdown && !d.Shutdown && first.vrf.name == d.vrf.name {
				at := d.addressAt
				if p.Addr().Is6() {
					at = d.ipv6At
				}
				b.fail(at, "want an address of its own", "%s is already that of %s", p.Addr(), first.Name)
			}
			owner[p.Addr()] = d
		}
	}
	for _, d := range b.interfaces.all {
		r := d.unnumbered
		if r.name == "" {
			continue
		}
		d.Unnumbered = r.name
		if lender := b.interfaces.get(r.name); lender == nil {
			b.missing(r, "interface", b.interfaces.keys)
		} else if len(lender.Addresses) == 0 {
			b.fail(r.at, "want an interface with ip address", "interface %s has no address to lend", r.name)
		} else {
			d.Addresses = lender.Addresses
		}
	}
	for _, d := range b.interfaces.all {
		d.Addresses = slices.Concat(d.Addresses, d.ipv6)
	}
}

// addressOf is the primary address of an interface that a line names, or the
// first one of IPv6.
func (b *builder) addressOf(r ref, ipv6 bool) netip.Addr {
	d := b.interfaces.get(r.name)
	switch {
	case d == nil:
		b.missing(r, "interface", b.interfaces.keys)
	case ipv6 && len(d.ipv6) == 0:
		b.fail(r.at, "want ipv6 address X:X::X/n there", "interface %s has no address of IPv6", r.name)
	case ipv6:
		return d.ipv6[0].Addr()
	case len(d.Addresses) == len(d.ipv6) && d.negotiated != "":
		b.fail(r.at, "write the address itself, or ip address A.B.C.D MASK there", "interface %s gets its address by %s, which is not known here", r.name, d.negotiated)
	case len(d.Addresses) == len(d.ipv6):
		b.fail(r.at, "want ip address A.B.C.D MASK there", "interface %s has no address", r.name)
	default:
		return d.Addresses[0].Addr()
	}
	return netip.Addr{}
}

// addressesOf are those that packets to an interface may have: the primary one,
// and the first one of IPv6.
func (b *builder) addressesOf(r ref) (list []netip.Addr) {
	d := b.interfaces.get(r.name)
	if d != nil && len(d.ipv6) > 0 {
		list = append(list, d.ipv6[0].Addr())
		if len(d.Addresses) == len(d.ipv6) {
			return list
		}
	}
	if a := b.addressOf(r, false); a.IsValid() {
		list = append(list, a)
	}
	return list
}
