package rtnetlink

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/obol-ike/obol/internal/ipsec"
)

// LinkDiffers says what of a link does not stand as it was set, "" for nothing. An
// error says that it cannot: another's has its name.
func (i *Interfaces) LinkDiffers(l ipsec.Link) (string, error) {
	if set, ok := i.onLo[l.Name]; ok {
		return i.loDiffers(set)
	}
	if l.Kind == ipsec.VRF {
		if host, err := i.hostsVRF(l.Name); host || err != nil {
			return "", err
		}
	}
	old, err := i.link(l.Name)
	if err != nil {
		return "", err
	}
	door, err := i.vrfIndex(l.Door)
	switch {
	case err != nil:
		return "", err
	case old == nil:
		return "it was removed", nil
	case !sameTunnel(old, l, door):
		return "it is of another kind, or has another key", nil
	case hasEnds(l.Kind) && !sameEnds(old, l):
		return "it has other ends", nil
	}
	if how, err := i.settingsDiffer(old, l); how != "" || err != nil {
		return how, err
	}
	return i.mssDiffers(l)
}

// SettingsDiffer is LinkDiffers for a TUN device, which has neither ends nor a key.
func (i *Interfaces) SettingsDiffer(l ipsec.Link) (string, error) {
	old, err := i.link(l.Name)
	if err != nil || old == nil {
		return "", err
	}
	return i.settingsDiffer(old, l)
}

// settingsDiffer is about what adjust sets.
func (i *Interfaces) settingsDiffer(old netlink.Link, l ipsec.Link) (string, error) {
	a := old.Attrs()
	if up := a.Flags&net.FlagUp != 0; up != l.Up {
		return fmt.Sprintf("up is %v", up), nil
	}
	if vrf, err := i.vrfIndex(l.VRF); err != nil || vrf != 0 && vrf != a.MasterIndex {
		return "it is not in its VRF", err
	}
	if l.MTU != 0 && a.MTU != l.MTU {
		return fmt.Sprintf("its MTU is %d", a.MTU), nil
	}
	list, err := i.addressesOf(old)
	if err != nil {
		return "", err
	}
	var standing []netip.Prefix
	for _, a := range list {
		if a.Addr().Is4() || !a.Addr().IsLinkLocalUnicast() {
			standing = append(standing, a.Prefix)
		}
	}
	return addressesDiffer(standing, l.Addresses), nil
}

// loDiffers is about the addresses of lo that stand for a loopback interface.
func (i *Interfaces) loDiffers(l ipsec.Link) (string, error) {
	lo, err := i.lo()
	if err != nil {
		return "", err
	}
	ours, err := i.addressesOfLo(lo)
	if err != nil {
		return "", err
	}
	// Those of other loopback interfaces are there too.
	if p, ok := beyond(l.Addresses, ours); ok {
		return "it has lost " + p.String(), nil
	}
	return "", nil
}

// addressesDiffer compares addresses in any order.
func addressesDiffer(standing, want []netip.Prefix) string {
	if p, ok := beyond(want, standing); ok {
		return "it has lost " + p.String()
	}
	if p, ok := beyond(standing, want); ok {
		return "it has got " + p.String()
	}
	return ""
}

// beyond is the first of a list that another has not.
func beyond(list, other []netip.Prefix) (netip.Prefix, bool) {
	for _, p := range list {
		if !slices.Contains(other, p) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}
