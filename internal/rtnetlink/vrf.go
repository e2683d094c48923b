package rtnetlink

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// hasEnds says whether links of a kind have two addresses, or what stands for them.
func hasEnds(k ipsec.LinkKind) bool { return k != ipsec.Dummy && k != ipsec.VRF }

// hostsVRF says whether the host has a VRF device of a name, which is then used as it
// is.
func (i *Interfaces) hostsVRF(name string) (bool, error) {
	l, err := i.handle.LinkByName(name)
	if _, absent := err.(netlink.LinkNotFoundError); absent {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for interface %s: %w", name, err)
	}
	_, isVRF := l.(*netlink.Vrf)
	return isVRF && !oursLink(l.Attrs()), nil
}

// vrf finds the device of a VRF, whosever it is.
func (i *Interfaces) vrf(name string) (*netlink.Vrf, error) {
	l, err := i.handle.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("VRF %s: %w", name, err)
	}
	v, ok := l.(*netlink.Vrf)
	if !ok {
		return nil, fmt.Errorf("interface %s is no VRF", name)
	}
	return v, nil
}

// vrfIndex is the index of a VRF's device, 0 of no VRF.
func (i *Interfaces) vrfIndex(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	v, err := i.vrf(name)
	if err != nil {
		return 0, err
	}
	return v.Index, nil
}

// enslave puts a link of ours into a VRF; "" takes it out of one of ours. What others
// have put it into is their business.
func (i *Interfaces) enslave(l netlink.Link, name string) error {
	index, err := i.vrfIndex(name)
	if err != nil || index == l.Attrs().MasterIndex {
		return err
	}
	if name == "" {
		master, err := i.handle.LinkByIndex(l.Attrs().MasterIndex)
		if err != nil || !oursLink(master.Attrs()) {
			return err
		}
	}
	if err := i.handle.LinkSetMasterByIndex(l, index); err != nil {
		return fmt.Errorf("VRF %s: %w", name, err)
	}
	return nil
}

// tableOf is the table of a VRF's routes.
func (i *Interfaces) tableOf(name string) (int, error) {
	if name == "" {
		return unix.RT_TABLE_MAIN, nil
	}
	v, err := i.vrf(name)
	if err != nil {
		return 0, err
	}
	return int(v.Table), nil
}
