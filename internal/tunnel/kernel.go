package tunnel

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// defaultPathMTU is that of Ethernet.
const defaultPathMTU = 1500

// makeLink is the tunnel's interface in the kernel. A pair of SAs, when there is
// one, decides its MTU; before, the transform set of first choice does.
func makeLink(t *Tunnel, addresses []netip.Prefix) ipsec.Link {
	tu := t.itf.Tunnel
	l := ipsec.Link{
		Name: t.itf.Name, Kind: ipsec.GREIP,
		Local: tu.Source, Remote: tu.Destination,
		Key: tu.Key, HasKey: tu.HasKey, TTL: tu.TTL,
		Addresses: addresses,
		Up:        t.down() == "",
	}
	if tu.Mode == policy.IPsecIPv4 {
		l.Kind, l.Key, l.HasKey = ipsec.VTI, tu.Mark, tu.Mark != 0
	}
	l.MTU = t.mtu()
	return l
}

func (t *Tunnel) mtu() int {
	tu := t.itf.Tunnel
	if t.itf.MTU != 0 {
		return t.itf.MTU
	}
	if !t.protected() {
		return 0
	}
	if len(t.children) > 0 {
		sa := t.children[len(t.children)-1].out
		return tu.LinkMTU(negotiated(sa), t.pathMTU, sa.Encap != nil)
	}
	if t.link.MTU != 0 {
		return t.link.MTU // of the SAs that were
	}
	return tu.LinkMTU(tu.Protection.Transforms[0], t.pathMTU, false)
}

// negotiated is the transform set that an SA amounts to.
func negotiated(sa ipsec.SA) *policy.TransformSet {
	set := &policy.TransformSet{Encr: sa.Encr, KeyBits: 8 * len(sa.EncrKey), Integ: sa.Integ, Mode: sa.Mode}
	if sa.Protocol == ipsec.AH {
		set.Integ, set.AH = nil, sa.Integ
	}
	return set
}

// policies are the tunnel's in the kernel. GRE is host to host, and its packets
// begin and end here: in and out. What a VTI decrypts carries its mark and may
// be forwarded.
func (t *Tunnel) policies() []ipsec.Policy {
	if !t.protected() {
		return nil
	}
	tu := t.itf.Tunnel
	directions := []ipsec.Direction{ipsec.In, ipsec.Out}
	if tu.Mode == policy.IPsecIPv4 {
		directions = append(directions, ipsec.Forward)
	}
	var list []ipsec.Policy
	for _, d := range directions {
		list = append(list, ipsec.Policy{
			Direction: d, Selector: tu.Selector(), Mark: tu.Mark, ReqID: tu.ReqID,
			Mode: t.mode, Protocol: t.protocol,
			Local: tu.Source, Remote: tu.Destination,
		})
	}
	return list
}

// firstChoice is the encapsulation of the transform set that we offer first:
// what the policies say until SAs are negotiated.
func firstChoice(tu *policy.Tunnel) (ipsec.Mode, ipsec.Protocol) {
	set := tu.Protection.Transforms[0]
	mode, protocol := set.Mode, ipsec.ESP
	if tu.Mode == policy.IPsecIPv4 || mode == 0 {
		mode = ipsec.Tunnel
	}
	if set.Encr == nil && set.Integ == nil {
		protocol = ipsec.AH
	}
	return mode, protocol
}

// dummy is the link of an interface Loopback<n>.
func dummy(itf *policy.Interface) ipsec.Link {
	return ipsec.Link{Name: itf.Name, Kind: ipsec.Dummy, Addresses: itf.Addresses, MTU: itf.MTU, Up: !itf.Shutdown}
}
