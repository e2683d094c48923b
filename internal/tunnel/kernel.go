package tunnel

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// defaultPathMTU is that of Ethernet.
const defaultPathMTU = 1500

// makeLink is the tunnel's interface in the kernel.
func makeLink(t *Tunnel, addresses []netip.Prefix) ipsec.Link {
	tu := t.itf.Tunnel
	mark, ifID := t.bind()
	l := ipsec.Link{
		Name: t.itf.Name, Kind: t.kind(),
		Local: tu.Source, Remote: t.end(t.remote),
		Key: tu.Key, HasKey: tu.HasKey, TTL: tu.TTL, PathMTU: tu.PathMTU && tu.Mode == policy.GREIP,
		VRF: t.itf.VRF, Door: tu.VRF, Addresses: addresses,
		MSS: t.itf.MSS, Up: t.down() == "",
	}
	switch {
	case ifID != 0:
		l.Key = ifID
	case tu.Mode.VTI():
		l.Key, l.HasKey = mark, mark != 0
	}
	if t.itf.ClonedFrom != "" {
		l.Name, l.AltName = t.itf.Device, t.itf.Name
	}
	l.MTU = t.mtu()
	return l
}

// bind is what ties SAs and policies to the link.
func (t *Tunnel) bind() (mark, ifID uint32) { return t.itf.Tunnel.Bind(t.xfrm) }

// kind of the link.
func (t *Tunnel) kind() ipsec.LinkKind {
	if _, ifID := t.bind(); ifID != 0 {
		return ipsec.XFRM
	}
	return LinkKind(t.itf.Tunnel)
}

// LinkKind is what a tunnel is in the kernel until its peer turns out to be behind a
// NAT.
func LinkKind(t *policy.Tunnel) ipsec.LinkKind {
	if t.IfID != 0 {
		return ipsec.XFRM
	}
	return [...]ipsec.LinkKind{
		policy.GREIP: ipsec.GREIP, policy.IPsecIPv4: ipsec.VTI, policy.GREIPv6: ipsec.GREIPv6, policy.IPsecIPv6: ipsec.VTI6,
	}[t.Mode]
}

func (t *Tunnel) mtu() int {
	tu := t.itf.Tunnel
	switch {
	case t.itf.MTU != 0:
		return t.itf.MTU
	case !t.protected():
		return 0
	}
	return tu.LinkMTU(t.suite, t.pathMTU, t.encap)
}

// negotiated is the transform set that an SA amounts to.
func negotiated(sa ipsec.SA) *policy.TransformSet {
	set := &policy.TransformSet{AH: sa.AH, Encr: sa.Encr, KeyBits: sa.KeyBits(), Integ: sa.Integ, Mode: sa.Mode}
	if sa.Protocol == ipsec.AH {
		set.Integ, set.AH = nil, sa.Integ
	}
	return set
}

// policies are the tunnel's in the kernel. GRE is host to host, and its packets
// begin and end here: in and out. What a VTI decrypts carries its mark and may
// be forwarded.
func (t *Tunnel) policies() []ipsec.Policy {
	if !t.protected() || t.parked() {
		return nil
	}
	tu := t.itf.Tunnel
	last := ipsec.Out
	if tu.Mode.VTI() {
		last = ipsec.Forward
	}
	mark, ifID := t.bind()
	list := make([]ipsec.Policy, 0, last)
	for d := ipsec.In; d <= last; d++ {
		list = append(list, ipsec.Policy{
			Direction: d, Selector: tu.SelectorTo(t.end(t.remote)), Mark: mark, IfID: ifID, ReqID: tu.ReqID,
			Mode: t.mode, Protocol: t.protocol, AH: t.suite.Both(),
			Local: tu.Source, Remote: t.remote,
		})
	}
	return list
}

// firstChoice is the encapsulation of the transform set that we offer first:
// what policies and MTU are made for until SAs are negotiated.
func (t *Tunnel) firstChoice() {
	tu := t.itf.Tunnel
	t.suite = tu.Protection.Transforms[0]
	t.mode, t.protocol = t.suite.Mode, ipsec.ESP
	if tu.Mode.VTI() || t.mode == 0 {
		t.mode = ipsec.Tunnel
	}
	if t.suite.Encr == nil && t.suite.Integ == nil {
		t.protocol = ipsec.AH
	}
}

// dummy is the link of an interface Loopback<n>.
func dummy(itf *policy.Interface) ipsec.Link {
	return ipsec.Link{Name: itf.Name, Kind: ipsec.Dummy, VRF: itf.VRF, Addresses: itf.Addresses, MTU: itf.MTU, Up: !itf.Shutdown}
}
