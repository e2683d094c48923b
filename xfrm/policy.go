package xfrm

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"

	"github.com/obol-ike/obol/internal/ipsec"
)

// priority of all our policies; the lowest number wins. Policies of ours never
// overlap: they differ in the mark, in the if_id or in the ends of the tunnel. Other keying
// daemons use much higher numbers for their broad policies, so a tunnel of
// ours stays protected as configured.
const priority = 1000

var directions = map[ipsec.Direction]netlink.Dir{
	ipsec.In: netlink.XFRM_DIR_IN, ipsec.Out: netlink.XFRM_DIR_OUT, ipsec.Forward: netlink.XFRM_DIR_FWD,
}

// toPolicy turns a policy into the kernel's: its templates are required, so that
// traffic without an SA is dropped. They stand in the order in which they are
// applied: an AH is around ESP.
func toPolicy(p ipsec.Policy) *netlink.XfrmPolicy {
	sel, src, dst := p.Selector, p.Local, p.Remote
	if p.Direction != ipsec.Out {
		sel, src, dst = sel.Mirror(), p.Remote, p.Local
	}
	templates := []netlink.XfrmPolicyTmpl{{
		Src: src.AsSlice(), Dst: dst.AsSlice(), Proto: netlink.Proto(p.Protocol),
		Mode: netlink.Mode(mode(p.Mode)), Reqid: int(p.ReqID),
	}}
	if p.AH {
		templates = append(templates, netlink.XfrmPolicyTmpl{
			Src: src.AsSlice(), Dst: dst.AsSlice(), Proto: netlink.Proto(ipsec.AH),
			Mode: netlink.XFRM_MODE_TRANSPORT, Reqid: int(p.ReqID),
		})
	}
	return &netlink.XfrmPolicy{
		Src: toIPNet(sel.Local), Dst: toIPNet(sel.Remote), Proto: netlink.Proto(sel.Protocol),
		SrcPort: int(sel.LocalPort), DstPort: int(sel.RemotePort),
		Dir: directions[p.Direction], Priority: priority, Mark: fullMark(p.Mark), Ifid: int(p.IfID),
		Tmpls: templates,
	}
}

func fullMark(v uint32) *netlink.XfrmMark {
	if v == 0 {
		return nil
	}
	return &netlink.XfrmMark{Value: v, Mask: ^uint32(0)}
}

func describePolicy(p ipsec.Policy) string {
	s := fmt.Sprintf("%s policy %s", p.Direction, p.Selector)
	if p.Mark != 0 {
		s += fmt.Sprintf(" mark 0x%x", p.Mark)
	}
	if p.IfID != 0 {
		s += fmt.Sprintf(" if_id 0x%x", p.IfID)
	}
	return s
}

// ours says whether a policy keys SAs of ours.
func ours(p netlink.XfrmPolicy) bool {
	for _, t := range p.Tmpls {
		if ipsec.ReqID(uint32(t.Reqid)).Ours() {
			return true
		}
	}
	return false
}

// SetPolicy adds or replaces a policy. One with the same selector, direction,
// mark and if_id that is not ours is left, and that is an error.
func (d *Dataplane) SetPolicy(p ipsec.Policy) error {
	k := toPolicy(p)
	old, err := d.handle.XfrmPolicyGet(k)
	switch {
	case errors.Is(err, syscall.ENOENT):
		err = d.handle.XfrmPolicyAdd(k)
	case err == nil && !ours(*old):
		err = errors.New("it exists and is not obol's")
	case err == nil:
		err = d.handle.XfrmPolicyUpdate(k)
	}
	if err != nil {
		return fmt.Errorf("set %s: %w", describePolicy(p), err)
	}
	return nil
}

// PolicyDiffers says how a policy does not stand as it was set.
func (d *Dataplane) PolicyDiffers(p ipsec.Policy) (string, error) {
	k := toPolicy(p)
	old, err := d.handle.XfrmPolicyGet(k)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return "it was removed", nil
	case err == nil && !ours(*old):
		err = errors.New("another's stands in its place")
	case err == nil && !slices.EqualFunc(old.Tmpls, k.Tmpls, sameTemplate):
		return "it is for other SAs", nil
	case err == nil && old.Action != netlink.XFRM_POLICY_ALLOW:
		return "it lets nothing pass", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", describePolicy(p), err)
	}
	return "", nil
}

func sameTemplate(a, b netlink.XfrmPolicyTmpl) bool {
	return a.Src.Equal(b.Src) && a.Dst.Equal(b.Dst) && a.Proto == b.Proto && a.Mode == b.Mode && a.Reqid == b.Reqid && a.Optional == b.Optional
}

// RemovePolicy removes a policy. That there is none of ours is no error.
func (d *Dataplane) RemovePolicy(p ipsec.Policy) error {
	k := toPolicy(p)
	old, err := d.handle.XfrmPolicyGet(k)
	if err == nil && ours(*old) {
		err = d.handle.XfrmPolicyDel(k)
	}
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("remove %s: %w", describePolicy(p), err)
	}
	return nil
}
